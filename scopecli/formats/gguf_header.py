"""The header of a GGUF file: metadata and what is known of each tensor.

https://github.com/ggml-org/ggml/blob/master/docs/gguf.md#file-structure

Counts and lengths have 32 bits in version 1 and 64 since. All numbers are big-endian in files for
such machines, which the bytes of the version tell.
"""

from __future__ import annotations

import struct
from math import isfinite
from typing import TYPE_CHECKING, Literal, NamedTuple, cast

from scopecli.errors import DamagedFileError, UnsupportedError
from scopecli.formats.gguf_layout import ARRAY, MAGIC, SCALARS, STRING, VALUE_TYPES

if TYPE_CHECKING:
    from scopecli.binary.source import Source

_VERSIONS = range(1, 4)
_MAX_RANK = 64
_MOST_ITEMS = 64  # of an array in the metadata; a vocabulary has hundreds of thousands
_MAX_NESTING = 8
_SMALLEST_TENSOR = 4 + 4 + 4 + 8  # empty name, no dimensions, type, offset
_SMALLEST_VALUE = 4 + 4 + 1
_BLOCK = 1 << 20


class TensorInfo(NamedTuple):
    """One entry of the table of tensors.

    Attributes:
        name: unique in the file.
        shape: outermost dimension first, so the other way round than in the file.
        type: number of its `ggml_type`.
        offset: of its values, from where all values start.
    """

    name: str
    shape: tuple[int, ...]
    type: int
    offset: int


class Header(NamedTuple):
    """What stands before the values.

    Attributes:
        version: 1 to 3.
        big_endian: whether numbers and values are so.
        metadata: by key; a long array as the words that say how long.
        tensors: in the file's order.
        end: offset behind the last entry.
    """

    version: int
    big_endian: bool
    metadata: dict[str, object]
    tensors: list[TensorInfo]
    end: int


def read(source: Source) -> Header:
    """Read the header of a file.

    Raises:
        DamagedFileError: it is cut short, or contradicts itself.
        UnsupportedError: its version is not known.
    """
    start = source.read(0, 8)
    little, big = (int.from_bytes(start[4:], order) for order in ("little", "big"))
    if not start.startswith(MAGIC):
        raise DamagedFileError("has no GGUF header", path=source.name)
    is_big = not little & 0xFFFF
    version = big if is_big else little
    if version not in _VERSIONS:
        raise UnsupportedError(
            f"is GGUF of version {version}, and 1 to 3 are known", path=source.name
        )
    cursor = _Cursor(source, ">" if is_big else "<", "I" if version == 1 else "Q")
    tensors = cursor.count(_SMALLEST_TENSOR)
    values = cursor.count(_SMALLEST_VALUE)
    metadata: dict[str, object] = {}
    for _ in range(values):
        key = cursor.text()
        metadata[key] = _value(cursor, cursor.number("I"))
    infos = [_tensor(cursor) for _ in range(tensors)]
    return Header(version, is_big, metadata, infos, cursor.position)


def _tensor(cursor: _Cursor) -> TensorInfo:
    name = cursor.text()
    rank = cursor.number("I")
    if rank > _MAX_RANK:
        raise cursor.damaged(f"{name!r} claims {rank} dimensions")
    *sizes, kind, offset = cursor.numbers(cursor.width * rank + "IQ")
    return TensorInfo(name, tuple(reversed(sizes)), kind, offset)


def _value(cursor: _Cursor, kind: int) -> object:
    """One value of the metadata."""
    if kind == STRING:
        return cursor.text()
    if kind == ARRAY:
        return _array(cursor)
    if kind not in SCALARS:
        raise cursor.damaged(f"has a value of the unknown type {kind}")
    (value,) = cursor.unpack(SCALARS[kind])
    return value if not isinstance(value, float) or isfinite(value) else str(value)


def _array(cursor: _Cursor) -> object:
    """The items of an array, or how many there are; arrays in arrays are passed over."""
    kind, count = cursor.number("I"), cursor.count(0)
    words = f"{count} values of type {VALUE_TYPES.get(kind, kind)}"
    if kind in SCALARS:
        size = struct.calcsize(SCALARS[kind])
        if count > _MOST_ITEMS:
            cursor.skip(count * size)
            return words
        return tuple(_value(cursor, kind) for _ in range(count))
    if kind == STRING and count <= _MOST_ITEMS:
        return tuple(cursor.text() for _ in range(count))
    _skip(cursor, kind, count)
    return words


def _skip(cursor: _Cursor, kind: int, count: int) -> None:
    """Pass over the items of an array of strings or arrays."""
    waiting = [(kind, count)]
    while waiting:
        kind, count = waiting.pop()
        if kind in SCALARS:
            cursor.skip(count * struct.calcsize(SCALARS[kind]))
        elif kind == STRING:
            cursor.skip_texts(count)
        elif kind != ARRAY or len(waiting) > _MAX_NESTING:
            raise cursor.damaged(f"has an array of the unknown type {kind}")
        elif count:
            waiting += [(ARRAY, count - 1), (cursor.number("I"), cursor.count(0))]


class _Cursor:
    """Takes what follows from the file, a block at a time.

    Attributes:
        width: how `struct` writes a count or a length.
    """

    __slots__ = ("_at", "_data", "_order", "_source", "_start", "width")

    def __init__(self, source: Source, order: str, width: str) -> None:
        self._source = source
        self._order = order
        self.width = width
        self._data = b""
        self._start = 8  # behind magic and version
        self._at = 0

    @property
    def position(self) -> int:
        """Offset in the file of what comes next."""
        return self._start + self._at

    def unpack(self, layout: str) -> tuple[int | float | bool, ...]:
        """Numbers as `struct` lays them out, without padding."""
        layout = self._order + layout
        size = struct.calcsize(layout)
        self._need(size)
        found = struct.unpack_from(layout, self._data, self._at)
        self._at += size
        return found

    def numbers(self, layout: str) -> tuple[int, ...]:
        """The same where all are whole."""
        return cast("tuple[int, ...]", self.unpack(layout))

    def number(self, layout: str) -> int:
        """One whole number."""
        return self.numbers(layout)[0]

    def count(self, smallest: int) -> int:
        """How many things follow, each of them so many bytes or more."""
        count = self.number(self.width)
        if count * smallest > self._source.size - self.position:
            raise self.damaged(f"claims {count} entries")
        return count

    def text(self) -> str:
        """A string. Bytes that are not UTF-8 survive as surrogates."""
        length = self.number(self.width)
        self._need(length)
        self._at += length
        return self._data[self._at - length : self._at].decode("utf-8", "surrogateescape")

    def skip(self, length: int) -> None:
        """Pass over bytes, which must be there."""
        if length > self._source.size - self.position:
            raise self.damaged(f"claims {length} bytes more")
        self._at += length

    def skip_texts(self, count: int) -> None:
        """Pass over strings, of which a vocabulary has hundreds of thousands."""
        size = struct.calcsize(self._order + self.width)
        order: Literal["big", "little"] = "big" if self._order == ">" else "little"
        if count * size > self._source.size - self.position:
            raise self.damaged(f"claims {count} strings")
        for _ in range(count):
            at = self._at
            if at + size > len(self._data):
                self._need(size)
                at = self._at
            length = int.from_bytes(self._data[at : at + size], order)
            self._at = at + size + length
            if self._at > len(self._data):
                self._at = at + size
                self.skip(length)

    def damaged(self, problem: str) -> DamagedFileError:
        """The error for what is wrong here."""
        return DamagedFileError(
            problem,
            path=self._source.name,
            where=f"offset {self.position}",
            hint="the file is cut short or damaged: copy it again",
        )

    def _need(self, size: int) -> None:
        """Have so many bytes in memory from here on."""
        if self._at + size > len(self._data):
            left = self._source.size - self.position
            self._data = self._source.read(self.position, max(size, min(_BLOCK, left)))
            self._start, self._at = self.position, 0
