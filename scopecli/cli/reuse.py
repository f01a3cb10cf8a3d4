"""`scopecli reuse`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from scopecli.cli.options import for_each_model, input_options, output_options, paths_argument

if TYPE_CHECKING:
    from scopecli.cli.options import Load
    from scopecli.model.model import Model

_EPILOG = """\b
Examples:
  scopecli reuse model.ckpt-2000.meta
  scopecli reuse --format json model.h5
"""


@click.command("reuse", epilog=_EPILOG)
@paths_argument
@output_options("terminal", "plain", "json")
@input_options
@click.pass_context
def command(
    context: click.Context,
    *,
    paths: tuple[str, ...],
    output_format: str,
    color: str,
    load: Load,
) -> None:
    """Show which scopes of each PATH were entered again, and what they share.

    Reuse is seen in the graph: a variable is shared if operations in several name scopes read it.
    Twins are scopes that hold the same variables and share none, as when reuse was forgotten. Which
    reuse flag a program used is not in the file. Of a Keras model, layers that are called more than
    once are shown.
    """
    from scopecli.analysis.reuse import find_reuse
    from scopecli.render import output, reuse
    from scopecli.render.several import turns

    target = output.chosen(output_format, color)
    places = iter(turns(len(paths)))

    def draw(model: Model) -> None:
        report = find_reuse(model)
        if output_format == "json":
            from scopecli.render import documents

            output.write(documents.reuse_document(model, report))
        else:
            output.write([next(places).gap])
            reuse.draw(model, report, target)

    context.exit(for_each_model(paths, load, draw))
