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
from scopecli.binary.hdf5.pages import UNDEFINED, LibraryNeededError
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.binary.hdf5.pages import Pages

_PLACES = struct.Struct("<QQ")  # heap, B-tree by name
_HAS_ORDER = 0x01


class Kind(NamedTuple):
    """What is kept so.

    Attributes:
        order: bytes that an info message has, if there is an order, for the last number in it.
        tree: the kind of the B-tree.
        record: one in it: where the message is in the heap, and its flags.
        identifier: bytes in the former.
    """

    order: int
    tree: int
    record: struct.Struct
    identifier: int


# In front of a link's identifier is a checksum of its name. Links have no flags.
LINKS = Kind(8, btree2.LINKS_BY_NAME, struct.Struct("<4x7s0s"), 7)
ATTRIBUTES = Kind(2, btree2.ATTRIBUTES_BY_NAME, struct.Struct("<8s1s8x"), 8)
_NO_FLAGS = frozenset({b"", b"\0"})


def bodies(pages: Pages, info: bytes, kind: Kind) -> Iterator[bytes] | None:
    """The messages of a heap, by what the header says of it; None where there is none.

    Raises:
        DamagedFileError: one of them is not there.
        LibraryNeededError: they are kept in a way that is not read here.
        struct.error: the message is cut short.
    """
    version, flags = info[:2]
    if version:
        raise LibraryNeededError
    at = 2 + (kind.order if flags & _HAS_ORDER else 0)
    heap, tree = _PLACES.unpack_from(info, at)
    if heap == UNDEFINED:
        return None
    return Heap(pages, heap, kind.identifier).objects(_identifiers(pages, tree, kind))


def _identifiers(pages: Pages, tree: int, kind: Kind) -> Iterator[bytes]:
    for identifier, flags in btree2.records(pages, tree, kind.tree, kind.record):
        if flags not in _NO_FLAGS:
            raise LibraryNeededError  # a message may be in yet another heap
        yield identifier
