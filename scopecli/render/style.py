"""Colours and signs. A role has a style for Rich and an SGR code for streams without Rich."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

Role = Literal[
    "plain",
    "title",
    "dim",
    "scope",
    "variable",
    "slot",
    "shape",
    "dtype",
    "size",
    "mark",
    "note",
    "error",
    "added",
    "removed",
    "renamed",
    "changed",
]


# A text in one role. A plain tuple, because a large tree has a million of them.
Span = tuple[str, Role]

RICH_STYLES: Mapping[Role, str] = {
    "plain": "none",
    "title": "bold",
    "dim": "dim",
    "scope": "bold blue",
    "variable": "none",
    "slot": "dim",
    "shape": "cyan",
    "dtype": "green",
    "size": "none",
    "mark": "yellow",
    "note": "yellow",
    "error": "bold red",
    "added": "green",
    "removed": "red",
    "renamed": "cyan",
    "changed": "yellow",
}

# https://en.wikipedia.org/wiki/ANSI_escape_code#Select_Graphic_Rendition_parameters
_SGR: Mapping[Role, str] = {
    "title": "1",
    "dim": "2",
    "scope": "1;34",
    "slot": "2",
    "shape": "36",
    "dtype": "32",
    "mark": "33",
    "note": "33",
    "error": "1;31",
    "added": "32",
    "removed": "31",
    "renamed": "36",
    "changed": "33",
}


def sgr(span: Span) -> str:
    """The span with terminal codes around it."""
    text, role = span
    code = _SGR.get(role)
    return f"\x1b[{code}m{text}\x1b[0m" if code and text.strip() else text


class Glyphs(NamedTuple):
    """Signs for which not every encoding has characters."""

    branch: str
    last: str
    through: str
    blank: str
    times: str
    dot: str
    bars: str
    arrow: str


UNICODE = Glyphs("├── ", "└── ", "│   ", "    ", "×", " · ", "▁▂▃▄▅▆▇█", "→")  # noqa: RUF001
ASCII = Glyphs("|-- ", "`-- ", "|   ", "    ", "x", ", ", "_.-:=+*#", "->")
