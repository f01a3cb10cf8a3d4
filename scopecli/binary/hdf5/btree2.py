"""HDF5's B-trees of version 2, which say what is in fractal heaps, and where chunks are.

https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html, section III.A.2. Nodes on all
levels have records, and not only the lowest, as in those of version 1.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from scopecli.binary.hdf5.pages import CHECKSUM, UNDEFINED
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.binary.hdf5.pages import Pages

# Types of records.
HUGE_OBJECTS, LINKS_BY_NAME, ATTRIBUTES_BY_NAME, CHUNKS, FILTERED_CHUNKS = 1, 5, 8, 10, 11

# Magic, version, type; sizes of node and record; depth; when nodes are split and merged; root,
# records in it and in all.
_HEADER = struct.Struct("<4sBBIHHBBQHQ")
_HEADER_MAGIC, _LEAF_MAGIC, _INNER_MAGIC = b"BTHD", b"BTLF", b"BTIN"
_NODE = struct.Struct("<4sBB")  # magic, version, type
_ADDRESS = 8
_WIDEST = 8  # bytes of a number of records


class _Level(NamedTuple):
    """How nodes of one level are written, the lowest being 0.

    Attributes:
        magic: with which they begin.
        own: bytes for the number of records in a child; none in a leaf.
        below: bytes for that of all records below a child; none where these are the same.
    """

    magic: bytes
    own: int
    below: int

    @property
    def pointer(self) -> int:
        """Bytes for a child."""
        return _ADDRESS + self.own + self.below if self.own else 0


def records(pages: Pages, root: int, kind: int, record: struct.Struct) -> Iterator[tuple[Any, ...]]:
    """The records of a tree, in no order that is promised.

    Raises:
        DamagedFileError: a node is not there, or has other records than are told of it.
    """
    header = pages.checked(root, _HEADER.size + CHECKSUM)
    magic, version, found, size, width, depth, _, _, address, count, total = _HEADER.unpack_from(
        header
    )
    if (magic, version, found, width) != (_HEADER_MAGIC, 0, kind, record.size):
        raise pages.damaged("no B-tree of this kind is here", root)
    if address == UNDEFINED:
        return
    levels = _levels(size, width, depth)
    if levels is None:
        raise pages.damaged("a B-tree has nodes too small or levels too many", root)
    left = total
    pending = [(address, count, depth)]
    while pending:
        address, count, depth = pending.pop()
        level = levels[depth]
        end = _NODE.size + count * width
        length = end + (count + 1) * level.pointer
        left -= count
        if length + CHECKSUM > size or left < 0:
            raise pages.damaged(f"a node of a B-tree has {count} records", address)
        node = pages.checked(address, length + CHECKSUM)
        if _NODE.unpack_from(node) != (level.magic, 0, kind):
            raise pages.damaged("no node of a B-tree is here", address)
        yield from record.iter_unpack(node[_NODE.size : end])
        if depth:
            pending += _children(node, end, length, level, depth - 1)
    if left:
        raise pages.damaged(f"a B-tree has {total - left} records of {total}", root)


def _levels(size: int, width: int, depth: int) -> list[_Level] | None:
    """How the nodes of each level are written; None where they are so in no file.

    As many bytes are there for a number as the largest one needs that could be there.
    """
    room = size - _NODE.size - CHECKSUM
    if not width or room < width:
        return None
    most = room // width
    own, below = _bytes_for(most), 0
    found = [_Level(_LEAF_MAGIC, 0, 0)]
    for _ in range(depth):
        level = _Level(_INNER_MAGIC, own, below)
        found.append(level)
        records_here = (room - level.pointer) // (width + level.pointer)
        most = (records_here + 1) * most + records_here
        below = _bytes_for(most)
        if records_here < 1 or below > _WIDEST:
            return None
    return found


def _bytes_for(most: int) -> int:
    return (most.bit_length() + 7) // 8


def _children(
    node: bytes, start: int, end: int, level: _Level, depth: int
) -> Iterator[tuple[int, int, int]]:
    """The children of a node: where each is, how many records it has, and its level."""
    counted = _ADDRESS + level.own
    for at in range(start, end, level.pointer):
        address = int.from_bytes(node[at : at + _ADDRESS], "little")
        yield address, int.from_bytes(node[at + _ADDRESS : at + counted], "little"), depth
