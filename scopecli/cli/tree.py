"""`scopecli tree`."""

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
  scopecli tree model.ckpt-2000
  scopecli tree --depth 2 --sort params model.h5
  scopecli tree --scope generator --exclude '*/Adam*' checkpoints/
  scopecli tree --format json model.keras > model.lock.json
"""


@click.command("tree", epilog=_EPILOG)
@paths_argument
@click.option("--depth", type=click.IntRange(min=1), metavar="N", help="Close what is deeper.")
@click.option("--fold/--no-fold", default=True, help="Identical numbered siblings on one line.")
@selection_options(bookkeeping=False, orders=("name", "params", "bytes", "file"))
@output_options("terminal", "plain", "json")
@input_options
@click.pass_context
def command(
    context: click.Context,
    *,
    paths: tuple[str, ...],
    depth: int | None,
    fold: bool,
    scope: str,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    order: str,
    bookkeeping: bool,
    output_format: str,
    color: str,
    input_format: str | None,
) -> None:
    """Show the scope tree of each PATH.

    Scopes come with the number of tensors, of parameters, and bytes; variables with shape, dtype
    and size. Siblings that differ in a number only, and hold the same, are folded into one line:
    layer_[0-11].
    """
    from scopecli.analysis.outline import OutlineOptions, outline
    from scopecli.analysis.select import Selection, select
    from scopecli.render import header, output, tree

    selection = Selection(scope, include, exclude, bookkeeping)
    options = OutlineOptions(depth, fold, order)
    target = output.detect(color)
    if output_format == "plain":
        target = output.plain(target)
    gaps = iter(["", *["\n"] * len(paths)])  # an empty line between two trees

    def draw(model: Model) -> None:
        variables = select(model, selection)
        if output_format == "json":
            from scopecli.render import documents

            output.write(documents.model_document(model, variables))
            return
        output.write([next(gaps)])
        output.write_lines(header.lines(model, variables, target.glyphs), target)
        tree.draw(model, outline(variables, model.separator, options), target)

    context.exit(for_each_model(paths, input_format, draw))
