"""What every command prints for every sample, as text files that `--update-goldens` writes anew.

A file is a transcript: a line with a command, then its output, for each of its formats. Escape
characters are written as `\\e`, and very long words as their length and checksum.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import NamedTuple

from scopecli.formats.opening import load
from tests.commands import run_in_process
from tests.samples import ALL, BROKEN, GOOD, SAMPLES

FOLDER = Path(__file__).parent

# The last digits of a sum depend on the order in which numpy adds.
_LONG_NUMBER = re.compile(r"-?\d+\.\d{9,}(?:e[+-]\d+)?")
_LONG_WORD = re.compile(r'[^\s"\\]{200,}')


class Variant(NamedTuple):
    """Options of a command, and whether its output is a terminal."""

    options: str
    tty: bool = False


VARIANTS: dict[str, tuple[Variant, ...]] = {
    "tree": (
        Variant(""),
        Variant("--format plain --no-fold --depth 2"),
        Variant("--all --sort file", tty=True),
        Variant("--all --format json"),
    ),
    "list": (
        Variant(""),
        Variant("--color always --sort bytes --no-bookkeeping"),
        Variant("--include *kernel*", tty=True),
        Variant("--format plain"),
        Variant("--format json"),
        Variant("--format jsonl --sort name"),
        Variant("--format csv"),
    ),
    "info": (
        Variant(""),
        Variant("--format plain"),
        Variant("", tty=True),
        Variant("--format json"),
    ),
    "validate": (Variant("--fail-on warning"), Variant("", tty=True), Variant("--format json")),
    "show": (
        Variant(""),
        Variant("--format plain --no-values"),
        Variant("", tty=True),
        Variant("--format json"),
    ),
    "stats": (Variant(""), Variant("--all --depth 1 --sort norm --format csv")),
}


DIFF_VARIANTS = (
    Variant("--format plain --stat"),
    Variant("", tty=True),
    Variant("--values"),
    Variant("--format json"),
    Variant("--format markdown"),
)
# What is compared with what.
DIFFS = {
    **{pair: "pairs/base" for pair in GOOD if pair.startswith("pairs/") and pair != "pairs/base"},
    "tf1_batchnorm": "tf1_gan",
    "keras2_functional.h5": "keras3_legacy.h5",
}

# The others in the folder have the same structure.
_LISTED = [sample for sample in GOOD if sample not in DIFFS or not sample.startswith("pairs/")]


def cases() -> list[tuple[str, str]]:
    """Sample and command of each transcript."""
    return [
        *((sample, command) for sample in _LISTED for command in VARIANTS),
        *((sample, "diff") for sample in DIFFS),
        ("broken", "info"),
    ]


def file_of(sample: str, command: str) -> Path:
    """Where a transcript is kept."""
    return FOLDER / f"{sample.replace('/', '_')}.{command}.txt"


def transcript(sample: str, command: str) -> str:
    """Run a command in all its variants; the working directory is that of the samples."""
    if sample == "broken":
        paths = [path for path in (*ALL, *BROKEN) if path not in GOOD]
        return "".join(_printed(f"info {path}", tty=False) for path in sorted(paths))
    if command == "diff":
        return "".join(
            _printed(" ".join(f"diff {options} {DIFFS[sample]} {sample}".split()), tty=tty)
            for options, tty in DIFF_VARIANTS
        )
    names = f" {' '.join(_names(sample))}" if command == "show" else ""
    return "".join(
        _printed(" ".join(f"{command} {options} {sample}{names}".split()), tty=tty)
        for options, tty in VARIANTS[command]
    )


def _names(sample: str) -> list[str]:
    """The first variable, the last, and the scope of the largest."""
    variables = load(SAMPLES / sample).variables
    largest = max(variables, key=lambda variable: variable.nbytes or 0)
    scope = largest.path.rpartition("/")[0]
    names = [variables[0].key, variables[-1].key, *([scope] if scope else [])]
    return [name for name in names if not _LONG_WORD.search(name)]


def _printed(command: str, *, tty: bool) -> str:
    result = run_in_process(*command.split(), tty=tty)
    text = (result.out + result.err).replace("\x1b", "\\e")
    text = _LONG_WORD.sub(_shortened, text)
    text = _LONG_NUMBER.sub(lambda match: f"{float(match[0]):.8g}", text)
    where = "  (terminal)" if tty else ""
    code = f"exit code {result.code}\n" if result.code else ""
    return f"$ scopecli {command}{where}\n{text}{code}\n"


def _shortened(match: re.Match[str]) -> str:
    digest = hashlib.sha256(match[0].encode()).hexdigest()[:16]
    return f"<{len(match[0])} characters, sha256 {digest}>"
