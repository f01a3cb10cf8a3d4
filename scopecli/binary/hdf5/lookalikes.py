"""Datasets whose headers differ from another's in nothing but the address of their values.

Most do where they have one shape and one datatype, and a model has many of those. What was found
out about one is true of all, and need not be read out of the messages again.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from scopecli.binary.hdf5.dataset import check_place
from scopecli.binary.hdf5.headers import LAYOUT, outline
from scopecli.binary.hdf5.pages import IN_PAGE, SHIFT, UNDEFINED
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from scopecli.binary.hdf5.dataset import Dataset
    from scopecli.binary.hdf5.pages import Pages

# Where the address is follows, most often, from 12 bytes near the beginning of a header: in version
# 1 the size of all messages, type and size of the first; in version 2 most of the first message.
_TELLING, _TELLING_END = 8, 20
_ADDRESS = struct.Struct("<Q")
_ADDRESS_IN_LAYOUT = 2
_LARGEST = 1024
_MOST = 256


class _Headers(NamedTuple):
    """Headers that begin alike.

    Attributes:
        gap: where they have the address of the values.
        behind: where that ends.
        end: of the last message.
        length: bytes in each; there may be a checksum behind the messages.
        known: by the bytes around the gap, what they say.
    """

    gap: int
    behind: int
    end: int
    length: int
    known: dict[bytes, Dataset]


class Lookalikes:
    """Headers that were read, without the addresses of values, and what they say."""

    def __init__(self, pages: Pages, user_block: int) -> None:
        self._pages = pages
        self._page = pages.cached.get
        self._size = pages.size
        self._user_block = user_block
        self._headers: dict[bytes, _Headers] = {}

    def find(self, address: int) -> tuple[Dataset, int] | None:
        """The dataset at an address, and where its values are; None where none is like it.

        Raises:
            DamagedFileError: the header is not in the file, or the values are not.
        """
        data, at = self._page(address >> SHIFT), address & IN_PAGE
        if data is None:
            data, at = self._pages.block(address, _TELLING_END)
        headers = self._headers.get(data[at + _TELLING : at + _TELLING_END])
        if headers is None:
            return None
        gap, behind, end, length, known = headers
        if at + length > len(data):
            if address + length > self._size:  # it is shorter, so it is another one
                return None
            data, at = self._pages.block(address, length)
        dataset = known.get(data[at : at + gap] + data[at + behind : at + end])
        if dataset is None:
            return None
        if end < length:
            self._pages.left -= length
            self._pages.verify(address, data[at : at + length])
        (values,) = _ADDRESS.unpack_from(data, at + gap)
        if values + (dataset.nbytes or 0) > self._size:
            if values == UNDEFINED:
                return None
            check_place(self._pages, values, dataset)
        return dataset, self._user_block + values

    def add(self, address: int, dataset: Dataset, offset: int | None) -> None:
        """Remember a dataset, if its values are one run of bytes."""
        if offset is None or len(self._headers) >= _MOST:
            return
        start, end, length, message, extra = outline(self._pages, address)
        if end > _LARGEST:
            return
        header = self._pages.read(address, end)
        gap = _gap(header, start, message, extra)
        if gap is None:
            return
        found = self._headers.get(header[_TELLING:_TELLING_END])
        if found is None or (found.gap, found.end) != (gap, end) or len(found.known) >= _MOST:
            found = _Headers(gap, gap + _ADDRESS.size, end, length, {})
            self._headers[header[_TELLING:_TELLING_END]] = found
        found.known[header[:gap] + header[found.behind :]] = dataset


def _gap(header: bytes, start: int, message: struct.Struct, extra: int) -> int | None:
    """Where the address of the values is; None where another part of the header has it."""
    position = start
    while position + message.size <= len(header):
        kind, length, _ = message.unpack_from(header, position)
        position += message.size + extra
        if kind == LAYOUT:
            return position + _ADDRESS_IN_LAYOUT
        position += length
    return None
