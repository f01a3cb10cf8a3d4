"""`scopecli collections`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from scopecli.cli.options import (
    ANY_PATH,
    completed_by,
    for_each_model,
    input_options,
    output_options,
)

if TYPE_CHECKING:
    from scopecli.cli.options import Load
    from scopecli.model.model import Model

_EPILOG = """\b
Examples:
  scopecli collections model.ckpt-2000.meta
  scopecli collections model.ckpt-2000 trainable_variables
  scopecli collections --format json model.h5
"""


@click.command("collections", epilog=_EPILOG)
@click.argument("path", type=ANY_PATH)
@click.argument("key", required=False, shell_complete=completed_by("collections"))
@output_options("terminal", "plain", "json")
@input_options
@click.pass_context
def command(
    context: click.Context,
    *,
    path: str,
    key: str | None,
    output_format: str,
    color: str,
    load: Load,
) -> None:
    """Show the collections of PATH, or the members of one.

    A graph keeps its variables, update operations, losses and whatever else was added in
    collections; those of a Keras model are derived from its config.
    """
    from scopecli.analysis.lookup import look_up_collections
    from scopecli.render import collections, documents, output

    target = output.chosen(output_format, color)

    def draw(model: Model) -> None:
        found = look_up_collections(model, key)
        if output_format == "json":
            output.write(documents.collections_document(model, found))
        elif key is None:
            collections.draw_keys(model, found, target)
        else:
            collections.draw_members(model, found[0], target)

    context.exit(for_each_model([path], load, draw))
