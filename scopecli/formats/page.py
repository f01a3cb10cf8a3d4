"""The page of all formats, in Markdown: README.md of this package."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.formats.manual import ENTRIES
from scopecli.formats.registry import FORMATS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.formats.registry import Format

_HEAD = """\
# Formats

Written by `python -m scopecli.formats` from `registry.py` (which formats there are) and `manual.py`
(what is to be said of them).

Contents decide what a file is (`detection.py`), never its name; `--input-format ID` overrules both.
The error for a file that is not a model says what it is: a Git LFS pointer, a web page, a plain
pickle, a Core ML model, ... A reader gives the structure alone. Values are read when a command asks
for them, a run of elements at a time.

A format is one module with `read(path)`, one row in `registry.py`, one entry in `manual.py` and one
sample: [add a format in 30 minutes](../../.github/CONTRIBUTING.md#add-a-format-in-30-minutes).
A format that can be written has a second module, with the functions of `registry.Writer`.
"""


def text() -> str:
    """The whole page."""
    return "\n".join([_HEAD, *_table(), *_sections()])


def _table() -> Iterator[str]:
    yield "| format | what it is | often called | structure | values | renamed |"
    yield "|---|---|---|---|---|---|"
    for row in FORMATS:
        entry = ENTRIES[row.id]
        cells = (
            f"[{row.id}](#{row.id})",
            row.title,
            " ".join(f"`{suffix}`" for suffix in row.suffixes),
            "read",
            "no" if entry.values == "none" else "read",
            "written" if row.writer else "no",
        )
        yield f"| {' | '.join(cells)} |"
    yield ""


def _sections() -> Iterator[str]:
    for row in FORMATS:
        yield f"## {row.id}\n"
        yield from _lines(row)
        yield ""


def _lines(row: Format) -> Iterator[str]:
    entry = ENTRIES[row.id]
    yield f"{row.title}: [specification]({entry.link}).\n"
    yield f"- Versions: {entry.versions}."
    yield f"- Told by: {entry.told_by}."
    yield f"- Keys: {entry.keys}."
    yield f"- Values: {entry.values}."
    if entry.renamed:
        yield f"- `rename` writes: {entry.renamed}."
    for oddity in entry.oddities:
        yield f"- {oddity}"
