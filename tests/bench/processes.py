"""One whole process, from its start until it has ended and all its output is read."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import tempfile
import termios
import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

_CHUNK = 1 << 20
_TERMINAL_SIZE = (40, 120)  # rows, columns
# What would change what a program prints, or make it print more than it has to.
_UNSET = frozenset({"NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "COLUMNS", "LINES"})
# Python's own switches go too: without compiled files or buffers it is not what users run.
_KEPT = frozenset({"PYTHONPATH", "PYTHONHOME"})
_BETWEEN = """
import os, sys
child = os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(child, 0)
os.write(int(sys.argv[1]), str(usage.ru_maxrss).encode())
sys.exit(os.waitstatus_to_exitcode(status))
"""
_PEAK_UNIT = 1 if sys.platform == "darwin" else 1024
_SET = {"TERM": "xterm-256color", "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}


class Run(NamedTuple):
    """What one process did.

    Attributes:
        seconds: from before its start until after its end.
        lines: how many lines it printed.
    """

    seconds: float
    lines: int


class FailedError(Exception):
    """A process ended with an error; the text is its last line on standard error."""


def run(
    command: Sequence[str],
    *,
    terminal: bool = False,
    keep: tuple[int, ...] = (),
    exit_code: int = 0,
) -> Run:
    """Run a command, read what it prints and throw it away.

    Args:
        command: the program and its arguments; no shell.
        terminal: whether it gets a pseudo terminal instead of a pipe.
        keep: descriptors that it inherits.
        exit_code: how it has to end.

    Raises:
        FailedError: it cannot be started, or its exit code is another one.
    """
    reading, writing = _terminal() if terminal else os.pipe()
    with tempfile.TemporaryFile() as errors:
        start = time.perf_counter()
        try:
            process = subprocess.Popen(
                command,
                stdin=writing if terminal else subprocess.DEVNULL,
                stdout=writing,
                stderr=errors,
                env=environment(),
                pass_fds=keep,
            )
        except OSError as error:
            os.close(reading)
            raise FailedError(f"cannot be started: {error.strerror}") from error
        finally:
            os.close(writing)
        lines = _drain(reading)
        process.wait()
        seconds = time.perf_counter() - start
        if process.returncode != exit_code:
            errors.seek(0)
            said = errors.read().decode("utf-8", "replace").strip().splitlines()
            raise FailedError(f"exit code {process.returncode}: {said[-1] if said else 'silent'}")
    return Run(seconds, lines)


def ending(command: Sequence[str]) -> int:
    """Run a command once, which also fills the caches; its exit code."""
    quiet = subprocess.DEVNULL
    done = subprocess.run(
        command, stdin=quiet, stdout=quiet, stderr=quiet, env=environment(), check=False
    )
    return done.returncode


def peak(command: Sequence[str], exit_code: int = 0) -> int:
    """Run a command; the most memory that it had, in bytes.

    The kernel counts in what the process that starts another one had itself, so a small one is put
    between.

    Raises:
        FailedError: as `run`.
    """
    reading, writing = os.pipe()
    try:
        between = [sys.executable, "-S", "-c", _BETWEEN, str(writing), *command]
        run(between, keep=(writing,), exit_code=exit_code)
        return int(os.read(reading, 32)) * _PEAK_UNIT
    finally:
        os.close(reading)
        os.close(writing)


def environment() -> dict[str, str]:
    """The environment of a plain shell, whatever this one has set."""
    return {
        name: text
        for name, text in os.environ.items()
        if name in _KEPT or not (name in _UNSET or name.startswith("PYTHON"))
    } | _SET


def _terminal() -> tuple[int, int]:
    """A new pseudo terminal: our end and the program's."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, _TERMINAL_SIZE)
    return ours, theirs


def _drain(descriptor: int) -> int:
    """Read until the other end is closed; the number of lines."""
    lines = 0
    try:
        while chunk := os.read(descriptor, _CHUNK):
            lines += chunk.count(b"\n")
    except OSError:  # how Linux says that nobody holds the terminal any more
        pass
    finally:
        os.close(descriptor)
    return lines
