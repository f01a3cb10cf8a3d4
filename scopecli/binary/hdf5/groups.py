"""The links of HDF5's groups: in a symbol table, as all files had it once, or in link messages.

Those are in the group's header until there are many, and in a heap then.

https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html, sections III.B to III.D (nodes
and entries of symbol tables, local heaps) and IV.A.2.c and IV.A.2.g (link messages).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from scopecli.binary.hdf5 import btree
from scopecli.binary.hdf5.headers import LINK, LINK_INFO, SYMBOL_TABLE, bodies, heap_of
from scopecli.binary.hdf5.pages import UNDEFINED, LibraryNeededError
from scopecli.errors import DamagedFileError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.binary.hdf5.headers import Message
    from scopecli.binary.hdf5.pages import Pages

HARD, SOFT, EXTERNAL = 0, 1, 64

_TABLE = struct.Struct("<QQ")  # B-tree, heap
_CHILD = struct.Struct("<8sQ")  # of a B-tree: a name, the node that follows
_NODE = struct.Struct("<4sBxH")  # magic, version, entries
_NODE_MAGIC = b"SNOD"
_ENTRY = struct.Struct("<QQIxxxxI12x")  # name, header, what is cached; of a soft link, its value
_CACHED_SOFT = 2
_HEAP = struct.Struct("<4sBxxxQQQ")  # magic, version, size, free space, address
_HEAP_MAGIC = b"HEAP"

_HAS_TYPE, _HAS_ORDER, _HAS_CHARSET, _WIDTH = 0x08, 0x04, 0x10, 0x03
_UNKNOWN_FLAGS = 0xE0
# By the flags of a link, where the length of its name is, and how many bytes that has.
_LENGTHS = [
    (
        2 + bool(flags & _HAS_TYPE) + 8 * bool(flags & _HAS_ORDER) + bool(flags & _HAS_CHARSET),
        1 << (flags & _WIDTH),
    )
    for flags in range(_UNKNOWN_FLAGS & -_UNKNOWN_FLAGS)
]
_ADDRESS, _SIZE = struct.Struct("<Q"), struct.Struct("<H")
_LAST_IN_ORDER = 8  # bytes in a link info message
_NO_NAMES = (b"", b".")


# A link: its name, its type, and the address or the value that it has. No class, for speed.
Link = tuple[bytes, int, int, bytes]


def links(pages: Pages, messages: list[Message]) -> Iterator[Link]:
    """The links of a group by name.

    Raises:
        DamagedFileError: they cannot be found.
        LibraryNeededError: they are kept in a way that is not read here.
        struct.error: a message is cut short.
    """
    by_kind = dict(reversed(messages))
    if LINK_INFO not in by_kind:
        return _in_table(pages, by_kind[SYMBOL_TABLE])
    place = heap_of(by_kind[LINK_INFO], _LAST_IN_ORDER)
    if place is None:
        found = bodies(messages, LINK)
    else:
        from scopecli.binary.hdf5 import dense

        found = dense.links(pages, *place)
    return iter(sorted([_link(pages, body) for body in found]))


def _in_table(pages: Pages, body: bytes) -> Iterator[Link]:
    tree, heap = _TABLE.unpack_from(body)
    names = _heap(pages, heap)
    end_of, claim = names.index, pages.claim
    may_be_odd = b"/" in names or b".\0" in names
    for _, address in btree.leaves(pages, tree, btree.GROUP, _CHILD):
        data, start = pages.block(address, _NODE.size)
        magic, version, count = _NODE.unpack_from(data, start)
        if magic != _NODE_MAGIC or version != 1:
            raise pages.damaged("no node of a group is here", address)
        length = count * _ENTRY.size
        entries = pages.following(data, start + _NODE.size, address + _NODE.size, length)
        for at, header, cached, value in _ENTRY.iter_unpack(entries):
            name = names[at : end_of(b"\0", at)]
            claim(heap, len(name))
            if may_be_odd or not name:
                _check_name(name)
            if cached < _CACHED_SOFT:
                yield name, HARD, header, b""
            elif cached == _CACHED_SOFT:
                target = names[value : end_of(b"\0", value)]
                claim(heap, len(target))
                yield name, SOFT, UNDEFINED, target
            else:
                raise LibraryNeededError


def _heap(pages: Pages, address: int) -> bytes:
    """The names in a group's heap, each of which ends with a zero byte."""
    data, at = pages.block(address, _HEAP.size)
    magic, version, size, _, start = _HEAP.unpack_from(data, at)
    if magic != _HEAP_MAGIC or version:
        raise pages.damaged("no heap of names is here", address)
    if start == address + _HEAP.size:
        return pages.following(data, at + _HEAP.size, start, size)
    return pages.read(start, size)


def _check_name(name: bytes) -> None:
    """A name is one part of a path, unless the file is damaged."""
    if name in _NO_NAMES or b"/" in name:
        raise LibraryNeededError


def _link(pages: Pages, body: bytes) -> Link:
    version, flags = body[:2]
    if version != 1 or flags & _UNKNOWN_FLAGS:
        raise _impossible(pages)
    at, width = _LENGTHS[flags]
    length = body[at] if width == 1 else int.from_bytes(body[at : at + width], "little")
    at += width
    end = at + length
    name = body[at:end]
    kind = body[2] if flags & _HAS_TYPE else HARD
    if not name or b"/" in name or name == b"." or SOFT < kind < EXTERNAL:
        raise _impossible(pages)
    if kind == HARD:
        (address,) = _ADDRESS.unpack_from(body, end)
        return name, HARD, address, b""
    (size,) = _SIZE.unpack_from(body, end)
    value = body[end + _SIZE.size : end + _SIZE.size + size]
    if len(value) < size:
        raise struct.error
    return name, kind, UNDEFINED, value


def _impossible(pages: Pages) -> DamagedFileError:
    problem = "has a link of a version, name or type that cannot be"
    return DamagedFileError(problem, path=pages.name, hint="the file is damaged: copy it again")
