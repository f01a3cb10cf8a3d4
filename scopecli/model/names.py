"""Names: splitting them, ordering them as people do, and saying what numbered siblings share."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# A name of a megabyte of separators must not become a tree half a million levels deep: below this
# depth the rest of a name is one leaf.
MAX_DEPTH = 100

# Compiled when it is first used: few names need it, and compiling takes as long as importing a
# module. `natural_key` and `numbered`, which every listing calls, use no pattern for that reason.
# All of `Default_Ignorable_Code_Point` in Unicode's DerivedCoreProperties.txt is in it.
_NOT_PRINTABLE = (
    r"[\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    r"\u2028-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    r"\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)

# A longer name is nobody's layer, and looking for numbers in it could take quadratic time.
_LONG = 256
# `kernel`, `bias` and `layer_7` come again in every scope.
_REMEMBERED = 4096
_MOST_COMPARED = 20_000


class _OnlyDigits(dict[int, str]):
    """A table for `str.translate` that turns everything but ASCII digits into spaces."""

    def __missing__(self, code: int) -> str:
        return " "


_ONLY_DIGITS = _OnlyDigits(dict.fromkeys(range(128), " "))
_ONLY_DIGITS.update((ord(digit), digit) for digit in "0123456789")

NaturalKey = tuple[tuple[str, int, str], ...]


def scope_of(path: str, separator: str) -> str:
    """The scope that a path is in; empty at the top."""
    return path.rpartition(separator)[0]


def separator_of(names: Iterable[str]) -> str:
    """What splits names into scopes in a format that does not prescribe it.

    `/` where a name has one, as TensorFlow's and Flax's do; else `.`, as PyTorch's.
    """
    return "/" if any("/" in name for name in names) else "."


def leaf_of(path: str, separator: str) -> str:
    """The last part of a path."""
    return path.rpartition(separator)[2]


@lru_cache(_REMEMBERED)
def natural_key(name: str) -> NaturalKey:
    """A sort key that puts `layer_2` before `layer_10`."""
    if len(name) > _LONG:
        return ((name, -1, ""),)
    found: list[tuple[str, int, str]] = []
    rest = name
    for digits in name.translate(_ONLY_DIGITS).split():
        text, _, rest = rest.partition(digits)
        # Digits with the same value (`1`, `01`) are told apart by their spelling.
        found.append((text, int(digits), digits))
    return (*found, (rest, -1, ""))


@lru_cache(_REMEMBERED)
def numbered(name: str) -> tuple[str, int, str] | None:
    """A name split around its last number: `conv2d_12_bn` is `conv2d_`, 12, `_bn`.

    None where there is no number, or one with a leading zero, which is no count.
    """
    runs = name.translate(_ONLY_DIGITS).split() if len(name) <= _LONG else None
    if not runs or (runs[-1][0] == "0" and runs[-1] != "0") or len(runs[-1]) > 18:
        return None
    stem, digits, tail = name.rpartition(runs[-1])
    return stem, int(digits), tail


def ranges(numbers: Iterable[int]) -> str:
    """Numbers in order as people write them: `0-3,5`."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1][1:] = [number]
        else:
            runs.append([number])
    return ",".join("-".join(map(str, run)) for run in runs)


def listed(names: Sequence[str], most: int) -> str:
    """The first names, and how many more there are: `a, b and 3 more`."""
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")


def type_text(dtype: str, shape: Sequence[int | None] | None) -> str:
    """Type and shape in one word: `float32[4,3]`."""
    sizes = ["?" if size is None else str(size) for size in shape] if shape is not None else ["?"]
    return f"{dtype}[{','.join(sizes)}]"


def nearest(name: str, known: Iterable[str], count: int = 3) -> list[str]:
    """The known names most like this one, best first: those that end in it are surest."""
    from difflib import get_close_matches

    known = list(dict.fromkeys(known))
    if len(known) > _MOST_COMPARED:  # comparing is slow: look among those that share the last part
        part = leaf_of(leaf_of(name, "/"), ".")
        known = [other for other in known if part and part in other][:_MOST_COMPARED]
    inside = [other for other in known if name and name in other]
    ends = [other for other in inside if other.endswith((f"/{name}", f".{name}"))]
    close = get_close_matches(name, known, count, 0.6)
    return list(dict.fromkeys([*ends, *close, *inside]))[:count]


def printable(name: str) -> str:
    """The name with control characters and stray bytes escaped, so that it cannot drive a terminal.

    Invisible characters (spaces of no width, fillers, marks of direction) are escaped, too: they
    make one name look like another.
    """
    if name.isascii() and name.isprintable():
        return name
    return re.sub(_NOT_PRINTABLE, _escape, name)


def all_printable(names: Sequence[str]) -> list[str]:
    """`printable` of every name, in a tenth of the time where none needs an escape."""
    text = "".join(names)
    if text.isascii() and text.isprintable():
        return list(names)
    return [printable(name) for name in names]


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    if 0xDC80 <= code <= 0xDCFF:  # a byte that was not UTF-8
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
