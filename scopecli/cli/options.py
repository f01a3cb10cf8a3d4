"""The options that commands share, and the loop over their paths."""

from __future__ import annotations

import sys
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, TypeVar

import click

from scopecli.errors import EXIT_OK, ProgramError, ScopecliError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from scopecli.analysis.select import Selection
    from scopecli.model.model import Model
    from scopecli.model.variable import Variable

    Load = Callable[[str], Model]

Decorated = TypeVar("Decorated", bound="Callable[..., Any]")


# Whether it can be read is found when it is read: then the error names the file and no option.
ANY_PATH = click.Path(readable=False)


def paths_argument(function: Decorated) -> Decorated:
    """`PATH...`, not checked by Click: the prefix of a checkpoint is no file."""
    return click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=ANY_PATH)(
        function
    )


# How help says what the default of `--all` is.
_ALL_WORDS = {True: " (default).", False: ".", None: " (default for json)."}


def selection_options(
    *, bookkeeping: bool | None, orders: Sequence[str]
) -> Callable[[Decorated], Decorated]:
    """The options that choose and order variables.

    Args:
        bookkeeping: whether bookkeeping entries are shown by default; None for a default that
            depends on the output: JSON is the whole model, and people can do without them.
        orders: choices of `--sort`, the default first.
    """
    return _together(
        click.option("--scope", metavar="PREFIX", default="", help="Only this scope and below."),
        click.option(
            "--include",
            metavar="GLOB",
            multiple=True,
            help="Only what matches (name, key or path; * crosses scopes). Repeatable.",
        ),
        click.option(
            "--exclude", metavar="GLOB", multiple=True, help="Leave out what matches. Repeatable."
        ),
        click.option(
            "--sort",
            "order",
            type=click.Choice(orders),
            default=orders[0],
            show_default=True,
            help="Order of the entries; sizes are sorted largest first.",
        ),
        click.option(
            "--all/--no-bookkeeping",
            "bookkeeping",
            default=bookkeeping,
            help=f"Include what the framework keeps for itself{_ALL_WORDS[bookkeeping]}",
        ),
    )


def selected(model: Model, selection: Selection) -> list[Variable]:
    """The variables that the selection options choose; if no glob matches, standard error says so.

    Raises:
        UnknownNameError: the model has no such scope or collection.
    """
    from scopecli.analysis.select import select

    variables = select(model, selection)
    if selection.include and not variables:
        from scopecli.cli.main import complain

        sys.stdout.flush()
        complain(f"{model.path}: nothing matches {' or '.join(map(repr, selection.include))}")
    return variables


def output_options(*formats: str) -> Callable[[Decorated], Decorated]:
    """`--format` with the first as default, and `--color`."""
    return _together(
        click.option(
            "--format",
            "output_format",
            type=click.Choice(formats),
            default=formats[0],
            show_default=True,
            help="Output format.",
        ),
        click.option(
            "--color",
            type=click.Choice(["auto", "always", "never"]),
            default="auto",
            show_default=True,
            help="When to use colours; `auto` respects NO_COLOR.",
        ),
    )


def completed_by(what: str) -> Callable[..., Any]:
    """What Click asks for completions: a function of `completion`, imported when it is needed."""

    def complete(*asked: Any) -> Any:
        from scopecli.cli import completion

        return getattr(completion, what)(*asked)

    return complete


def codes_option(name: str, help_text: str) -> Callable[[Decorated], Decorated]:
    """An option with codes of rules, separated by commas, that may be given again."""
    return click.option(
        name, metavar="CODES", multiple=True, help=help_text, shell_complete=completed_by("codes")
    )


def input_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """`--input-format` and `--tag-set`, which the command gets as one function `load`."""
    return _opening("load", function)


def survey_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same as `survey`, which opens files that loaders refuse, too."""
    return _opening("survey", function)


def _opening(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def with_load(
        *arguments: Any, input_format: str | None, tag_set: str | None, **options: Any
    ) -> Any:
        opens = partial(_open, name, input_format=input_format, tag_set=tag_set)
        return function(*arguments, **{name: opens}, **options)

    from scopecli.formats import registry

    known = ", ".join(registry.BY_ID)
    return _together(
        click.option(
            "--input-format",
            type=click.Choice(list(registry.BY_ID)),
            metavar="FORMAT",
            help=f"Read it as this format, whatever its contents look like: {known}.",
        ),
        click.option(
            "--tag-set", metavar="TAGS", help="Read the SavedModel's graph with these tags, as a,b."
        ),
    )(with_load)


def is_program(path: str, input_format: str | None) -> bool:
    """Whether a path is `FILE.py:FUNCTION`; a `FILE.py` alone may be what a pattern found."""
    if ".py" not in path or input_format is not None:
        return False
    from scopecli.dryrun.program.running import split

    program = split(path)
    return program is not None and bool(program[1])


def _open(how: str, path: str, *, input_format: str | None, tag_set: str | None) -> Model:
    """Open a file, or run `FILE.py:FUNCTION` for the graph that it builds.

    Files are opened by `load` or `survey` of `formats.opening`: `how` is the name.
    """
    if is_program(path, input_format):
        from scopecli.dryrun.program.running import run

        done = run(path, {}, ("tensorflow",))
        if done.refusal is not None:
            raise ProgramError(
                str(done.refusal.error).partition("\n")[0].partition(" Originally")[0],
                path=path,
                where=f"{done.refusal.call.file}:{done.refusal.call.line}",
                hint="`scopecli dryrun` shows both places",
            )
        return done.model
    from scopecli.formats import opening

    found: Model = getattr(opening, how)(path, input_format=input_format, tag_set=tag_set)
    return found


def _together(
    *decorators: Callable[[Callable[..., Any]], Callable[..., Any]],
) -> Callable[[Decorated], Decorated]:
    """Several options as one decorator, in the order that help shows them."""

    def decorate(function: Decorated) -> Decorated:
        decorated: Any = function
        for decorator in reversed(decorators):
            decorated = decorator(decorated)
        return decorated  # type: ignore[no-any-return]

    return decorate


def for_each_model(paths: Iterable[str], load: Load, action: Callable[[Model], None]) -> int:
    """Load each path and act on its model; returns the exit code."""
    return for_each_path(paths, lambda path: action(load(path)))


def for_each_path(paths: Iterable[str], action: Callable[[str], None]) -> int:
    """Act on each path; returns the exit code.

    A path that fails gets its line on standard error, and the others are done all the same.
    """
    from scopecli.cli.main import complain

    code = EXIT_OK
    for path in paths:
        try:
            action(path)
        except ScopecliError as error:
            error.path = error.path or path
            sys.stdout.flush()  # so that the line stands where the output would have been
            code = complain(str(error))
    return code
