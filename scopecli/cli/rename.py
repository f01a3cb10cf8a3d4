"""`scopecli rename`."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from scopecli.cli.options import ANY_PATH, is_program, output_options
from scopecli.cli.rule_options import RulesCommand, rule_options
from scopecli.errors import EXIT_TROUBLE, ProgramError, RefusedError
from scopecli.formats import registry
from scopecli.formats.staging import DATA_MODES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from scopecli.analysis.rename.rules import Rule
    from scopecli.formats.staging import DataMode
    from scopecli.renames import Prepared

_EPILOG = """\b
OLD=NEW is one name, or a whole scope where both end in a slash; an empty NEW moves what is in the
scope up. Rules are tried in the order given, and the first that matches a name decides. Slots and
averages follow their variable unless a rule is about them.

\b
Examples:
  scopecli rename model.ckpt -o bert.ckpt encoder/=bert/encoder/ w=weights
  scopecli rename model.ckpt -o new.ckpt --regex 'layer_(\\d+)/=block\\1/' --dry-run
  scopecli rename train.ckpt-9000 -o serve.ckpt --drop-slots --no-graph
  scopecli rename model.ckpt --in-place --backup .bak a=b b=a
  scopecli rename big.ckpt -o new/big.ckpt --data link --map names.json
"""


@click.command("rename", cls=RulesCommand, epilog=_EPILOG)
@click.argument("path", type=ANY_PATH)
@rule_options
@click.option("-o", "--out", metavar="OUT", help="Where the renamed model goes.")
@click.option("--in-place", is_flag=True, help="Replace PATH itself.")
@click.option(
    "--backup", metavar="SUFFIX", default="", help="Keep replaced files, with this suffix."
)
@click.option("--force", is_flag=True, help="Replace OUT if it exists.")
@click.option("--dry-run", is_flag=True, help="Show what would change, and write nothing.")
@click.option(
    "--data",
    type=click.Choice(DATA_MODES),
    default=DATA_MODES[0],
    show_default=True,
    help="Copy data files, hard-link them, or copy them sharing blocks.",
)
@click.option(
    "--slots/--no-slots", default=True, help="Rename slots and averages with their variables."
)
@click.option(
    "--graph/--no-graph", default=True, help="Rename in the .meta beside a checkpoint, too."
)
@click.option("--allow-unmatched", is_flag=True, help="Allow rules that match nothing.")
@output_options("terminal", "plain", "json")
@click.option(
    "--input-format",
    type=click.Choice(list(registry.BY_ID)),
    metavar="FORMAT",
    help="Read it as this format, whatever its contents look like.",
)
@click.pass_context
def command(
    context: click.Context,
    *,
    path: str,
    rules: list[Rule],
    out: str | None,
    in_place: bool,
    backup: str,
    force: bool,
    dry_run: bool,
    data: DataMode,
    slots: bool,
    graph: bool,
    allow_unmatched: bool,
    output_format: str,
    color: str,
    input_format: str | None,
) -> None:
    """Rename variables and scopes of PATH by rules.

    The plan is shown first. If it has conflicts, all of them are listed and nothing is written.
    New files are written beside their targets, and take their places when all are complete.
    """
    from scopecli.analysis.rename.plan import Request
    from scopecli.formats import rewriting
    from scopecli.formats.staging import Staging
    from scopecli.renames import carry_out, prepare, refuse_conflicts
    from scopecli.render import output, rename

    if out is not None and in_place:
        raise click.UsageError("-o and --in-place cannot be used together")
    if out is None and not in_place and not dry_run:
        raise click.UsageError("say where the result goes with -o OUT, or --in-place")
    if is_program(path, input_format):
        raise ProgramError(
            "is a program: its names stand in its code, and there is no file to rename",
            path=path,
            hint="rename a checkpoint: `scopecli diff CHECKPOINT FILE.py:FUNCTION --emit-map "
            "NAMES.json` writes its names, and `scopecli rename --map` takes them",
        )
    request = Request(rules, slots, allow_unmatched)
    prepared = prepare(path, request, input_format=input_format, with_graph=graph)
    try:
        refuse_conflicts(prepared)
    except RefusedError as error:
        context.exit(_complain(error))
    has_target = out is not None or in_place
    place = rewriting.destination(prepared.parts, out, force=force) if has_target else ""
    model = prepared.parts.main.model
    if output_format != "json":
        target = output.chosen(output_format, color)
        target_path = "" if place == prepared.parts.path else place
        view = rename.View(path, target_path, prepared.names, prepared.kinds, model, dry_run)
        rename.draw(prepared.plan, view, target)
        sys.stdout.flush()
    written: list[str] = []
    if not dry_run:
        with _progress(prepared, data) as advance:
            staging = Staging(data, backup=backup, progress=advance)
            written = carry_out(prepared, place, staging)
    if output_format == "json":
        from scopecli.render import documents

        given = model._replace(path=path)
        output.write([documents.rename_document(given, prepared.plan, place or None, written)])


def _complain(error: RefusedError) -> int:
    """Say why nothing was renamed, a line for each reason; returns the exit code."""
    from scopecli.cli.main import complain
    from scopecli.model.names import printable

    complain(str(error))
    for reason in error.reasons:
        click.echo(f"  {printable(reason)}", err=True)
    return EXIT_TROUBLE


@contextmanager
def _progress(prepared: Prepared, data: str) -> Iterator[Callable[[int], Any] | None]:
    """A progress bar on standard error where a person looks at it and data are copied."""
    sizes = [file.size or 0 for file in prepared.parts.main.model.files if file.role == "data"]
    if data != "copy" or not sum(sizes) or not sys.stderr.isatty():
        yield None
        return
    with click.progressbar(length=sum(sizes), label="copying", file=sys.stderr) as bar:
        yield bar.update
