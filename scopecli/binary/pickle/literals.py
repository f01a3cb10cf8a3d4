"""How the operations of a pickle write texts and numbers."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_MOST_INTEGER_BYTES = 255
_MOST_DIGITS = 1000


def text(data: bytes) -> str:
    """A text of Python 3, which may have halves of surrogate pairs in it."""
    return data.decode("utf-8", "surrogatepass")


def old_text(data: bytes) -> str:
    """A `str` of Python 2, which may hold any bytes."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def quoted(line: bytes) -> str:
    """A text of Python 2 with its quotes and escapes.

    Raises:
        ValueError: it is none.
    """
    return old_text(unquoted(line))


def unquoted(line: bytes) -> bytes:
    """The bytes of a text of Python 2 with its quotes and escapes.

    Raises:
        ValueError: it is none.
    """
    found = line.strip()
    if len(found) < 2 or found[:1] not in {b"'", b'"'} or found[-1:] != found[:1]:
        raise ValueError(line)
    unescape: Callable[[bytes], tuple[bytes, int]] = codecs.escape_decode
    return unescape(found[1:-1])[0]


def escaped(line: bytes) -> str:
    """A text of protocol 0."""
    return line.decode("raw-unicode-escape")


def integer(data: bytes) -> int:
    """A number of any length, within reason.

    Raises:
        ValueError: it is longer.
    """
    if len(data) > _MOST_INTEGER_BYTES:
        raise ValueError(data)
    return int.from_bytes(data, "little", signed=True)


def decimal(line: bytes) -> int | bool:
    """A number, or one of the two words of protocol 0 that are written as one.

    Raises:
        ValueError: it is none, or longer than is reasonable.
    """
    if len(line) > _MOST_DIGITS:
        raise ValueError(line)
    if line in {b"00", b"01"}:  # how protocol 0 writes False and True
        return line == b"01"
    return int(line.rstrip(b"L"))
