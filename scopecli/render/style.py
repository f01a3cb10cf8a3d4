"""Colours by role. Rich knows them by name, a stream that Rich does not draw by SGR number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

Role = Literal[
    "plain", "title", "dim", "scope", "variable", "slot", "shape", "dtype", "size", "mark", "note"
]


class Style(NamedTuple):
    """One look in the two languages that it is written in."""

    rich: str
    sgr: str


STYLES: Mapping[Role, Style] = {
    "plain": Style("none", ""),
    "title": Style("bold", "1"),
    "dim": Style("dim", "2"),
    "scope": Style("bold blue", "1;34"),
    "variable": Style("none", ""),
    "slot": Style("dim", "2"),
    "shape": Style("cyan", "36"),
    "dtype": Style("green", "32"),
    "size": Style("none", ""),
    "mark": Style("yellow", "33"),
    "note": Style("yellow", "33"),
}


class Span(NamedTuple):
    """Some text in one role."""

    text: str
    role: Role = "plain"


def sgr(span: Span) -> str:
    """The span with terminal codes around it."""
    code = STYLES[span.role].sgr
    return f"\x1b[{code}m{span.text}\x1b[0m" if code and span.text.strip() else span.text


class Glyphs(NamedTuple):
    """The signs that not every encoding has."""

    branch: str
    last: str
    through: str
    blank: str
    times: str
    dot: str
    bars: str


UNICODE = Glyphs("├── ", "└── ", "│   ", "    ", "×", " · ", "▁▂▃▄▅▆▇█")  # noqa: RUF001
ASCII = Glyphs("|-- ", "`-- ", "|   ", "    ", "x", ", ", "_.-:=+*#")
