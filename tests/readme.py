"""The commands in README.md and what they print: `python -m tests.readme` writes it anew.

In each block of ```console, a line that starts with `$ scopecli` is a command, run in
sample_checkpoints/, and the lines below it are its output.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
SAMPLES = ROOT / "sample_checkpoints"

_BLOCK = re.compile(r"(?<=^```console\n)(.*?)(?=^```$)", re.DOTALL | re.MULTILINE)


class Example(NamedTuple):
    """One command of the README and the output that stands below it."""

    command: str
    output: str


def examples(text: str) -> list[Example]:
    """All examples, in order."""
    found = []
    for block in _BLOCK.findall(text):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            found.append(Example(command, output))
    return found


def run(command: str) -> str:
    """What a command prints, standard error behind standard output."""
    words = shlex.split(command)
    if words[0] != "scopecli":
        raise ValueError(f"{command!r} is not a scopecli command")
    process = subprocess.run(
        [sys.executable, "-m", "scopecli", *words[1:]],
        cwd=SAMPLES,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    return process.stdout + process.stderr


def rewritten(text: str) -> str:
    """The text with each command's real output."""

    def block(match: re.Match[str]) -> str:
        commands = re.findall(r"^\$ (.*)$", match[0], flags=re.MULTILINE)
        return "".join(f"$ {command}\n{run(command)}" for command in commands)

    return _BLOCK.sub(block, text)


if __name__ == "__main__":
    README.write_text(rewritten(README.read_text("utf-8")), "utf-8")
