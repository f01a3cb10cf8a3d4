"""`scopecli info`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from scopecli.cli.options import for_each_model, input_options, output_options, paths_argument

if TYPE_CHECKING:
    from scopecli.cli.options import Load
    from scopecli.model.model import Model

_EPILOG = """\b
Examples:
  scopecli info model.h5
  scopecli info --format json model.ckpt-2000
"""


@click.command("info", epilog=_EPILOG)
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
    """Summarize each PATH.

    Format and versions, files and shards, counts by kind and dtype, the largest variables and
    scopes, collections, and whatever was odd about the file.
    """
    from scopecli.analysis.summary import summarize
    from scopecli.render import documents, info, output
    from scopecli.render.several import turns

    target = output.chosen(output_format, color)
    places = iter(turns(len(paths)))

    def draw(model: Model) -> None:
        summary = summarize(model)
        if output_format == "json":
            output.write([documents.info_document(model, summary)])
        else:
            output.write([next(places).gap])
            info.draw(model, summary, target)

    context.exit(for_each_model(paths, load, draw))
