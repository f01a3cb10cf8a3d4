"""What the chunks of a dataset take in a file, by the indexes that HDF5 has for them since 1.10.

https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html, sections IV.A.2.i (layout) and
VII (indexes). All chunks are of one size, unless they are filtered: then the index has their sizes.
"""

from __future__ import annotations

import struct
from itertools import islice
from math import prod
from typing import TYPE_CHECKING

from scopecli.binary.hdf5 import btree2
from scopecli.binary.hdf5.pages import CHECKSUM, UNDEFINED, LibraryNeededError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.binary.hdf5.pages import Pages
    from scopecli.errors import DamagedFileError

_HEAD = struct.Struct("<BBBBB")  # version, class, flags, dimensions and one more, bytes in each
_MAX_RANK = 32
_ADDRESS = struct.Struct("<Q")
_NOWHERE = _ADDRESS.pack(UNDEFINED)
_SINGLE, _IMPLICIT, _FIXED, _EXTENSIBLE, _TREE = 1, 2, 3, 4, 5
# Between the kind of an index and its address: how it was made, which it says itself, too.
_MADE = {_SINGLE: 0, _IMPLICIT: 0, _FIXED: 1, _EXTENSIBLE: 5, _TREE: 6}
_FILTERED_SINGLE = 0x02
_SINGLE_SIZE = struct.Struct("<Q4x")  # size, filters that were left out
_MASK = 4  # bytes for these
_NARROW_SIZES = 4  # the last version of the layout in which a size takes as little as it needs

# Magic, version; client, bytes in an element. Then bits of a page's number of elements; elements;
# block.
_START = struct.Struct("<4sBBB")
_FIXED_REST = struct.Struct("<BQQ")
# Or bits of the number of elements; elements in the index itself, elements in the smallest block,
# blocks in the first group that has a table; bits as above; what there is of all; index.
_EXTENSIBLE_REST = struct.Struct("<5B6QQ")
_BLOCK = struct.Struct("<4sBBQ")  # magic, version, client, header
_CLIENTS = _PLAIN, _FILTERED = 0, 1
_MAX_BITS = 64


def stored(pages: Pages, layout: bytes, shape: tuple[int, ...]) -> int:
    """Bytes of all chunks together, by a layout message of version 4 or, since HDF5 2.0, 5.

    Raises:
        DamagedFileError: the index is not in the file, or contradicts itself.
        LibraryNeededError: it is of a kind that is not read here.
        struct.error: the message is cut short.
    """
    version, _, flags, dimensions, width = _HEAD.unpack_from(layout)
    if not 1 < dimensions <= _MAX_RANK + 1 or not 0 < width <= _ADDRESS.size:
        raise LibraryNeededError
    at = _HEAD.size + dimensions * width
    extents = [
        int.from_bytes(layout[i : i + width], "little") for i in range(_HEAD.size, at, width)
    ]
    kind = layout[at]
    if kind not in _MADE or len(shape) != dimensions - 1 or not all(extents):
        raise LibraryNeededError
    at += 1 + _MADE[kind]
    single = kind == _SINGLE and flags & _FILTERED_SINGLE
    size = _SINGLE_SIZE.unpack_from(layout, at)[0] if single else prod(extents)
    (address,) = _ADDRESS.unpack_from(layout, at + (_SINGLE_SIZE.size if single else 0))
    if address == UNDEFINED:
        return 0
    if kind == _IMPLICIT:
        return int(size) * prod(-(-n // chunk) for n, chunk in zip(shape, extents, strict=False))
    if kind == _SINGLE:
        return int(size)
    if kind == _TREE:
        return _in_tree(pages, address, size, len(shape), _size_width(version, size))
    index = _Array(pages, address, size)
    parts = index.fixed() if kind == _FIXED else index.extensible()
    return sum(map(index.stored, parts))


def _size_width(version: int, chunk: int) -> int:
    """Bytes of the size of a filtered chunk."""
    if version > _NARROW_SIZES:
        return _ADDRESS.size
    # One more than the largest needs, if nothing is made larger by filters.
    return min(1 + (chunk.bit_length() + 7) // 8, _ADDRESS.size)


def _in_tree(pages: Pages, address: int, chunk: int, rank: int, width: int) -> int:
    """Bytes of the chunks in a B-tree of version 2: with their sizes, of `width` bytes, or not."""
    kind = pages.read(address, _START.size)[-2]
    places = 8 * rank
    if kind != btree2.FILTERED_CHUNKS:
        plain = struct.Struct(f"<8s{places}x")
        return chunk * sum(1 for _ in btree2.records(pages, address, btree2.CHUNKS, plain))
    filtered = struct.Struct(f"<8x{width}s{_MASK + places}x")
    found = btree2.records(pages, address, kind, filtered)
    return sum(int.from_bytes(size, "little") for (size,) in found)


class _Array:
    """An array of chunks: of each its address, and where they are filtered its size and a mask."""

    def __init__(self, pages: Pages, address: int, chunk: int) -> None:
        self._pages = pages
        self._address = address
        self._chunk = chunk
        self._client = _PLAIN
        self._width = _ADDRESS.size
        self._page = 0

    def stored(self, elements: bytes) -> int:
        """Bytes of the chunks that there are."""
        width, end = self._width, self._width - _MASK
        starts = range(0, len(elements), width)
        there = [at for at in starts if elements[at : at + _ADDRESS.size] != _NOWHERE]
        if self._client == _PLAIN:
            return len(there) * self._chunk
        sizes = (elements[at + _ADDRESS.size : at + end] for at in there)
        return sum(int.from_bytes(size, "little") for size in sizes)

    def fixed(self) -> Iterator[bytes]:
        """The elements of an array whose length is known."""
        bits, count, block = self._header(b"FAHD", _FIXED_REST)
        self._set_page(bits)
        if block == UNDEFINED:
            return
        if count * self._width > self._pages.size:
            raise self._damaged(f"has {count} chunks")
        pages = -(-count // self._page)
        used = b""
        if pages > 1:
            used = self._pages.read(block + _BLOCK.size, (pages + 7) // 8)
        yield from self._elements(block, b"FADB", len(used), count, used)

    def extensible(self) -> Iterator[bytes]:
        """The elements of an array that can grow: its blocks are the larger the later they come."""
        bits, first, smallest, tabled, page_bits, *_, index = self._header(
            b"EAHD", _EXTENSIBLE_REST
        )
        self._set_page(page_bits)
        if not smallest or not tabled or smallest & (smallest - 1) or tabled & (tabled - 1):
            raise self._damaged("has blocks of sizes that cannot be")
        if index == UNDEFINED:
            return
        place = (bits + 7) // 8
        groups = 1 + bits - (smallest.bit_length() - 1)
        direct = 2 * (tabled.bit_length() - 1)  # groups whose blocks are told in the index itself
        blocks = 2 * (tabled - 1)
        tables = max(groups - direct, 0)
        data = self._block(index, b"EAIB", 0, first * self._width, 8 * (blocks + tables))
        yield data[: first * self._width]
        addresses = _ADDRESS.iter_unpack(data[first * self._width :])
        for group in range(direct):
            for (block,) in islice(addresses, 1 << group // 2):
                yield from self._elements(block, b"EADB", place, smallest << (group + 1) // 2, b"")
        for group, (table,) in enumerate(addresses, direct):
            if table != UNDEFINED:
                yield from self._in_group(
                    table, place, 1 << group // 2, smallest << (group + 1) // 2
                )

    def _in_group(self, table: int, place: int, blocks: int, count: int) -> Iterator[bytes]:
        """The elements of the blocks that a table tells."""
        used = (count // self._page + 7) // 8 if count > self._page else 0
        data = self._block(table, b"EASB", place, blocks * used, blocks * _ADDRESS.size)
        addresses = _ADDRESS.iter_unpack(data[blocks * used :])
        for number, (block,) in enumerate(addresses):
            pages = data[number * used : (number + 1) * used]
            yield from self._elements(block, b"EADB", place, count, pages)

    def _header(self, magic: bytes, rest: struct.Struct) -> tuple[int, ...]:
        """What a header says behind client and width, which are kept."""
        header = self._pages.checked(self._address, _START.size + rest.size + CHECKSUM)
        found, version, self._client, self._width = _START.unpack_from(header)
        smallest = _ADDRESS.size + (1 + _MASK if self._client == _FILTERED else 0)
        if (found, version) != (magic, 0) or self._client not in _CLIENTS or self._width < smallest:
            raise self._damaged("is none, or of another kind")
        return rest.unpack_from(header, _START.size)

    def _set_page(self, bits: int) -> None:
        """Remember how many elements a page has."""
        if bits > _MAX_BITS:
            raise self._damaged("has pages of a size that cannot be")
        self._page = 1 << bits

    def _elements(
        self, block: int, magic: bytes, extra: int, count: int, used: bytes
    ) -> Iterator[bytes]:
        """The elements of a block: in one, or in those of its pages that a bitmap names."""
        if block == UNDEFINED:
            return
        if count <= self._page:
            yield self._block(block, magic, extra, count * self._width)
            return
        self._block(block, magic, extra, 0)
        at = block + _BLOCK.size + extra + CHECKSUM
        for number in range(8 * len(used)):
            here = min(self._page, count - number * self._page) * self._width
            if here > 0 and used[number // 8] & 0x80 >> number % 8:
                yield self._pages.checked(at, here + CHECKSUM)[:-CHECKSUM]
            at += here + CHECKSUM

    def _block(self, address: int, magic: bytes, extra: int, *parts: int) -> bytes:
        """What is in a block behind its head, and behind what that has more."""
        head = _BLOCK.size + extra
        data = self._pages.checked(address, head + sum(parts) + CHECKSUM)
        if not data.startswith(_BLOCK.pack(magic, 0, self._client, self._address)):
            raise self._pages.damaged("no block of this index is here", address)
        return data[head:-CHECKSUM]

    def _damaged(self, problem: str) -> DamagedFileError:
        return self._pages.damaged(f"an index of chunks {problem}", self._address)
