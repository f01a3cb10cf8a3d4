"""Names of which one is a slip of the other."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from scopecli.model.names import leaf_of

if TYPE_CHECKING:
    from collections.abc import Iterable

_SHORTEST = 5  # letters of a word that can be misspelt: `gate` and `date` are two words
_LONGEST = 64
_DIGITS = r"[0-9]+"


def typos(paths: Iterable[str], separator: str) -> list[tuple[str, str]]:
    """The pairs of paths whose last parts are one word and its misspelling; siblings are given.

    Numbers must agree, so only the kinds of names are compared, of which a scope has few:
    `layer_#` stands for thousands.
    """
    by_kind: dict[str, dict[str, str]] = {}
    for path in paths:
        leaf = leaf_of(path, separator)
        if len(leaf) >= _SHORTEST:
            kind, numbers = _kind(leaf)
            by_kind.setdefault(kind, {}).setdefault(numbers, path)
    if len(by_kind) < 2:
        return []
    return [
        (path, by_kind[other][numbers])
        for one, other in _pairs(tuple(sorted(by_kind)))
        for numbers, path in by_kind[one].items()
        if numbers in by_kind[other]
    ]


@lru_cache(4096)
def _kind(leaf: str) -> tuple[str, str]:
    """A name with `#` for its numbers, and the numbers."""
    if leaf.isalpha():
        return leaf, ""
    return re.sub(_DIGITS, "#", leaf), " ".join(re.findall(_DIGITS, leaf))


@lru_cache(4096)
def _pairs(kinds: tuple[str, ...]) -> list[tuple[str, str]]:
    """The pairs that a slip makes of each other, found by what is left without one letter.

    A slip takes another letter, leaves one out, or swaps two.
    """
    known = frozenset(kinds)
    without: dict[tuple[int, str], list[str]] = {}
    pairs: dict[tuple[str, str], None] = {}
    for kind in kinds:
        if len(kind) > _LONGEST:
            continue
        for cut in range(1, len(kind)):
            rest = kind[:cut] + kind[cut + 1 :]
            others = without.setdefault((cut, rest), [])
            swapped = kind[: cut - 1] + kind[cut] + kind[cut - 1] + kind[cut + 1 :]
            for other in (*others, *known.intersection((rest, swapped))):
                if other != kind and _is_typo(other, kind):
                    pairs[min(other, kind), max(other, kind)] = None
            others.append(kind)
    return list(pairs)


def _is_typo(one: str, other: str) -> bool:
    """Whether the word that differs is long enough, and differs inside."""
    pairs = zip(re.split("[_#]", one), re.split("[_#]", other), strict=False)
    words = [(a, b) for a, b in pairs if a != b]
    if one.count("_") != other.count("_") or len(words) != 1:
        return False
    (pair,) = words
    short, long = sorted(pair, key=len)
    if len(short) < _SHORTEST or short[0] != long[0] or long.startswith(short):
        return False
    return (short + long).isalpha() and (short[1:] + long[1:]).islower()
