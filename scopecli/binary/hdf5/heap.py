"""HDF5's fractal heaps, which hold the links of large groups, and attributes where there are many.

https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html, section III.G. Objects are in
blocks, and a table leads to those, row by row: blocks of the first two rows have one size, those of
each further row twice that of the row before. Where they would be too large they are tables again.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from itertools import islice
from typing import TYPE_CHECKING

from scopecli.binary.hdf5 import btree2
from scopecli.binary.hdf5.pages import CHECKSUM, UNDEFINED, LibraryNeededError
from scopecli.errors import UnsupportedError
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from scopecli.binary.hdf5.pages import Pages
    from scopecli.errors import DamagedFileError

_START = struct.Struct("<4sBHHB")  # magic, version; length of identifiers and of filters; flags
# Behind that: the largest object of a block; next huge object, B-tree of these; free space, and
# where that is told; bytes in all, allocated, and up to where; objects in blocks; bytes and number
# of huge and of tiny ones. Of the table: blocks in a row, sizes of the first and of the largest;
# bits of an offset; rows at first; root, rows.
_REST = struct.Struct("<I2Q2Q4Q4QH2QHHQH")
_FILTERED = 12  # bytes of the root's size and of its filters' mask
_CHECKED_BLOCKS = 0x02
_MAGIC, _BLOCK_MAGIC, _TABLE_MAGIC = b"FRHP", b"FHDB", b"FHIB"
_HEAD = struct.Struct("<4sBQ")  # magic, version, heap; behind it the place in the heap
_ADDRESS = struct.Struct("<Q")
_LARGEST = 1 << 20  # libhdf5 makes none of more than 64 kB

# In the first byte of an identifier: version and kind; the length of a tiny object, less one.
_KIND, _MANAGED, _HUGE, _TINY, _TINY_LENGTH = 0xF0, 0x00, 0x10, 0x20, 0x0F
_HUGE_OBJECT = struct.Struct("<QQQ")  # address, length, identifier


class _Block(NamedTuple):
    """A block that holds objects: where in the heap, how large, and where in the file."""

    start: int
    size: int
    address: int


class _Table(NamedTuple):
    """How blocks are arranged.

    Attributes:
        width: blocks in a row.
        first: bytes in a block of the first row.
        largest: bytes in the largest block that holds objects.
        bits: of an offset in the heap.
    """

    width: int
    first: int
    largest: int
    bits: int

    def is_sound(self, rows: int) -> bool:
        """Whether there can be such a table with so many rows."""
        sizes = (self.width, self.first, self.largest)
        return (
            all(size and not size & (size - 1) for size in sizes)
            and self.first <= self.largest
            and self.bits <= 64
            and rows <= self.rows(1 << self.bits)
        )

    def size(self, row: int) -> int:
        """Bytes in a block of a row."""
        return self.first << max(row - 1, 0)

    def rows(self, size: int) -> int:
        """Rows of a table that stands for so many bytes of the heap."""
        return (size // (self.width * self.first)).bit_length()


class Heap:
    """One heap, whose blocks are read when something in them is asked for."""

    def __init__(self, pages: Pages, address: int, width: int) -> None:
        """Read what blocks there are, and where.

        Args:
            pages: the file.
            address: of the heap.
            width: bytes in an identifier.

        Raises:
            DamagedFileError: it is not there, or contradicts itself.
            LibraryNeededError: its blocks are filtered.
        """
        self._pages = pages
        self._address = address
        magic, version, length, filters, flags = _START.unpack(pages.read(address, _START.size))
        if (magic, version, length) != (_MAGIC, 0, width):
            raise self._damaged("is none, or of another kind")
        size = _START.size + _REST.size + (_FILTERED + filters if filters else 0)
        header = pages.checked(address, size + CHECKSUM)
        if filters:
            raise LibraryNeededError
        fields = _REST.unpack_from(header, _START.size)
        most, self._huge_tree, (root, rows) = fields[0], fields[2], fields[-2:]
        self._table = table = _Table(*fields[13:17])
        if not table.is_sound(rows):
            raise self._damaged("has blocks in a table that cannot be")
        if table.largest > _LARGEST:
            problem = f"has a heap with blocks of {table.largest} bytes"
            raise UnsupportedError(problem, path=pages.name, where=f"offset {address}")
        self._checksum = CHECKSUM if flags & _CHECKED_BLOCKS else 0
        self._offset_width = (table.bits + 7) // 8
        self._length_width = (min(table.largest, most).bit_length() + 6) // 8
        self._blocks = sorted(self._found(root, rows)) if root != UNDEFINED else []
        self._contents: dict[int, bytes] = {}
        self._huge: dict[int, tuple[int, int]] | None = None

    def objects(self, identifiers: Iterable[bytes]) -> Iterator[bytes]:
        """The objects that have these identifiers.

        Raises:
            DamagedFileError: one of them is not in the heap.
        """
        number, contents, claim = int.from_bytes, self._contents, self._pages.claim
        starts = [block.start for block in self._blocks]
        middle = 1 + self._offset_width
        end = middle + self._length_width
        first = _HEAD.size + self._offset_width + self._checksum
        for identifier in identifiers:
            if identifier[0] & _KIND:
                yield self._unmanaged(identifier)
                continue
            offset = number(identifier[1:middle], "little")
            length = number(identifier[middle:end], "little")
            i = bisect_right(starts, offset) - 1
            content = contents.get(i)
            if content is None:
                content = contents[i] = self._content(i)
            at = offset - starts[i]
            found = content[at : at + length]
            if at < first or len(found) < length:
                raise self._damaged(f"has no {length} bytes at {offset}")
            claim(self._address, length)
            yield found

    def _unmanaged(self, identifier: bytes) -> bytes:
        """An object that is in no block."""
        kind = identifier[0] & _KIND
        if kind == _TINY:
            return identifier[1 : 2 + (identifier[0] & _TINY_LENGTH)]
        if kind != _HUGE:
            raise self._damaged(f"has no objects of the kind {kind >> 4}")
        if self._huge is None:
            tree = btree2.records(self._pages, self._huge_tree, btree2.HUGE_OBJECTS, _HUGE_OBJECT)
            self._huge = {key: (address, length) for address, length, key in tree}
        key = int.from_bytes(identifier[1:], "little")
        if key not in self._huge:
            raise self._damaged(f"has no large object {key}")
        return self._pages.read(*self._huge[key])

    def _found(self, root: int, rows: int) -> Iterator[_Block]:
        """The blocks that hold objects, by walking through all tables."""
        table = self._table
        if not rows:
            yield _Block(0, table.first, root)
            return
        pending = [(0, rows, root)]
        while pending:
            start, rows, address = pending.pop()
            length = rows * table.width * _ADDRESS.size
            head = _HEAD.size + self._offset_width
            data = self._pages.checked(address, head + length + CHECKSUM)
            self._check_head(data, _TABLE_MAGIC, start, address)
            children = _ADDRESS.iter_unpack(data[head : head + length])
            for row in range(rows):
                size = table.size(row)
                for (child,) in islice(children, table.width):
                    if child == UNDEFINED:
                        pass
                    elif size <= table.largest:
                        yield _Block(start, size, child)
                    else:
                        pending.append((start, table.rows(size), child))
                    start += size

    def _content(self, i: int) -> bytes:
        """The bytes of a block, from its head on, which is where offsets count from."""
        if i < 0:
            raise self._damaged("has no block where an object should be")
        block = self._blocks[i]
        data = self._pages.read(block.address, block.size)
        self._check_head(data, _BLOCK_MAGIC, block.start, block.address)
        if self._checksum:
            at = _HEAD.size + self._offset_width
            behind = at + CHECKSUM
            # It is that of a block in which it is zero.
            self._pages.verify(
                block.address, data[:at] + bytes(CHECKSUM) + data[behind:] + data[at:behind]
            )
        return data

    def _check_head(self, data: bytes, magic: bytes, start: int, address: int) -> None:
        place = start.to_bytes(self._offset_width, "little")
        if data[: _HEAD.size + len(place)] != _HEAD.pack(magic, 0, self._address) + place:
            raise self._pages.damaged("no block of this heap is here", address)

    def _damaged(self, problem: str) -> DamagedFileError:
        return self._pages.damaged(f"a heap {problem}", self._address)
