"""HDF5's B-trees of version 1, which hold the links of groups and the chunks of datasets.

https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html, section III.A.1.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.binary.hdf5.pages import Pages

GROUP, CHUNKS = 0, 1
_MAGIC = b"TREE"
_HEAD = struct.Struct("<4sBBHQQ")  # magic, type, level, entries, siblings


def leaves(pages: Pages, root: int, kind: int, entry: struct.Struct) -> Iterator[tuple[bytes, int]]:
    """The entries of the tree's lowest nodes in their order: each a key and an address.

    Raises:
        DamagedFileError: a node is not there, or not on the level where it should be.
    """
    pending = [(root, -1)]
    while pending:
        address, expected = pending.pop()
        data, at = pages.block(address, _HEAD.size)
        magic, found, level, count, _, _ = _HEAD.unpack_from(data, at)
        if magic != _MAGIC or found != kind or expected not in (level, -1):
            raise pages.damaged("no node of a B-tree is here", address)
        length = count * entry.size
        node = pages.following(data, at + _HEAD.size, address + _HEAD.size, length)
        entries = entry.iter_unpack(node)
        if level:
            pending += [(child, level - 1) for _, child in entries][::-1]
        else:
            yield from entries
