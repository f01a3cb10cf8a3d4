"""Runs a command and turns what can go wrong into one line and an exit code."""

from __future__ import annotations

import gc
import os
import signal
import sys
from contextlib import suppress
from io import TextIOWrapper
from typing import NoReturn

import click

from scopecli import __version__
from scopecli.cli.group import LazyGroup
from scopecli.errors import EXIT_INTERRUPTED, EXIT_OK, EXIT_TROUBLE, ScopecliError

# Shows a traceback where scopecli itself is wrong.
_TRACEBACK = "SCOPECLI_TRACEBACK"

_EPILOG = """\b
Examples:
  scopecli tree model.ckpt-2000           the scopes of a checkpoint
  scopecli list --format json model.h5    every variable, for programs
  scopecli show model.keras dense/kernel  one variable and its values

\b
Shell completion (bash; zsh and fish alike):
  eval "$(_SCOPECLI_COMPLETE=bash_source scopecli)"
"""


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=_EPILOG,
)
@click.version_option(__version__, "-V", "--version", message="%(prog)s %(version)s")
def scopecli() -> None:
    """Inspect saved models: variables, scopes, collections and reuse, without the framework.

    A path is a file (.h5, .keras, .index, ...), the prefix of a TensorFlow checkpoint, or a folder
    with a `checkpoint` file. Nothing is imported but scopecli itself, no code in a model is run,
    and no values are read unless a command is about values.

    Exit codes: 0 fine, 1 something was found, 2 it could not be done.
    """


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line and exit."""
    # One short run that makes many small, long-lived objects: collecting cycles finds nothing and
    # takes a third of the time that a large listing needs.
    gc.disable()
    # numpy would start threads for matrix products, of which there are none: a fifth of its import.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # A closed pipe (`scopecli list ... | head`) ends the process quietly, as it ends git and ls.
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, _terminate)
    try:
        code = run(arguments)
    except Exception as error:  # the last line of defence: a person gets one line
        if os.environ.get(_TRACEBACK):
            raise
        what = f"internal error: {type(error).__name__}: {error}"
        code = complain(f"{what}; set {_TRACEBACK}=1 to see where, and report it")
    _end(code)


def _end(code: int) -> NoReturn:
    """End at once: Python would first take apart, one by one, what the process is made of.

    That is a tenth of the time of a small run. Whoever profiles calls `run`.
    """
    # Whoever interrupted it wants no more output, and nobody may be reading: it would wait again.
    streams = (sys.stderr,) if code == EXIT_INTERRUPTED else (sys.stdout, sys.stderr)
    for stream in streams:
        with suppress(AttributeError, OSError, ValueError):  # there is none, or it is full
            stream.flush()
    os._exit(code)


def _terminate(number: int, _frame: object) -> NoReturn:
    """End as the signal would end it, but remove files that are half written."""
    sys.exit(128 + number)


def run(arguments: list[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    if getattr(sys, "stdout", None) is None:
        return complain("cannot write output: standard output is closed")
    if isinstance(sys.stdout, TextIOWrapper):
        # A name with a letter that the encoding does not have is shown with its escape.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        code = scopecli.main(arguments, prog_name="scopecli", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return EXIT_TROUBLE
    except click.ClickException as error:
        from scopecli.cli.mistakes import usage_text

        return complain(usage_text(error))
    except ScopecliError as error:
        return complain(str(error))
    except (click.Abort, KeyboardInterrupt):
        return EXIT_INTERRUPTED
    except OSError as error:
        problem = error.strerror or str(error)
        if error.filename is not None:  # a file went away, or its folder may not be listed
            return complain(f"{os.fsdecode(error.filename)}: {problem}")
        return complain(f"cannot write output: {problem}")
    return code if isinstance(code, int) else EXIT_OK


def complain(text: str) -> int:
    """Say in one line on standard error what went wrong; the exit code for it."""
    from scopecli.model.names import printable

    if getattr(sys, "stderr", None) is None:
        return EXIT_TROUBLE
    line = f"scopecli: {printable(text)}\n"
    encoding = sys.stderr.encoding or "ascii"
    with suppress(OSError):  # where it cannot be said, the exit code says it
        sys.stderr.write(line.encode(encoding, "backslashreplace").decode(encoding))
    return EXIT_TROUBLE
