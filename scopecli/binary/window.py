"""Protobuf messages in a file of any size, seen through a small window.

A frozen graph of a gigabyte is names, types and shapes between long runs of numbers. Fields are
visited at their offsets and what is skipped is never read: the window is filled again behind it.
The file is opened for each fill and not kept open, so a model holds no file that somebody would
have to close.
https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.binary.protobuf.wire import BYTES, FIXED32, FIXED64, VARINT, fields, varint
from scopecli.binary.source import Source
from scopecli.errors import DamagedFileError, TruncatedError

if TYPE_CHECKING:
    from collections.abc import Iterator

BLOCK = 1 << 16
_WHOLE = 1 << 20  # a smaller file is read at once
_HEADER = 20  # a tag and a number or length, of ten bytes each at the most
_WIDTHS = {FIXED32: 4, FIXED64: 8}


class Window:
    """The bytes of a file by offset.

    Attributes:
        path: the file; errors name it.
        size: bytes in it when it was opened first.
    """

    __slots__ = ("_data", "_start", "path", "size")

    def __init__(self, path: str, data: bytes | None = None) -> None:
        """Look at a file; or at `data`, which stands for it.

        Raises:
            PathError: missing, not permitted, or not a regular file.
        """
        self.path = path
        self._start = 0
        if data is None:
            with Source(path) as source:
                self.size = source.size
                self._data = source.head(self.size if self.size <= _WHOLE else BLOCK)
        else:
            self.size = len(data)
            self._data = data

    def block(self, at: int, need: int) -> tuple[bytes, int]:
        """Bytes that are in memory, and the offset of their first: `need` of them from `at` on.

        Raises:
            DamagedFileError: so many are not there.
        """
        start = self._start
        if at < start or at + need > start + len(self._data):
            with Source(self.path) as source:
                self._data = source.read(at, max(need, min(BLOCK, self.size - at)))
            start = self._start = at
        return self._data, start

    def read(self, start: int, end: int) -> bytes:
        """The bytes from `start` to `end`.

        Raises:
            DamagedFileError: they are not there.
        """
        if end - start > BLOCK and (start < self._start or end > self._start + len(self._data)):
            with Source(self.path) as source:
                return source.read(start, end - start)
        data, base = self.block(start, end - start)
        return data[start - base : end - base]

    def fields(self, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
        """The fields of the message in this range, as `wire.fields` gives them.

        Raises:
            DamagedFileError: a field runs past `end`, or has a wire type that proto3 does not use.
        """
        if end - start > BLOCK:
            return self._fields_of_long(start, end)
        data, base = self.block(start, end - start)
        return fields(data, start - base, end - base, base)

    def _fields_of_long(self, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
        while start < end:
            number, kind, a, b, start = self.field(start, end)
            yield number, kind, a, b

    def field(self, at: int, end: int) -> tuple[int, int, int, int, int]:
        """The one field at `at`, in a message that ends at `end`; last, the offset behind it.

        Raises:
            DamagedFileError: it runs past `end`, or has a wire type that proto3 does not use.
        """
        data, base = self.block(at, min(_HEADER, end - at))
        stop = min(end - base, len(data))
        tag, position = varint(data, at - base, stop)
        number, kind = tag >> 3, tag & 7
        if number and kind == VARINT:
            value, position = varint(data, position, stop)
            return number, kind, value, 0, base + position
        if number and kind == BYTES:
            length, position = varint(data, position, stop)
            first = base + position
            if length <= end - first:
                return number, kind, first, first + length, first + length
            problem = f"field {number} has {length} bytes where {end - first} are left"
            raise TruncatedError(problem, where=f"offset {at}")
        width = _WIDTHS.get(kind, 0)
        if not number or not width or position + width > stop:
            problem = f"no field can start with {data[at - base : position].hex(' ')}"
            raise DamagedFileError(problem, where=f"offset {at}")
        value = int.from_bytes(data[position : position + width], "little")
        return number, kind, value, 0, base + position + width

    def text(self, start: int, end: int) -> str:
        """A string field. Bytes that are not UTF-8 survive as surrogates."""
        return self.read(start, end).decode("utf-8", "surrogateescape")
