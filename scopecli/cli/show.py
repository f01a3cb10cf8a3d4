"""`scopecli show`."""

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
from scopecli.cli.progress import progress_bar
from scopecli.errors import UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Callable

    from scopecli.analysis.stats import ValueStats
    from scopecli.cli.options import Load
    from scopecli.model.model import Model
    from scopecli.model.variable import Variable

_EPILOG = """\b
Examples:
  scopecli show model.ckpt-2000 generator/h0/w
  scopecli show model.h5 dense_1/kernel --slice 0,:5
  scopecli show model.ckpt-2000.meta generator/h0/MatMul
  scopecli show --no-values model.ckpt-2000 generator
"""


@click.command("show", epilog=_EPILOG)
@click.argument("path", type=ANY_PATH)
@click.argument(
    "names", metavar="NAME...", nargs=-1, required=True, shell_complete=completed_by("names")
)
@click.option("--slice", "index", metavar="INDEX", help="Print this part, as numpy's 0,:5.")
@click.option("--values/--no-values", default=True, help="Read and summarize values (default).")
@output_options("terminal", "plain", "json")
@input_options
@click.pass_context
def command(
    context: click.Context,
    *,
    path: str,
    names: tuple[str, ...],
    index: str | None,
    values: bool,
    output_format: str,
    color: str,
    load: Load,
) -> None:
    """Show everything that is known of each NAME in PATH.

    A NAME is a variable's name or key, a scope, or a node of a graph. Values are summarized:
    minimum and maximum, mean and standard deviation, NaN and Inf, zeros, a histogram, and the first
    few.
    """
    from scopecli.analysis.lookup import look_up
    from scopecli.analysis.values import parse_index
    from scopecli.render import documents, output, show

    part = None if index is None else parse_index(index)
    target = output.chosen(output_format, color)

    def draw(model: Model) -> None:
        measured = _measure_with_progress(model) if values else None
        for found in look_up(model, names):
            if part is not None and not found.variables:
                raise UnknownNameError(
                    "is not a variable, so --slice does not apply", where=found.name
                )
            if output_format == "json":
                output.write([documents.show_document(model, found, part, measured)])
            else:
                show.draw(model, found, part, measured, target)

    context.exit(for_each_model([path], load, draw))


def _measure_with_progress(model: Model) -> Callable[[Variable], ValueStats]:
    """A function that measures a variable, under a progress bar where that takes long."""
    from scopecli.analysis.stats import measure

    def measured(variable: Variable) -> ValueStats:
        size = 2 * (variable.nbytes or 0)  # the values are read twice
        with progress_bar(size, variable.name) as progress:
            return measure(model, variable, progress)

    return measured
