"""FlatBuffers, looked into where they are.

Tables refer to one another by offsets, so what belongs together may be anywhere in the file. Each
offset is checked by reading there; pages that were read stay in memory for a while.
https://flatbuffers.dev/internals/
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from scopecli.errors import DamagedFileError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.binary.source import Source

_PAGE = 1 << 16
_MOST_PAGES = 64
_MAX_CHARACTERS = 1 << 28  # of all texts together: one could be referred to by every table
_VTABLE_HEADER = 4


class FlatBuffer:
    """A file, or another source, with tables in it.

    Attributes:
        source: where the bytes are.
    """

    __slots__ = ("_characters", "_pages", "_vtables", "source")

    def __init__(self, source: Source) -> None:
        """Look into a source, which must stay open as long."""
        self.source = source
        self._pages: dict[int, bytes] = {}
        self._vtables: dict[int, tuple[int, ...]] = {}
        self._characters = 0

    def root(self) -> Table:
        """The table that everything hangs on.

        Raises:
            DamagedFileError: there is none.
        """
        return Table(self, self.offset(0))

    def read(self, at: int, length: int) -> bytes:
        """So many bytes from `at`.

        Raises:
            DamagedFileError: they are not there.
        """
        number, start = divmod(at, _PAGE)
        if start + length > _PAGE or at < 0:
            return self.source.read(at, length)
        page = self._pages.get(number)
        if page is None:
            if len(self._pages) >= _MOST_PAGES:
                del self._pages[next(iter(self._pages))]
            first = number * _PAGE
            page = self.source.read(first, max(min(_PAGE, self.source.size - first), 0))
            self._pages[number] = page
        if start + length > len(page):
            return self.source.read(at, length)  # which says what is missing
        return page[start : start + length]

    def number(self, at: int, layout: str) -> int:
        """One whole number as `struct` writes it.

        Raises:
            DamagedFileError: it is not there.
        """
        (value,) = struct.unpack(layout, self.read(at, struct.calcsize(layout)))
        return int(value)

    def offset(self, at: int) -> int:
        """What the offset at `at` leads to.

        Raises:
            DamagedFileError: it leads nowhere.
        """
        return at + self.number(at, "<I")

    def vector(self, at: int, size: int) -> tuple[int, int]:
        """First element of the vector at `at`, whose elements have so many bytes; their number.

        Raises:
            DamagedFileError: it is longer than the file.
        """
        count = self.number(at, "<I")
        if count * size > self.source.size - at - 4:
            raise DamagedFileError(
                f"has a vector of {count} elements", path=self.source.name, where=f"offset {at}"
            )
        return at + 4, count

    def text(self, at: int) -> str:
        """A string. Bytes that are not UTF-8 survive as surrogates.

        Raises:
            DamagedFileError: it is longer than the file.
        """
        start, length = self.vector(at, 1)
        self._characters += length
        if self._characters > _MAX_CHARACTERS:
            raise DamagedFileError("has more names than can be read", path=self.source.name)
        return self.read(start, length).decode("utf-8", "surrogateescape")

    def vtable(self, at: int) -> tuple[int, ...]:
        """Where the fields of a table are, from its start; 0 where it has not got one.

        Raises:
            DamagedFileError: it is no such list.
        """
        found = self._vtables.get(at)
        if found is None:
            size = self.number(at, "<H")
            if size < _VTABLE_HEADER or size % 2:
                raise DamagedFileError(
                    f"has a list of fields of {size} bytes",
                    path=self.source.name,
                    where=f"offset {at}",
                )
            found = struct.unpack(f"<{size // 2}H", self.read(at, size))[2:]
            self._vtables[at] = found
        return found


class Table:
    """One table, whose fields are known by their place in the schema.

    Attributes:
        at: its offset.
    """

    __slots__ = ("_buffer", "_fields", "at")

    def __init__(self, buffer: FlatBuffer, at: int) -> None:
        """The table at an offset.

        Raises:
            DamagedFileError: there is none.
        """
        self.at = at
        self._buffer = buffer
        self._fields = buffer.vtable(at - buffer.number(at, "<i"))

    def place(self, field: int) -> int | None:
        """Where a field is; None where the table has not got it."""
        inside = self._fields[field] if field < len(self._fields) else 0
        return self.at + inside if inside else None

    def number(self, field: int, layout: str, default: int = 0) -> int:
        """A whole number."""
        at = self.place(field)
        return default if at is None else self._buffer.number(at, layout)

    def text(self, field: int) -> str:
        """A string, or an empty one where there is none."""
        at = self.place(field)
        return "" if at is None else self._buffer.text(self._buffer.offset(at))

    def table(self, field: int) -> Table | None:
        """A table that the field refers to."""
        at = self.place(field)
        return None if at is None else Table(self._buffer, self._buffer.offset(at))

    def tables(self, field: int) -> Iterator[Table]:
        """The tables of a vector."""
        start, count = self.vector(field, 4)
        for at in range(start, start + 4 * count, 4):
            yield Table(self._buffer, self._buffer.offset(at))

    def vector(self, field: int, size: int) -> tuple[int, int]:
        """First element of a vector, whose elements have so many bytes; their number."""
        at = self.place(field)
        return (0, 0) if at is None else self._buffer.vector(self._buffer.offset(at), size)

    def numbers(self, field: int, layout: str, most: int) -> tuple[float, ...] | None:
        """The numbers of a vector; None where there are more than `most`."""
        size = struct.calcsize(f"<{layout}")
        start, count = self.vector(field, size)
        if count > most:
            return None
        return struct.unpack(f"<{count}{layout}", self._buffer.read(start, count * size))
