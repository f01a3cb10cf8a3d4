"""`scopecli stats`."""

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
from scopecli.cli.progress import progress_bar

if TYPE_CHECKING:
    from scopecli.analysis.model_stats import ModelStats
    from scopecli.analysis.outline import OutlineOptions
    from scopecli.cli.options import Load
    from scopecli.model.model import Model

_EPILOG = """\b
Examples:
  scopecli stats model.ckpt-2000
  scopecli stats --depth 2 --sort norm model.safetensors
  scopecli stats --no-histogram --exclude '*/Adam*' checkpoints/
  scopecli stats --format csv model.h5 > values.csv
"""


@click.command("stats", epilog=_EPILOG)
@paths_argument
@click.option("--depth", type=click.IntRange(min=1), metavar="N", help="Show N levels of scopes.")
@click.option(
    "--histogram/--no-histogram",
    default=True,
    help="Histograms of variables (default); without them large tensors are read once, not twice.",
)
@selection_options(
    bookkeeping=False, orders=("name", "params", "bytes", "file", "sparsity", "norm")
)
@output_options("table", "plain", "json", "csv")
@input_options
@click.pass_context
def command(
    context: click.Context,
    *,
    paths: tuple[str, ...],
    depth: int | None,
    histogram: bool,
    scope: str,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    order: str,
    bookkeeping: bool,
    output_format: str,
    color: str,
    load: Load,
) -> None:
    """Show statistics of the values in each PATH, by scope and variable.

    Parameters, bytes, share of zeros, L2 norm, minimum and maximum, mean and standard deviation,
    NaN and Inf, a histogram; and the memory that the parameters take in other dtypes. The
    statistics of a scope are over its parameters, or over everything in it where it has none, such
    as a scope of optimizer slots.
    """
    from scopecli.analysis import stats as measuring
    from scopecli.analysis.model_stats import measure_all
    from scopecli.analysis.outline import outline
    from scopecli.analysis.select import Selection
    from scopecli.render import output, stats, stats_document
    from scopecli.render.several import turns

    selection = Selection(scope, include, exclude, bookkeeping)
    measure = measuring.distribution if histogram else measuring.summary
    target = output.chosen(output_format, color)
    places = iter(turns(len(paths)))

    def draw(model: Model) -> None:
        variables = selected(model, selection)
        size = sum(variable.nbytes or 0 for variable in variables) * (2 if histogram else 1)
        with progress_bar(size, model.path) as progress:
            found = measure_all(model, variables, measure, progress)
        rows = outline(variables, model.separator, _outline_options(depth, order, found))
        if output_format == "json":
            output.write(stats_document.document(model, variables, rows, found))
        elif output_format == "csv":
            stats.draw_csv(model, variables, rows, found, next(places))
        else:
            output.write([next(places).gap])
            stats.draw(model, variables, rows, found, target)

    context.exit(for_each_model(paths, load, draw))


def _outline_options(depth: int | None, order: str, found: ModelStats) -> OutlineOptions:
    """Rows are never folded: variables of equal shapes have values of their own."""
    from scopecli.analysis.outline import OutlineOptions

    rank = {"sparsity": found.by_sparsity, "norm": found.by_norm}.get(order)
    return OutlineOptions(depth, fold=False, order=order, rank=rank)
