"""The header of a GGUF file: metadata and what is known of each tensor.

https://github.com/ggml-org/ggml/blob/master/docs/gguf.md#file-structure

Counts and lengths have 32 bits in version 1 and 64 since. All numbers are big-endian in files for
such machines, which the bytes of the version tell.
"""

from __future__ import annotations

from math import isfinite
from struct import Struct, error
from typing import TYPE_CHECKING

from scopecli.errors import DamagedFileError, UnsupportedError
from scopecli.formats.gguf.layout import ARRAY, MAGIC, SCALARS, STRING, VALUE_TYPES
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.binary.source import Source

_VERSIONS = range(1, 4)
_MAX_RANK = 64
_MOST_ITEMS = 64  # of an array in the metadata; a vocabulary has hundreds of thousands
_MAX_NESTING = 8
_SMALLEST_TENSOR = 4 + 4 + 4 + 8  # empty name, no dimensions, type, offset
_SMALLEST_VALUE = 4 + 4 + 1
_BLOCK = 1 << 20
_LONGEST_TEXT = 1 << 26


class TensorType(NamedTuple):
    """What many tensors have in common.

    Attributes:
        shape: outermost dimension first, so the other way round than in the file.
        number: of its `ggml_type`.
    """

    shape: tuple[int, ...]
    number: int


class TensorInfo(NamedTuple):
    """One entry of the table of tensors.

    Attributes:
        name: unique in the file.
        type: the same object for all tensors of a shape and type.
        offset: of its values, from where all values start.
    """

    name: str
    type: TensorType
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
        if key in metadata:  # refused by llama.cpp and by the gguf package too
            raise cursor.damaged(f"has two values called {key!r}")
        metadata[key] = _value(cursor, cursor.small())
    infos = list(cursor.tensors(tensors))
    return Header(version, is_big, metadata, infos, cursor.position)


def _value(cursor: _Cursor, kind: int) -> object:
    """One value of the metadata."""
    if kind == STRING:
        return cursor.text()
    if kind == ARRAY:
        return _array(cursor)
    if kind not in SCALARS:
        raise cursor.damaged(f"has a value of the unknown type {kind}")
    value = cursor.scalar(kind)
    return value if not isinstance(value, float) or isfinite(value) else str(value)


def _array(cursor: _Cursor) -> object:
    """The items of an array, or how many there are; arrays in arrays are passed over."""
    kind, count = cursor.small(), cursor.count(0)
    words = f"{count} values of type {VALUE_TYPES.get(kind, kind)}"
    if kind in SCALARS:
        if count > _MOST_ITEMS:
            cursor.skip(count * cursor.size(kind))
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
            cursor.skip(count * cursor.size(kind))
        elif kind == STRING:
            cursor.skip_texts(count)
        elif kind != ARRAY or len(waiting) > _MAX_NESTING:
            raise cursor.damaged(f"has an array of the unknown type {kind}")
        elif count:
            waiting += [(ARRAY, count - 1), (cursor.small(), cursor.count(0))]


class _Cursor:
    """Takes what follows from the file, a block at a time.

    Attributes:
        width: bytes of a count or a length.
    """

    __slots__ = (
        "_at",
        "_code",
        "_count",
        "_data",
        "_offset",
        "_order",
        "_scalars",
        "_small",
        "_source",
        "_start",
        "width",
    )

    def __init__(self, source: Source, order: str, count: str) -> None:
        self._source = source
        self._order, self._code = order, count
        self._count = Struct(order + count)
        self._small = Struct(order + "I")
        self._offset = Struct(order + "Q")
        self._scalars = {kind: Struct(order + code) for kind, code in SCALARS.items()}
        self.width = self._count.size
        self._data = b""
        self._start = 8  # behind magic and version
        self._at = 0

    @property
    def position(self) -> int:
        """Offset in the file of what comes next."""
        return self._start + self._at

    def count(self, smallest: int) -> int:
        """How many things follow, each of them so many bytes or more."""
        count = self._number(self._count)
        if count * smallest > self._source.size - self.position:
            raise self.damaged(f"claims {count} entries")
        return count

    def small(self) -> int:
        """A number of 32 bits: a type or a rank."""
        return self._number(self._small)

    def scalar(self, kind: int) -> float | bool:
        """A value of the metadata of one of the types of a fixed size."""
        layout = self._scalars[kind]
        at = self._taken(layout.size)
        return layout.unpack_from(self._data, at)[0]  # type: ignore[no-any-return]

    def size(self, kind: int) -> int:
        """Bytes of such a value."""
        return self._scalars[kind].size

    def tensors(self, count: int) -> Iterator[TensorInfo]:
        """The table of tensors. Each distinct run of rank, dimensions and type is decoded once."""
        types: dict[bytes, TensorType] = {}
        length_at, rank_at, offset_at = (
            layout.unpack_from for layout in (self._count, self._small, self._offset)
        )
        data, at = self._data, self._at
        while count:
            name = at + self.width
            try:
                described = name + length_at(data, at)[0]
                behind = described + 8 + self.width * rank_at(data, described)[0]
                offset = offset_at(data, behind)[0]
            except (error, OverflowError):  # not all of it is in the block
                self._at = at
                data, at = self._longer()
                continue
            run = data[described:behind]
            known = types.get(run)
            if known is None:
                known = types[run] = self._type(run)
            yield TensorInfo(data[name:described].decode("utf-8", "surrogateescape"), known, offset)
            at = behind + 8
            count -= 1
        self._at = at

    def text(self) -> str:
        """A string. Bytes that are not UTF-8 survive as surrogates."""
        length = self._number(self._count)
        if length > _LONGEST_TEXT:
            raise self.damaged(f"claims a text of {length} bytes")
        at = self._taken(length)
        return self._data[at : at + length].decode("utf-8", "surrogateescape")

    def skip(self, length: int) -> None:
        """Pass over bytes, which must be there."""
        if length > self._source.size - self.position:
            raise self.damaged(f"claims {length} bytes more")
        self._at += length

    def skip_texts(self, count: int) -> None:
        """Pass over strings, of which a vocabulary has hundreds of thousands."""
        size, length_at = self.width, self._count.unpack_from
        if count * size > self._source.size - self.position:
            raise self.damaged(f"claims {count} strings")
        data, at = self._data, self._at
        for _ in range(count):
            if at + size > len(data):
                self._at = at
                at = self._taken(size)
                data = self._data
            at += size + length_at(data, at)[0]
        self._at = at
        if self.position > self._source.size:
            raise self.damaged("claims a text that ends behind the file")

    def damaged(self, problem: str) -> DamagedFileError:
        """The error for what is wrong here."""
        return DamagedFileError(
            problem,
            path=self._source.name,
            where=f"offset {self.position}",
            hint="the file is cut short or damaged: copy it again",
        )

    def _type(self, run: bytes) -> TensorType:
        """What a rank, dimensions and a type say."""
        rank = (len(run) - 8) // self.width
        if rank > _MAX_RANK:
            raise self.damaged(f"has a tensor that claims {rank} dimensions")
        _, *sizes, number = Struct(f"{self._order}I{rank}{self._code}I").unpack(run)
        return TensorType(tuple(reversed(sizes)), number)

    def _longer(self) -> tuple[bytes, int]:
        """A block from here on that is longer than what is in memory, and where it starts."""
        have, left = len(self._data) - self._at, self._source.size - self.position
        if have >= min(left, _LONGEST_TEXT):
            raise self.damaged("has a tensor that is described by more bytes than there are")
        self._data = self._source.read(self.position, min(left, max(2 * have, _BLOCK)))
        self._start, self._at = self.position, 0
        return self._data, 0

    def _number(self, layout: Struct) -> int:
        at = self._taken(layout.size)
        return layout.unpack_from(self._data, at)[0]  # type: ignore[no-any-return]

    def _taken(self, size: int) -> int:
        """Where the next so many bytes are in the block, of which they are taken."""
        at = self._at
        if at + size > len(self._data):
            left = self._source.size - self.position
            self._data = self._source.read(self.position, max(size, min(_BLOCK, left)))
            self._start, at = self.position, 0
        self._at = at + size
        return at
