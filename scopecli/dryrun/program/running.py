"""Running a program for the graph that it builds, and the model of that graph."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, redirect_stdout
from types import ModuleType
from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.default import built_graph, forget_graphs
from scopecli.dryrun.graph.stack import GraphComplete
from scopecli.dryrun.program.model import model_of
from scopecli.dryrun.program.standing_in import standing_in
from scopecli.dryrun.variables import calls
from scopecli.errors import NotAModelError, PathError, ProgramError, ScopecliError, UnknownNameError
from scopecli.model.model import Note
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import FrameType

    from scopecli.dryrun.variables.calls import Call, Refusal
    from scopecli.model.model import Model

__all__ = ["Run", "model_of", "run", "split"]


class Run(NamedTuple):
    """What a program did.

    Attributes:
        model: of the graph that it built, as far as it came.
        calls: its requests for variables, in order.
        refusal: the request that TensorFlow would answer with an error, where it made one.
    """

    model: Model
    calls: Sequence[Call]
    refusal: Refusal | None


def split(path: str) -> tuple[str, str] | None:
    """File and function of `FILE.py:FUNCTION`; None where that is something else.

    The function is empty where there is none.
    """
    if path.endswith(".py"):
        return (path, "") if os.path.isfile(path) else None
    file, colon, function = path.rpartition(":")
    return (file, function) if colon and file.endswith(".py") else None


def run(
    path: str, arguments: Mapping[str, Any], stands_for: Sequence[str], argv: Sequence[str] = ()
) -> Run:
    """Run `FILE.py`, or a function of it, on an empty graph.

    Args:
        path: the file, and after a colon the function.
        arguments: what the function gets.
        stands_for: what `import` gives the engine for; nothing, or `tensorflow`.
        argv: what the program gets on its command line.

    Raises:
        ProgramError: the program failed, for another reason than the rules of reuse.
        PathError: there is no such file.
        NotAModelError: it is no program.
        UnknownNameError: it has no such function.
    """
    from scopecli.dryrun.variables.kind import disable_resource_variables

    file, function = split(path) or (path, "")
    source = _source(file)
    forget_graphs()
    disable_resource_variables()  # the program before may have enabled them
    calls.forget()
    notes: list[Note] = []
    refusal = None
    graph = None
    try:
        with _as_program(file, argv), standing_in(stands_for), redirect_stdout(sys.stderr):
            module = _module(file, "" if function else "__main__")
            if function:
                notes.extend(_definitions(module, source, file))
                _function(module, function, path)(**arguments)
            else:
                _execute(module, source, file)
                notes.extend(_nothing_made(file, module))
    except GraphComplete as complete:
        place = f"{complete.file}:{complete.line}"
        notes.append(Note("stopped", "asks for a value; the run ended there", place))
        graph = complete.graph
    except SystemExit as leaving:
        if leaving.code:  # a missing argument, mostly
            words = f"the program left with {leaving.code!r}; the run ended there"
            if not argv:
                words += "; if it wants arguments, put them behind --"
            notes.append(Note("stopped", words, _place(path, leaving) or ""))
    except ScopecliError as error:
        error.path = error.path or path
        error.where = error.where or _place(path, error)
        raise
    except Exception as error:
        refusal = calls.refusal_of(error)
        if refusal is None:
            raise _failure(path, error) from error
    if graph is None or graph.is_empty:
        graph = built_graph()
    return Run(model_of(graph, path, notes), calls.calls_of(graph), refusal)


def _source(file: str) -> bytes:
    try:
        with open(file, "rb") as opened:
            source = opened.read()
    except IsADirectoryError:
        hint = "a program is FILE.py, or FILE.py:FUNCTION"
        raise PathError("is a folder, not a program", path=file, hint=hint) from None
    except OSError as error:
        problem = f"cannot be opened: {error.strerror or error}"
        near = f"did you mean {file}.py?" if os.path.isfile(f"{file}.py") else None
        raise PathError(problem, path=file, hint=near) from None
    if b"\0" in source:
        hint = "`scopecli tree` shows a saved model"
        raise NotAModelError("is not a program", path=file, hint=hint)
    return source


def _module(file: str, name: str) -> ModuleType:
    """The program's module, to be executed."""
    path = os.path.abspath(file)
    stem = os.path.splitext(os.path.basename(path))[0]
    inside = os.path.relpath(os.path.dirname(path), _root(path)).split(os.sep)
    package = "" if inside == [os.curdir] else ".".join(inside)
    module = ModuleType(name or f"{package}.{stem}".lstrip("."))
    module.__package__ = package  # so that imports may be relative
    module.__file__ = path
    sys.modules[module.__name__] = module  # where its classes look for it
    return module


def _root(path: str) -> str:
    """The folder above all packages that a file is in, as pytest finds it."""
    folder = os.path.dirname(path)
    while os.path.isfile(os.path.join(folder, "__init__.py")):
        folder = os.path.dirname(folder)
    return folder


def _execute(module: ModuleType, source: bytes, file: str) -> None:
    exec(compile(source, file, "exec", dont_inherit=True), module.__dict__)  # noqa: S102 - the user's own


def _definitions(module: ModuleType, source: bytes, file: str) -> Iterator[Note]:
    """Execute a module for its functions. What it does besides may end early, and is forgotten.

    A script without `if __name__ == "__main__":` trains as soon as it is executed.
    """
    try:
        _execute(module, source, file)
    except GraphComplete as complete:
        words = "asks for a value before the function is called; what follows there was not run"
        yield Note("stopped", words, f"{complete.file}:{complete.line}")
        forget_graphs()
        calls.forget()


def _function(module: ModuleType, name: str, path: str) -> Any:
    found: Any = module
    for part in name.split("."):
        found = getattr(found, part, None)
    if not callable(found):
        known = _functions(module)
        words = f"has no function {name!r}"
        hint = f"it has: {', '.join(known[:8])}" if known else None
        raise UnknownNameError(words, path=path, hint=hint)
    return found


def _functions(module: ModuleType) -> list[str]:
    """The program's own functions and classes, in their order."""
    own = vars(module).items()
    return [
        name
        for name, value in own
        if callable(value) and name[0] != "_" and value.__module__ == module.__name__
    ]


def _nothing_made(file: str, module: ModuleType) -> Iterator[Note]:
    """What to try where a program as a whole makes no graph."""
    known = _functions(module)
    if known and built_graph().is_empty:
        words = f"makes nothing by itself; name what builds the graph: {file}:{known[0]}"
        yield Note("nothing-made", f"{words} (it has {', '.join(known[:8])})")


@contextmanager
def _as_program(file: str, arguments: Sequence[str]) -> Iterator[None]:
    """As Python starts a program: with its arguments, and its folder is where it imports from.

    Of a file in a package, the folder above the package is another, as it is for `python -m`.
    """
    argv, paths, modules = sys.argv, list(sys.path), dict(sys.modules)
    path = os.path.abspath(file)
    root = _root(path)
    sys.argv = [file, *arguments]
    sys.path[:0] = dict.fromkeys([os.path.dirname(path), root])
    try:
        yield
    finally:
        sys.argv = argv
        sys.path[:] = paths
        # Another program may have modules of the same names beside it.
        for name, module in list(sys.modules.items()):
            if module is modules.get(name):
                continue
            own = getattr(module, "__file__", None) or ""
            if own.startswith(root + os.sep):
                sys.modules.pop(name)
                if name in modules:
                    sys.modules[name] = modules[name]


def _place(path: str, error: BaseException) -> str | None:
    """The innermost line of the program's own files that an error passed; else of any other's."""
    file, _ = split(path) or (path, "")
    folder = os.path.dirname(os.path.abspath(file)) + os.sep
    own = other = None
    traceback = error.__traceback__
    while traceback is not None:
        frame: FrameType = traceback.tb_frame
        name = frame.f_code.co_filename
        if not frame.f_globals.get("__name__", "").startswith("scopecli."):
            other = f"{name}:{traceback.tb_lineno}"
            if os.path.abspath(name).startswith(folder) and "site-packages" not in name:
                own = other
        traceback = traceback.tb_next
    return own or other


def _failure(path: str, error: Exception) -> ProgramError:
    """What a program's own error is, and where."""
    words = error.msg if isinstance(error, SyntaxError) else str(error)
    words = words.strip().partition("\n")[0]
    problem = f"{type(error).__name__}: {words}" if words else type(error).__name__
    where = _place(path, error)
    if isinstance(error, SyntaxError):
        where = f"{error.filename}:{error.lineno}"
    hint = None
    if isinstance(error, ModuleNotFoundError):
        hint = "the program needs it; install it where scopecli is installed"
        missing = (error.name or "").partition(".")[0]
        if missing and (os.path.isdir(missing) or os.path.isfile(f"{missing}.py")):
            hint = "it is in this folder: put that on PYTHONPATH"
        if missing == "tensorflow":
            hint = "`--as tensorflow` lets the engine stand in for it"
    return ProgramError(problem, path=path, where=where, hint=hint)
