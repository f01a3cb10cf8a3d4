"""`scopecli list`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from scopecli.cli.options import (
    for_each_model,
    input_options,
    output_options,
    paths_argument,
    selected,
    selection_options,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scopecli.cli.options import Load
    from scopecli.model.model import Model
    from scopecli.model.variable import Variable
    from scopecli.render.several import Turn

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
    load: Load,
) -> None:
    """List every entry of each PATH, one a line.

    `plain` is names only; `json` is one document for each path, `jsonl` one object on each line.
    With several PATHs, the field `file` of `jsonl` and `csv` tells which one a row is of.
    """
    from scopecli.analysis.select import Selection, ordered
    from scopecli.render.several import turns

    selection = Selection(scope, include, exclude, bookkeeping)
    places = iter(turns(len(paths)))

    def draw(model: Model) -> None:
        variables = ordered(selected(model, selection), order)
        _DRAW[output_format](model, variables, color, next(places))

    context.exit(for_each_model(paths, load, draw))


# Each output imports what it needs, so that a table does not pay for JSON.


def _draw_table(model: Model, variables: Sequence[Variable], color: str, turn: Turn) -> None:
    from scopecli.render import output, table

    table.draw(model, variables, output.detect(color), turn)


def _draw_plain(_model: Model, variables: Sequence[Variable], _color: str, _turn: Turn) -> None:
    from scopecli.render import table

    table.draw_names(variables)


def _draw_json(model: Model, variables: Sequence[Variable], _color: str, _turn: Turn) -> None:
    from scopecli.render import documents, output

    output.write(documents.list_document(model, variables))


def _draw_jsonl(model: Model, variables: Sequence[Variable], _color: str, turn: Turn) -> None:
    from scopecli.render import documents, output

    output.write(documents.list_lines(model, variables, turn))


def _draw_csv(model: Model, variables: Sequence[Variable], _color: str, turn: Turn) -> None:
    from scopecli.render import table

    table.draw_csv(model, variables, turn)


_DRAW = {
    "table": _draw_table,
    "plain": _draw_plain,
    "json": _draw_json,
    "jsonl": _draw_jsonl,
    "csv": _draw_csv,
}
