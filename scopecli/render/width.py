"""How many columns of a terminal a text takes: a Chinese letter two, an accent of its own none.

What has no width and no look (joiners, marks of direction) is escaped before it comes here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_WIDE = frozenset("WF")  # https://www.unicode.org/reports/tr11/


def measures(
    texts: Iterable[str],
) -> tuple[Callable[[str], int], Callable[[str, int], str]]:
    """What tells the width of these texts and what pads them: the quickest that is right."""
    if all(map(str.isascii, texts)):
        return len, str.ljust
    return width_of, padded


def width_of(text: str) -> int:
    """The width of a text that has been made printable."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(
        2 if east_asian_width(letter) in _WIDE else 0 if combining(letter) else 1 for letter in text
    )


def padded(text: str, width: int) -> str:
    """The text with spaces behind it; a longer one as it is."""
    return text + " " * (width - width_of(text))
