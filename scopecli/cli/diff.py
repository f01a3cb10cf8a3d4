"""`scopecli diff`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from scopecli.cli.options import ANY_PATH, input_options, output_options, selection_options
from scopecli.errors import EXIT_FOUND, EXIT_OK

if TYPE_CHECKING:
    from scopecli.analysis.compare.tensors import Tolerance
    from scopecli.analysis.diff import Diff
    from scopecli.analysis.outline import OutlineOptions
    from scopecli.analysis.restore.prediction import Prediction
    from scopecli.cli.options import Load
    from scopecli.model.model import Model

_EPILOG = """\b
Examples:
  scopecli diff model.ckpt-1000 model.ckpt-2000
  scopecli diff --stat old.h5 new.h5
  scopecli diff model.lock.json model.keras
  scopecli diff --values --rtol 1e-5 model.ckpt-2000 model.safetensors
  scopecli diff --emit-map renames.json old.ckpt new.ckpt
  scopecli diff --restore model.ckpt-2000.meta other.ckpt
  scopecli diff --restore train.py:build model.ckpt-2000
  scopecli diff --only added --only removed --format markdown old.ckpt new.ckpt
"""

_STATUSES = ("same", "added", "removed", "renamed", "changed", "values")
# What a prediction of a restore shows all the same.
_NOT_FOR_RESTORE = frozenset(
    {
        *("by", "renames", "stat", "only", "values", "emit_map", "depth", "fold"),
        *("scope", "include", "exclude", "order", "bookkeeping"),
    }
)


@click.command("diff", epilog=_EPILOG)
@click.argument("a", type=ANY_PATH)
@click.argument("b", type=ANY_PATH)
@click.option(
    "--by",
    type=click.Choice(["name", "key"]),
    default="name",
    show_default=True,
    help="Match variables by name or by key.",
)
@click.option("--renames/--no-renames", default=True, help="Look for renamed variables (default).")
@click.option("--stat", is_flag=True, help="Only a summary of the top-level scopes.")
@click.option(
    "--only",
    metavar="STATUS",
    multiple=True,
    type=click.Choice(_STATUSES),
    help=f"Only entries with this status: {', '.join(_STATUSES)}. Repeatable.",
)
@click.option("--values", is_flag=True, help="Read the values and say how they differ.")
@click.option(
    "--rtol",
    type=click.FloatRange(min=0),
    metavar="NUMBER",
    help="With --values: relative tolerance.",
)
@click.option(
    "--atol",
    type=click.FloatRange(min=0),
    metavar="NUMBER",
    help="With --values: absolute tolerance.",
)
@click.option(
    "--emit-map",
    metavar="FILE",
    type=ANY_PATH,
    help="Write old and new names to a .json, .csv or .toml, as `rename --map` takes them.",
)
@click.option(
    "--restore",
    is_flag=True,
    help="A is a graph, FILE.py:FUNCTION or a Keras model, B a checkpoint: predict what restoring "
    "B into A would do.",
)
@click.option(
    "--emit-assignment-map",
    metavar="FILE",
    type=ANY_PATH,
    help="With --restore: write the map that `tf.train.init_from_checkpoint` takes, as .json.",
)
@click.option("--depth", type=click.IntRange(min=1), metavar="N", help="Show N levels of scopes.")
@click.option(
    "--fold/--no-fold", default=True, help="Fold identical numbered siblings into one (default)."
)
@selection_options(bookkeeping=True, orders=("name", "params", "bytes"))
@output_options("terminal", "plain", "json", "markdown")
@input_options
@click.pass_context
def command(
    context: click.Context,
    *,
    a: str,
    b: str,
    by: str,
    renames: bool,
    stat: bool,
    only: tuple[str, ...],
    values: bool,
    rtol: float | None,
    atol: float | None,
    emit_map: str | None,
    restore: bool,
    emit_assignment_map: str | None,
    depth: int | None,
    fold: bool,
    scope: str,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    order: str,
    bookkeeping: bool,
    output_format: str,
    color: str,
    load: Load,
) -> None:
    """Show what changed from A to B, which may be of different formats.

    Variables are matched by name; one without a match is looked for under another name. Values are
    compared by the checksums that the files store, or by reading them with --values. The exit code
    is 0 where nothing differs, 1 where something does.
    """
    from scopecli.analysis import fingerprints
    from scopecli.analysis.compare.tensors import Tolerance
    from scopecli.analysis.diff import DiffOptions, diff, narrowed
    from scopecli.analysis.outline import OutlineOptions
    from scopecli.analysis.select import Selection

    if not values and (rtol is not None or atol is not None):
        raise click.UsageError("--rtol and --atol are for --values", context)
    if emit_assignment_map is not None and not restore:
        raise click.UsageError("--emit-assignment-map is for --restore", context)
    if restore:
        _refuse_without_effect(context)
    old, new = load(a), load(b)
    if restore:
        prediction = _predict(old, new, emit_assignment_map)
        _write_prediction(prediction, output_format, color)
        context.exit(EXIT_OK if prediction.would_restore else EXIT_FOUND)
    options = DiffOptions(by, renames, Selection(scope, include, exclude, bookkeeping))
    if values:
        options = options._replace(fingerprints=fingerprints.for_pair(old, new))
    found = diff(old, new, options)
    if values:
        found = _compared(found, Tolerance(rtol or 0.0, atol or 0.0))
    if only:
        found = narrowed(found, only)
    if emit_map is not None:
        from scopecli.render import name_map

        name_map.write(emit_map, found.renamed)
    outline = OutlineOptions(1 if stat else depth, fold, order)
    _write(found, only, outline, output_format, color)
    context.exit(_exit_code(found))


def _refuse_without_effect(context: click.Context) -> None:
    """Stop at an option that is about differences, where a restore is asked for."""
    for parameter in context.command.params:
        name = parameter.name or ""
        source = context.get_parameter_source(name)
        if name in _NOT_FOR_RESTORE and source is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"{parameter.opts[0]} has no effect with --restore", context)


def _write(
    found: Diff, only: tuple[str, ...], outline: OutlineOptions, output_format: str, color: str
) -> None:
    from scopecli.render import output

    shown = [entry for entry in found.entries if entry.status != "same" or "same" in only]
    if output_format == "json":
        from scopecli.render.diff_document import diff_document

        output.write(diff_document(found, shown))
    elif output_format == "markdown":
        from scopecli.render import diff_markdown

        output.write(diff_markdown.lines(found, shown))
    else:
        from scopecli.render import diff as drawing

        drawing.draw(found, shown, outline, output.chosen(output_format, color))


def _predict(graph: Model, checkpoint: Model, emit_assignment_map: str | None) -> Prediction:
    from scopecli.analysis.compare.renames import find_renames
    from scopecli.analysis.restore.assignment_map import assignment_map
    from scopecli.analysis.restore.predict import predict

    prediction = predict(graph, checkpoint, find_renames)
    if emit_assignment_map is not None:
        from scopecli.render import name_map

        name_map.write_assignment_map(emit_assignment_map, assignment_map(prediction))
    return prediction


def _write_prediction(prediction: Prediction, output_format: str, color: str) -> None:
    from scopecli.render import output

    if output_format == "json":
        from scopecli.render.restore_document import restore_document

        output.write(restore_document(prediction))
    elif output_format == "markdown":
        from scopecli.render import restore_markdown

        output.write(restore_markdown.lines(prediction))
    else:
        from scopecli.render import restore

        restore.draw(prediction, output.chosen(output_format, color))


def _exit_code(found: Diff) -> int:
    """Whether anything differs; 2 where values were to be read and could not be."""
    from scopecli.cli.main import complain

    problems = [entry.values.problem for entry in found.entries if entry.values.problem]
    if problems:
        sys.stdout.flush()
        pairs = f"{len(problems)} pairs" if len(problems) > 1 else "a pair"
        return complain(f"the values of {pairs} could not be compared: {problems[0]}")
    return EXIT_FOUND if found.differs else EXIT_OK


def _compared(found: Diff, tolerance: Tolerance) -> Diff:
    """The diff with its values compared, under a progress bar where somebody looks."""
    from scopecli.analysis.diff import bytes_to_read, compare_values
    from scopecli.cli.progress import progress_bar

    with progress_bar(bytes_to_read(found), "comparing values") as progress:
        return compare_values(found, tolerance, progress)
