"""Running the command line, in this process and in one of its own."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from typing import TYPE_CHECKING, NamedTuple, Protocol

from scopecli.cli.main import run as run_cli
from tests.samples import SAMPLES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class Result(NamedTuple):
    """How a command ended, and what it wrote."""

    code: int
    out: str
    err: str


class Run(Protocol):
    """Runs the command line in this process."""

    def __call__(self, *arguments: str, tty: bool = False, encoding: str = "utf-8") -> Result: ...


class Spawn(Protocol):
    """Runs the command line in a process of its own."""

    def __call__(
        self, *arguments: str, env: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> Result: ...


class Stream(io.TextIOWrapper):
    """Standard output or error of a command that runs in this process."""

    def __init__(self, encoding: str, *, tty: bool) -> None:
        self.raw_bytes = io.BytesIO()
        self._tty = tty
        super().__init__(self.raw_bytes, encoding=encoding, newline="\n", write_through=True)

    def isatty(self) -> bool:
        """Whether the command shall think that a person is looking."""
        return self._tty

    def text(self) -> str:
        """What was written."""
        self.flush()
        return self.raw_bytes.getvalue().decode(self.encoding)


def run_in_process(*arguments: str, tty: bool = False, encoding: str = "utf-8") -> Result:
    """Run the command line with streams of its own."""
    out, err = Stream(encoding, tty=tty), Stream("utf-8", tty=False)
    with out, err:
        with redirect_stdout(out), redirect_stderr(err):
            code = run_cli(list(arguments))
        return Result(code, out.text(), err.text())


def run_process(
    *arguments: str, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> Result:
    """Run `python -m scopecli`."""
    process = subprocess.run(
        [sys.executable, "-m", "scopecli", *arguments],
        cwd=cwd or SAMPLES,
        env={**os.environ, **(env or {})},
        capture_output=True,
        timeout=60,
        check=False,
    )
    out, err = process.stdout.decode("utf-8", "replace"), process.stderr.decode("utf-8", "replace")
    return Result(process.returncode, out, err)


def assert_one_line(result: Result, *parts: str) -> None:
    """A failure is said in one line on standard error, and with exit code 2."""
    assert result.code == 2, result
    assert result.err.startswith("scopecli: "), result.err
    assert result.err.endswith("\n"), result.err
    assert len(result.err.splitlines()) == 1, result.err
    assert "Traceback" not in result.err
    for part in parts:
        assert part in result.err
