"""HDF5's object headers: the messages that say what an object is.

https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html, section IV.A.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from scopecli.binary.hdf5.pages import CHECKSUM, UNDEFINED, LibraryNeededError
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.binary.hdf5.pages import Pages

# Types of messages.
DATASPACE, LINK_INFO, DATATYPE, LINK = 0x01, 0x02, 0x03, 0x06
EXTERNAL_FILES, LAYOUT, ATTRIBUTE = 0x07, 0x08, 0x0C
_CONTINUATION, SYMBOL_TABLE, DRIVER, ATTRIBUTE_INFO = 0x10, 0x11, 0x14, 0x15
_LAST_KNOWN = 0x17
# The others do not say what is asked for here: fill values, filters, times, comments, ...
_WANTED = frozenset(
    {
        DATASPACE,
        LINK_INFO,
        DATATYPE,
        LINK,
        EXTERNAL_FILES,
        LAYOUT,
        ATTRIBUTE,
        SYMBOL_TABLE,
        DRIVER,
        ATTRIBUTE_INFO,
    }
)
_INFO_HAS_ORDER = 0x01
_SHARED = 0x02  # a message's flag: its body is elsewhere

_PREFIX_1 = struct.Struct("<BxHIIxxxx")  # version, messages, references, size of what follows
_MESSAGE_1 = struct.Struct("<HHBxxx")  # type, size, flags
_MESSAGE_2 = struct.Struct("<BHB")  # the same
_PLACE = struct.Struct("<QQ")  # address and length, or two addresses

_MAGIC_2, _MAGIC_CONTINUED = b"OHDR", b"OCHK"
_HEAD_2 = 6  # magic, version, flags
_SIZE_WIDTH, _ORDERED, _PHASES, _TIMES, _KNOWN_FLAGS = 0x03, 0x04, 0x10, 0x20, 0x3F
_MAX_CHECKED = 1 << 20  # libhdf5 computes the checksum of a longer one in less time

Message = tuple[int, bytes]


class Outline(NamedTuple):
    """Where the messages of a header are, in its first chunk.

    Attributes:
        start: of the first, counted from the header's beginning.
        end: of the last.
        length: of the chunk, with its checksum if there is one.
        head: what each message begins with.
        extra: bytes behind that which are not asked for.
    """

    start: int
    end: int
    length: int
    head: struct.Struct
    extra: int


def messages(pages: Pages, address: int) -> list[Message]:
    """The messages of an object, as pairs of type and body.

    Raises:
        DamagedFileError: no header is there, or it contradicts itself.
        LibraryNeededError: it has something that is not read here.
    """
    data, start = pages.block(address, _PREFIX_1.size)
    version, _, _, size = _PREFIX_1.unpack_from(data, start)
    if version != 1:
        return _version_2(pages, address)
    at = start + _PREFIX_1.size
    if at + size > len(data):
        data, at = pages.block(address + _PREFIX_1.size, size)
    found: list[Message] = []
    more = _add(found, data, at, at + size, _MESSAGE_1, 0)
    for place, length in more:
        data, at = pages.block(place, length)
        more += _add(found, data, at, at + length, _MESSAGE_1, 0)
    return found


def outline(pages: Pages, address: int) -> Outline:
    """Where in a header that can be read its messages are."""
    data, start = pages.block(address, _PREFIX_1.size)
    version, _, _, size = _PREFIX_1.unpack_from(data, start)
    if version != 1:
        return _outline_2(pages, address)
    end = _PREFIX_1.size + size
    return Outline(_PREFIX_1.size, end, end, _MESSAGE_1, 0)


def _add(
    found: list[Message], data: bytes, at: int, end: int, head: struct.Struct, extra: int
) -> list[tuple[int, int]]:
    """Take the messages out of one chunk of a header; the result is where it goes on.

    Each has a head, with some bytes behind it that are not asked for.
    """
    more: list[tuple[int, int]] = []
    unpack, width = head.unpack_from, head.size + extra
    while at + width <= end:
        kind, size, flags = unpack(data, at)
        at += width
        following = at + size
        if following > end:
            raise struct.error
        if kind in _WANTED:
            if flags & _SHARED:
                raise LibraryNeededError
            found.append((kind, data[at:following]))
        elif kind == _CONTINUATION:
            more.append(_PLACE.unpack_from(data[at:following]))
        elif kind > _LAST_KNOWN:
            raise LibraryNeededError
        at = following
    return more


def _version_2(pages: Pages, address: int) -> list[Message]:
    start, end, length, head, extra = _outline_2(pages, address)
    found: list[Message] = []
    more = _add(found, _checked(pages, address, length), start, end, head, extra)
    for place, length in more:
        chunk = _checked(pages, place, length)
        if not chunk.startswith(_MAGIC_CONTINUED):
            raise pages.damaged("no object goes on here", place)
        more += _add(found, chunk, len(_MAGIC_CONTINUED), length - CHECKSUM, head, extra)
    return found


def _outline_2(pages: Pages, address: int) -> Outline:
    data, start = pages.block(address, _HEAD_2)
    if data[start : start + 4] != _MAGIC_2:
        raise pages.damaged("no object starts here", address)
    version, flags = data[start + 4 : start + _HEAD_2]
    if version != 2:
        raise LibraryNeededError
    width = 1 << (flags & _SIZE_WIDTH)
    first = _HEAD_2 + (16 if flags & _TIMES else 0) + (4 if flags & _PHASES else 0) + width
    size = int.from_bytes(pages.read(address + first - width, width), "little")
    end = first + size
    if flags > _KNOWN_FLAGS:
        _checked(pages, address, end + CHECKSUM)  # it may be damaged, and of no later version
        raise LibraryNeededError
    return Outline(first, end, end + CHECKSUM, _MESSAGE_2, 2 if flags & _ORDERED else 0)


def _checked(pages: Pages, address: int, length: int) -> bytes:
    """A chunk of a header with its checksum, which is right."""
    if length > _MAX_CHECKED and address + length <= pages.size:
        raise LibraryNeededError
    return pages.checked(address, length)


def heap_of(info: bytes, order: int) -> tuple[int, int] | None:
    """Where messages are that are too many for a header: their heap and their B-tree, by name.

    Args:
        info: the body of a link info or attribute info message.
        order: bytes in it, if there is an order of creation, for the last number of that.

    Raises:
        LibraryNeededError: it is of an unknown version.
        struct.error: it is cut short.
    """
    version, flags = info[:2]
    if version:
        raise LibraryNeededError
    heap, tree = _PLACE.unpack_from(info, 2 + (order if flags & _INFO_HAS_ORDER else 0))
    return None if heap == UNDEFINED else (heap, tree)


def bodies(found: list[Message], kind: int) -> Iterator[bytes]:
    """The bodies of all messages of one type, in their order."""
    return (body for number, body in found if number == kind)
