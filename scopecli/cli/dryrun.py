"""`scopecli dryrun`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from scopecli.cli.options import ANY_PATH, output_options, selected, selection_options
from scopecli.errors import EXIT_FOUND, EXIT_OK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scopecli.dryrun.variables.calls import Refusal
    from scopecli.model.model import Model

_EPILOG = """\b
Examples:
  scopecli dryrun train.py
  scopecli dryrun train.py -- --layers 50
  scopecli dryrun train.py:build_model --arg training=False --arg layers=50
  scopecli dryrun --explain --scope generator gan.py:build
  scopecli dryrun --format json model.py:build > model.lock.json
"""

_STANDS_FOR = {"tensorflow": ("tensorflow",), "nothing": ()}


@click.command("dryrun", epilog=_EPILOG)
@click.argument("program", metavar="FILE.py[:FUNCTION]", type=ANY_PATH)
@click.argument("argv", metavar="[-- ARGUMENT...]", nargs=-1)
@click.option(
    "--arg",
    "arguments",
    metavar="NAME=VALUE",
    multiple=True,
    help="Pass this argument to FUNCTION. Repeatable.",
)
@click.option(
    "--as",
    "stands_for",
    type=click.Choice(list(_STANDS_FOR)),
    default="tensorflow",
    show_default=True,
    help="What the engine stands in for: TensorFlow (and tf_slim), or nothing, so that the program "
    "imports what is installed.",
)
@click.option("--explain", is_flag=True, help="Show the calls that made and reused each variable.")
@click.option("--depth", type=click.IntRange(min=1), metavar="N", help="Show N levels of scopes.")
@click.option(
    "--fold/--no-fold", default=True, help="Fold identical numbered siblings into one (default)."
)
@selection_options(bookkeeping=None, orders=("name", "params", "bytes", "file"))
@output_options("terminal", "plain", "json")
@click.pass_context
def command(
    context: click.Context,
    *,
    program: str,
    argv: tuple[str, ...],
    arguments: tuple[str, ...],
    stands_for: str,
    explain: bool,
    depth: int | None,
    fold: bool,
    scope: str,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    order: str,
    bookkeeping: bool | None,
    output_format: str,
    color: str,
) -> None:
    """Show which variables a TensorFlow 1 program would create, without TensorFlow.

    The program is run, with all that its code does. The engine is `scopecli.dryrun`, which has the
    names of tf.compat.v1 and computes nothing; the run ends where the program asks for a value.
    Other commands take FILE.py:FUNCTION as a path, too.

    What stands behind -- is the command line of the program.

    A reuse error is shown with the place where the variable was made; the exit code is then 1.
    """
    from scopecli.analysis.outline import OutlineOptions, outline
    from scopecli.analysis.select import Selection
    from scopecli.dryrun.program.running import run, split
    from scopecli.render import header, output, tree

    if arguments and not (split(program) or (program, ""))[1]:
        raise click.UsageError(f"--arg is for a function: name it, as {program}:FUNCTION")
    done = run(program, _values(arguments), _STANDS_FOR[stands_for], argv)
    model: Model = done.model
    whole = output_format == "json" if bookkeeping is None else bookkeeping
    variables = selected(model, Selection(scope, include, exclude, whole))
    target = output.chosen(output_format, color)
    if output_format == "json":
        from scopecli.render import documents

        output.write(documents.model_document(model, variables))
    elif explain:
        from scopecli.render import explanation

        explanation.draw(variables, done.calls, target)
    else:
        output.write_lines(header.lines(model, variables, target.glyphs), target)
        rows = outline(variables, model.separator, OutlineOptions(depth, fold, order, None))
        tree.draw(model, rows, tree.Remarks({}, None), target)
    if done.refusal is not None:
        _report(done.refusal)
    context.exit(EXIT_OK if done.refusal is None else EXIT_FOUND)


def _values(arguments: tuple[str, ...]) -> dict[str, Any]:
    """The values of `--arg name=value`: Python literals, or else text."""
    from ast import literal_eval

    found: dict[str, Any] = {}
    for argument in arguments:
        name, equals, text = argument.partition("=")
        if not equals or not name.isidentifier():
            raise click.BadParameter(f"{argument!r} is not NAME=VALUE", param_hint="--arg")
        try:
            found[name] = literal_eval(text)
        except (ValueError, SyntaxError):
            found[name] = text
    return found


def _report(refusal: Refusal) -> None:
    """Say on standard error why the run ended: the message, and both places."""
    from scopecli.model.names import printable

    words = str(refusal.error).partition(" Originally defined at:")[0].partition("\n")[0]
    lines = [f"{refusal.call.file}:{refusal.call.line}: {words}"]
    lines.append(f"  asked for   {_place(refusal.here, refusal.first)}")
    if refusal.first:
        lines.append(f"  defined at  {_place(refusal.first, refusal.here)}")
    sys.stdout.flush()
    for line in lines:
        click.echo(printable(line), err=True)


def _place(frames: Sequence[tuple[str, int, str]], others: Sequence[tuple[str, int, str]]) -> str:
    """A place and its callers, as far up as it differs from the other place."""
    parts = []
    for number, (file, line, function) in enumerate(frames):
        parts.append(f"{file}:{line} in {function}")
        if number >= len(others) or others[number] != frames[number]:
            break
    return ", called from ".join(parts)
