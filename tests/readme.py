"""The commands in the pages and what they print: `python -m tests.readme` writes it anew.

In each block of ```console, a line that starts with `$ scopecli` is a command, run in
sample_checkpoints/, and the lines below it are its output.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple

from tests.samples import ROOT, SAMPLES

if TYPE_CHECKING:
    from pathlib import Path

README = ROOT / "README.md"
COMMANDS = ROOT / "scopecli/cli/README.md"
PAGES = (
    README,
    ROOT / ".github/CONTRIBUTING.md",
    *sorted(ROOT.glob("scopecli/**/README.md")),
    *sorted(ROOT.glob("tests/**/README.md")),
    ROOT / "sample_checkpoints/README.md",
)

_BLOCK = re.compile(r"(?<=^```console\n)(.*?)(?=^```$)", re.DOTALL | re.MULTILINE)


class Example(NamedTuple):
    """One command of a page and the output that stands below it."""

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


def blocks(page: Path, language: str) -> list[str]:
    """What stands between the fences of a language."""
    return re.findall(
        rf"^```{language}\n(.*?)^```$", page.read_text("utf-8"), re.DOTALL | re.MULTILINE
    )


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
    for page in PAGES:
        page.write_text(rewritten(page.read_text("utf-8")), "utf-8")
