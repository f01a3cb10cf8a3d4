"""The attributes of HDF5's objects that are strings or numbers, and lists of those.

https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html, sections IV.A.2.m (attributes)
and III.E (the heap that has strings of variable length).
"""

from __future__ import annotations

import struct
from math import prod
from typing import TYPE_CHECKING

from scopecli.binary.hdf5.datatype import FLOAT, INTEGER, STRING
from scopecli.binary.hdf5.headers import ATTRIBUTE, ATTRIBUTE_INFO, bodies, heap_of
from scopecli.binary.hdf5.pages import UNDEFINED, LibraryNeededError
from scopecli.errors import TruncatedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.binary.hdf5.dataset import Datasets
    from scopecli.binary.hdf5.datatype import Datatype
    from scopecli.binary.hdf5.headers import Message
    from scopecli.binary.hdf5.pages import Pages

Value = str | int | float | list[str | int | float] | None

_HEAD = struct.Struct("<BBHHH")  # version, flags; sizes of name, datatype and dataspace
_FILLED_UP = 1  # this version fills each part up to a multiple of 8
_WITH_CHARSET = 3  # this one says how the name is encoded
_LAST_IN_ORDER = 2  # bytes in an attribute info message

_ELEMENT = struct.Struct("<IQI")  # of variable length: length, heap, number in it
_HEAP = struct.Struct("<4sBxxxQ")  # magic, version, size
_HEAP_MAGIC = b"GCOL"
_OBJECT = struct.Struct("<HHxxxxQ")  # number, references, size
_NULL_TERMINATED, _NULL_FILLED, _SPACE_FILLED = 0, 1, 2


# An attribute as it is stored: datatype, dataspace, data.
Parts = tuple[bytes, bytes, bytes]


def stored(pages: Pages, messages: list[Message]) -> dict[bytes, Parts]:
    """The attributes of an object by name: in its header, or in a heap where they are many.

    Raises:
        DamagedFileError: they are not where they should be.
        LibraryNeededError: they are kept in a way that is not read here.
        struct.error: a message is cut short.
    """
    inside = bodies(messages, ATTRIBUTE)
    for info in bodies(messages, ATTRIBUTE_INFO):
        place = heap_of(info, _LAST_IN_ORDER)
        if place is not None:
            from scopecli.binary.hdf5 import dense

            inside = dense.attributes(pages, *place)
    found: dict[bytes, Parts] = {}
    for body in inside:
        name, parts = _split(body)
        found.setdefault(name, parts)
    return found


def _split(body: bytes) -> tuple[bytes, Parts]:
    version, flags, *lengths = _HEAD.unpack_from(body)
    if not _FILLED_UP <= version <= _WITH_CHARSET or (flags and version > _FILLED_UP):
        raise LibraryNeededError  # a flag says that a part is elsewhere
    at = _HEAD.size + (version == _WITH_CHARSET)
    parts: list[bytes] = []
    for length in lengths:
        parts.append(body[at : at + length])
        at += (length + 7) // 8 * 8 if version == _FILLED_UP else length
    if at > len(body):
        raise struct.error
    name, kind, space = parts
    return name.partition(b"\0")[0], (kind, space, body[at:])


class Attributes:
    """Reads the values of a file's attributes."""

    def __init__(self, pages: Pages, datasets: Datasets) -> None:
        self._pages = pages
        self._datasets = datasets
        self._heaps: dict[int, dict[int, bytes]] = {}
        self._texts: dict[tuple[int, int, int], str] = {}

    def value(self, parts: Parts, name: str) -> Value:
        """A value; None for an empty one and for one of another type.

        Raises:
            DamagedFileError: it is cut short, or its strings are not in the file.
            LibraryNeededError: it is of a type that is not read here.
        """
        stored_type, space, stored_data = parts
        shape = self._datasets.shape(space)
        if shape is None:
            return None
        kind = self._datasets.datatype(stored_type)
        elements = prod(shape)
        size = _ELEMENT.size if kind.size is None else kind.size
        if elements * size > len(stored_data):
            raise TruncatedError(
                f"claims {elements * size} bytes, and has {len(stored_data)}",
                path=self._pages.name,
                where=f"attribute {name}",
            )
        if kind.kind not in (STRING, INTEGER, FLOAT):
            return None
        data = stored_data[: elements * size]
        found = [*self._elements(data, kind)]
        return found if shape else found[0]

    def _elements(self, data: bytes, kind: Datatype) -> Iterator[str | int | float]:
        if kind.kind != STRING:
            if not kind.code:
                raise LibraryNeededError
            order = ">" if kind.big_endian else "<"
            yield from struct.unpack(f"{order}{len(data) // (kind.size or 1)}{kind.code}", data)
        elif kind.size is None:
            yield from (self._variable(*item) for item in _ELEMENT.iter_unpack(data))
        else:
            for start in range(0, len(data), kind.size):
                text = _without_padding(data[start : start + kind.size], kind.padding)
                yield text.decode("utf-8", "surrogateescape")

    def _variable(self, length: int, address: int, number: int) -> str:
        if not length:
            return ""
        if not address or address == UNDEFINED:
            raise LibraryNeededError
        text = self._texts.get((address, number, length))
        if text is None:
            text = self._texts[address, number, length] = self._text(address, number, length)
        return text

    def _text(self, address: int, number: int, length: int) -> str:
        """A text that is looked at for the first time, so that what shares one has one object."""
        self._pages.claim(address, length)
        if address not in self._heaps:
            self._heaps[address] = _objects(self._pages, address)
        found = self._heaps[address].get(number, b"")
        if len(found) < length:
            raise self._pages.damaged(f"a heap of strings has no whole number {number}", address)
        return found[:length].partition(b"\0")[0].decode("utf-8", "surrogateescape")


def _without_padding(text: bytes, padding: int) -> bytes:
    if padding == _NULL_TERMINATED:
        return text.partition(b"\0")[0]
    if padding == _NULL_FILLED:
        return text.rstrip(b"\0")
    if padding == _SPACE_FILLED:
        return text.rstrip(b" ").rstrip(b"\0")
    raise LibraryNeededError


def _objects(pages: Pages, address: int) -> dict[int, bytes]:
    """What a heap has, by number."""
    magic, version, size = _HEAP.unpack(pages.read(address, _HEAP.size))
    if magic != _HEAP_MAGIC or version != 1 or size < _HEAP.size:
        raise pages.damaged("no heap of strings is here", address)
    data = pages.read(address, size)
    found: dict[int, bytes] = {}
    at = _HEAP.size
    while at + _OBJECT.size <= size:
        number, _, length = _OBJECT.unpack_from(data, at)
        if not number:  # the rest is free
            break
        at += _OBJECT.size
        if at + length > size:
            raise pages.damaged(f"a heap of strings has an object of {length} bytes", address)
        found[number] = data[at : at + length]
        at += (length + 7) // 8 * 8
    return found
