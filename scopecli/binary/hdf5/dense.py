"""Messages that are in a heap, because there are too many of them for an object's header.

https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html, sections IV.A.2.c (link info)
and IV.A.2.v (attribute info). A B-tree says what of the heap is in use; there may be another one in
the order of creation, which is not needed.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from scopecli.binary.hdf5 import btree2
from scopecli.binary.hdf5.heap import Heap
from scopecli.binary.hdf5.pages import LibraryNeededError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.binary.hdf5.pages import Pages

# In front of a link's identifier is a checksum of its name; behind an attribute's are its flags.
_LINK, _LINK_IDENTIFIER = struct.Struct("<4x7s"), 7
_ATTRIBUTE, _ATTRIBUTE_IDENTIFIER = struct.Struct("<8sB8x"), 8


def links(pages: Pages, heap: int, tree: int) -> Iterator[bytes]:
    """The link messages that a B-tree names, in no order that is promised.

    Raises:
        DamagedFileError: one of them is not there.
        LibraryNeededError: they are kept in a way that is not read here.
    """
    found = btree2.records(pages, tree, btree2.LINKS_BY_NAME, _LINK)
    return Heap(pages, heap, _LINK_IDENTIFIER).objects(identifier for (identifier,) in found)


def attributes(pages: Pages, heap: int, tree: int) -> Iterator[bytes]:
    """The attribute messages that a B-tree names.

    Raises:
        DamagedFileError: as `links`.
        LibraryNeededError: as `links`.
    """
    found = btree2.records(pages, tree, btree2.ATTRIBUTES_BY_NAME, _ATTRIBUTE)
    return Heap(pages, heap, _ATTRIBUTE_IDENTIFIER).objects(_unshared(found))


def _unshared(found: Iterator[tuple[bytes, int]]) -> Iterator[bytes]:
    for identifier, flags in found:
        if flags:  # it may be in yet another heap
            raise LibraryNeededError
        yield identifier
