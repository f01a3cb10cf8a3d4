"""Commands on a terminal, and names that would do harm there."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys

from tests.bundles import Tensor
from tests.samples import SAMPLES

SGR = re.compile(r"\x1b\[[0-9;]*m")


def on_a_terminal(*arguments: str, **environment: str) -> str:
    """Standard output of a real process whose output is a pseudo-terminal."""
    master, slave = pty.openpty()
    try:
        process = subprocess.Popen(
            [sys.executable, "-X", "importtime", "-m", "scopecli", *arguments],
            stdin=slave,
            stdout=slave,
            stderr=subprocess.PIPE,
            cwd=SAMPLES,
            env={**os.environ, **environment},
        )
        os.close(slave)
        shown = b""
        with process:
            while True:
                try:
                    data = os.read(master, 1 << 16)
                except OSError:  # the other side is closed
                    break
                if not data:
                    break
                shown += data
            assert process.stderr is not None
            imports = process.stderr.read().decode()
            assert process.wait(30) == 0
    finally:
        os.close(master)
    rich = bool(re.search(r"\| +rich\.console$", imports, re.MULTILINE))
    return ("rich\n" if rich else "no rich\n") + shown.decode().replace("\r\n", "\n")


HOSTILE = {
    "\x1b[2J\x1b]0;title\x07/w": Tensor(),
    "[red]bold[/red]/[link=http://x]w": Tensor(),
    ":smile:/w": Tensor(),
    "line\nbreak\r/w": Tensor(),
    "\x9b31m/w": Tensor(),
    "a\u202etxt.exe/w": Tensor(),
    "\udcff\udc80/w": Tensor(),
    "zero\x00byte": Tensor(),
    "tab\tbed": Tensor(),
    "%s{0}": Tensor(),
}


def harmless(text: str) -> None:
    """Nothing but text, line ends, and colours that scopecli itself writes."""
    for line in SGR.sub("", text).split("\n"):
        assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]", line), repr(line)
    assert not re.search(r"\x1b\[31m", text)


def without_colours(text: str) -> str:
    """The text that a person reads."""
    return "".join(f"{line.rstrip()}\n" for line in SGR.sub("", text).split("\n"))[:-1]
