"""Datasets whose headers differ from another's in nothing but the address of their values.

Most do where they have one shape and one datatype, and a model has many of those. What was found
out about one is true of all, and need not be read out of the messages again.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from scopecli.binary.hdf5.dataset import check_place
from scopecli.binary.hdf5.headers import LAYOUT, MESSAGE_1, PREFIX_1
from scopecli.binary.hdf5.pages import IN_PAGE, SHIFT, UNDEFINED
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from scopecli.binary.hdf5.dataset import Dataset
    from scopecli.binary.hdf5.pages import Pages

_PREFIX = PREFIX_1.size
# Where the address is follows, most often, from the size of all messages, which is at 8 in a
# header, and from the type and size of the first, which is behind the prefix.
_TELLING, _TELLING_END = 8, _PREFIX + 4
_ADDRESS = struct.Struct("<Q")
_ADDRESS_IN_LAYOUT = 2
_LARGEST = 1024
_MOST = 256


class _Headers(NamedTuple):
    """Headers that begin alike.

    Attributes:
        gap: where they have the address of the values.
        behind: where that ends.
        length: bytes in each.
        known: by the bytes around the gap, what they say.
    """

    gap: int
    behind: int
    length: int
    known: dict[bytes, Dataset]


class Lookalikes:
    """Headers that were read, without the addresses of values, and what they say."""

    def __init__(self, pages: Pages, user_block: int) -> None:
        self._pages = pages
        self._page = pages.cached.get
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
        gap, behind, length, known = headers
        if at + length > len(data):
            data, at = self._pages.block(address, length)
        dataset = known.get(data[at : at + gap] + data[at + behind : at + length])
        if dataset is None:
            return None
        (values,) = _ADDRESS.unpack_from(data, at + gap)
        if values == UNDEFINED:
            return None
        if values + (dataset.nbytes or 0) > self._pages.size:
            check_place(self._pages, values, dataset)
        return dataset, self._user_block + values

    def add(self, address: int, dataset: Dataset, offset: int | None) -> None:
        """Remember a dataset, if its values are one run of bytes."""
        if offset is None:
            return
        data, at = self._pages.block(address, _PREFIX)
        version, _, _, size = PREFIX_1.unpack_from(data, at)
        if version != 1 or size > _LARGEST or len(self._headers) >= _MOST:
            return
        header = self._pages.read(address, _PREFIX + size)
        gap = _gap(header)
        if gap is None:
            return
        found = self._headers.get(header[_TELLING:_TELLING_END])
        if found is None or found.gap != gap or len(found.known) >= _MOST:
            found = _Headers(gap, gap + _ADDRESS.size, len(header), {})
            self._headers[header[_TELLING:_TELLING_END]] = found
        found.known[header[:gap] + header[found.behind :]] = dataset


def _gap(header: bytes) -> int | None:
    """Where the address of the values is; None where another part of the header has it."""
    position = _PREFIX
    while position + MESSAGE_1.size <= len(header):
        kind, length, _ = MESSAGE_1.unpack_from(header, position)
        position += MESSAGE_1.size
        if kind == LAYOUT:
            return position + _ADDRESS_IN_LAYOUT
        position += length
    return None
