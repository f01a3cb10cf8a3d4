"""MessagePack, walked token by token in place.

A map or array is a token that says how many things follow; texts, bytes and extensions are tokens
with the place of their contents. So nothing nests here, and nothing is copied that nobody asks for.
https://github.com/msgpack/msgpack/blob/master/spec.md
"""

from __future__ import annotations

from struct import Struct
from types import MappingProxyType
from typing import TYPE_CHECKING

from scopecli.errors import DamagedFileError, TruncatedError
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scopecli.binary.window import Window

MAP, ARRAY, TEXT, BYTES, EXT, PLAIN = range(6)

_LONGEST_HEADER = 9

# First bytes that say all: kind, value, and how long the contents behind them are.
_SMALL: Mapping[int, tuple[int, bool | int | None, int]] = MappingProxyType(
    {
        **{first: (PLAIN, first, 0) for first in range(0x80)},
        **{0x80 + count: (MAP, count, 0) for count in range(16)},
        **{0x90 + count: (ARRAY, count, 0) for count in range(16)},
        **{0xA0 + length: (TEXT, 0, length) for length in range(32)},
        0xC0: (PLAIN, None, 0),
        0xC2: (PLAIN, False, 0),
        0xC3: (PLAIN, True, 0),
        **{0x100 + number: (PLAIN, number, 0) for number in range(-32, 0)},
    }
)

# The others: kind, and the count, length or number that follows.
_HEADERS: Mapping[int, tuple[int, Struct]] = MappingProxyType(
    {
        first: (kind, Struct(layout))
        for first, kind, layout in (
            (0xC4, BYTES, ">B"),
            (0xC5, BYTES, ">H"),
            (0xC6, BYTES, ">I"),
            (0xC7, EXT, ">B"),
            (0xC8, EXT, ">H"),
            (0xC9, EXT, ">I"),
            (0xCA, PLAIN, ">f"),
            (0xCB, PLAIN, ">d"),
            (0xCC, PLAIN, ">B"),
            (0xCD, PLAIN, ">H"),
            (0xCE, PLAIN, ">I"),
            (0xCF, PLAIN, ">Q"),
            (0xD0, PLAIN, ">b"),
            (0xD1, PLAIN, ">h"),
            (0xD2, PLAIN, ">i"),
            (0xD3, PLAIN, ">q"),
            (0xD9, TEXT, ">B"),
            (0xDA, TEXT, ">H"),
            (0xDB, TEXT, ">I"),
            (0xDC, ARRAY, ">H"),
            (0xDD, ARRAY, ">I"),
            (0xDE, MAP, ">H"),
            (0xDF, MAP, ">I"),
        )
    }
)
_FIXED_EXT = range(0xD4, 0xD9)  # of 1, 2, 4, 8 and 16 bytes
_CONTAINERS = frozenset({MAP, ARRAY})
_COPY = "the file is cut short or damaged: copy it again"


class Token(NamedTuple):
    """One token.

    Attributes:
        kind: `MAP`, `ARRAY`, `TEXT`, `BYTES`, `EXT` or `PLAIN`.
        value: of `PLAIN`, a number, truth value or None; how many pairs or items follow; the type
            of an extension.
        start: where the contents of a text, of bytes or of an extension begin.
        end: behind the token with its contents.
    """

    kind: int
    value: float | bool | None
    start: int
    end: int

    @property
    def inside(self) -> int:
        """How many tokens or things follow directly inside."""
        return int(self.value or 0) * (2 if self.kind == MAP else 1)


def token(window: Window, at: int, end: int) -> Token:
    """The token at `at`, which must end at `end` or before.

    Raises:
        DamagedFileError: it is cut short, or no such token exists.
    """
    if at >= end:
        raise _truncated("ends where a value is due", at)
    data, base = window.block(at, min(_LONGEST_HEADER, end - at))
    first = data[at - base]
    small = _SMALL.get(first)
    if small is not None:
        kind, value, length = small
        found = Token(kind, value, at + 1, at + 1 + length)
    elif first in _FIXED_EXT:
        kind = _signed(data, at - base + 1)
        found = Token(EXT, kind, at + 2, at + 2 + (1 << (first - _FIXED_EXT.start)))
    elif first in _HEADERS:
        found = _long(data, at - base, at, first)
    else:
        raise DamagedFileError("has a byte that starts no value", where=f"offset {at}", hint=_COPY)
    left = end - found.end
    if left < 0 or (found.kind in _CONTAINERS and found.inside > left):
        raise _truncated("has a value that is longer than what is left", at)
    return found


def _long(data: bytes, place: int, at: int, first: int) -> Token:
    """A token with a count, length or number behind its first byte."""
    kind, layout = _HEADERS[first]
    size = layout.size
    if place + 1 + size > len(data):
        raise _truncated("ends inside a value", at)
    (value,) = layout.unpack_from(data, place + 1)
    start = at + 1 + size
    if kind in {TEXT, BYTES}:
        return Token(kind, 0, start, start + value)
    if kind == EXT:
        return Token(kind, _signed(data, place + 1 + size), start + 1, start + 1 + value)
    return Token(kind, value, start, start)


def _signed(data: bytes, place: int) -> int:
    """The type of an extension; 0, which is nobody's, where the data ends before it."""
    return int.from_bytes(data[place : place + 1], "big", signed=True)


def _truncated(problem: str, at: int) -> TruncatedError:
    return TruncatedError(problem, where=f"offset {at}", hint=_COPY)
