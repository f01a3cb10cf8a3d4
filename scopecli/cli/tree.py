"""`scopecli tree`."""

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
    from scopecli.analysis.operations import Operations
    from scopecli.cli.options import Load
    from scopecli.model.model import Model

_EPILOG = """\b
Examples:
  scopecli tree model.ckpt-2000
  scopecli tree --depth 2 --sort params model.h5
  scopecli tree --scope generator --exclude '*/Adam*' checkpoints/
  scopecli tree --ops --collections trainable_variables model.ckpt-2000.meta
  scopecli tree --format json model.keras > model.lock.json
"""


@click.command("tree", epilog=_EPILOG)
@paths_argument
@click.option("--depth", type=click.IntRange(min=1), metavar="N", help="Show N levels of scopes.")
@click.option(
    "--fold/--no-fold", default=True, help="Fold identical numbered siblings into one (default)."
)
@click.option("--ops", is_flag=True, help="Count a graph's operations, by scope and type.")
@click.option(
    "--collections", "collection", metavar="KEY", help="Only the members of this collection."
)
@selection_options(bookkeeping=None, orders=("name", "params", "bytes", "file"))
@output_options("terminal", "plain", "json")
@input_options
@click.pass_context
def command(
    context: click.Context,
    *,
    paths: tuple[str, ...],
    depth: int | None,
    fold: bool,
    ops: bool,
    collection: str | None,
    scope: str,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    order: str,
    bookkeeping: bool | None,
    output_format: str,
    color: str,
    load: Load,
) -> None:
    """Show the scope tree of each PATH.

    Scopes are shown with their numbers of tensors, parameters and bytes, variables with shape,
    dtype and size. Siblings whose names differ only in a number, and that hold the same, are folded
    into one line: layer_[0-11].
    """
    from scopecli.analysis.outline import OutlineOptions, outline
    from scopecli.analysis.select import Selection
    from scopecli.render import header, output, tree
    from scopecli.render.several import turns

    whole = output_format == "json" if bookkeeping is None else bookkeeping
    selection = Selection(scope, include, exclude, whole, collection)
    target = output.chosen(output_format, color)
    places = iter(turns(len(paths)))

    def draw(model: Model) -> None:
        variables = selected(model, selection)
        if output_format == "json":
            from scopecli.render import documents

            output.write(documents.model_document(model, variables))
            return
        operations = _operations(model) if ops else None
        output.write([next(places).gap])
        output.write_lines(header.lines(model, variables, target.glyphs), target)
        options = OutlineOptions(depth, fold, order, operations)
        rows = outline(variables, model.separator, options)
        tree.draw(model, rows, tree.Remarks(_times_used(model), operations), target)

    context.exit(for_each_model(paths, load, draw))


def _times_used(model: Model) -> dict[str, str]:
    """How often scopes are used, which only a graph or a Keras model says."""
    if model.graph is None and not model.reuse:
        return {}
    from scopecli.analysis.reuse import times_used

    return times_used(model)


def _operations(model: Model) -> Operations:
    from scopecli.analysis.operations import Operations
    from scopecli.errors import UnsupportedError

    if model.graph is None:
        raise UnsupportedError("has no graph, so there are no operations to count", path=model.path)
    return Operations(model.graph)
