"""`scopecli list`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from scopecli.cli.options import (
    for_each_model,
    input_options,
    output_options,
    paths_argument,
    selection_options,
)

if TYPE_CHECKING:
    from scopecli.model.model import Model

_EPILOG = """\b
Examples:
  scopecli list model.ckpt-2000
  scopecli list --format plain model.h5 | grep kernel
  scopecli list --include '*/kernel' --sort bytes model.keras
  scopecli list --format json model.ckpt | jq '.variables[].name'
"""


@click.command("list", epilog=_EPILOG)
@paths_argument
@selection_options(bookkeeping=True, orders=("key", "name", "params", "bytes", "file"))
@output_options("table", "plain", "json", "jsonl", "csv")
@input_options
@click.pass_context
def command(
    context: click.Context,
    *,
    paths: tuple[str, ...],
    scope: str,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    order: str,
    bookkeeping: bool,
    output_format: str,
    color: str,
    input_format: str | None,
) -> None:
    """List every entry of each PATH, one a line.

    `plain` is names only; `json` is one document a path, `jsonl` an object a line.
    """
    from scopecli.analysis.select import Selection, ordered, select
    from scopecli.render import documents, output, table

    selection = Selection(scope, include, exclude, bookkeeping)

    def draw(model: Model) -> None:
        variables = ordered(select(model, selection), order)
        match output_format:
            case "json":
                output.write(documents.list_document(model, variables))
            case "jsonl":
                output.write(documents.list_lines(model, variables))
            case "csv":
                table.draw_csv(model, variables)
            case "plain":
                table.draw_names(variables)
            case _:
                table.draw(model, variables, output.detect(color))

    context.exit(for_each_model(paths, input_format, draw))
