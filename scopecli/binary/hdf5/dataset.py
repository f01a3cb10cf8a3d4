"""Datasets in HDF5: their shapes, datatypes, and where their values are.

https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html, sections IV.A.2.b (dataspace)
and IV.A.2.i (layout).
"""

from __future__ import annotations

import struct
from math import prod
from typing import TYPE_CHECKING

from scopecli.binary.hdf5 import btree
from scopecli.binary.hdf5.datatype import Datatype, decode
from scopecli.binary.hdf5.headers import DATASPACE, DATATYPE, EXTERNAL_FILES, LAYOUT
from scopecli.binary.hdf5.pages import UNDEFINED, LibraryNeededError
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scopecli.binary.hdf5.pages import Pages

_MAX_RANK = 32
_HAS_MAXIMA = 1
_NULL = 2  # the type of a dataspace that has no elements, not even one
# By version, bytes in front of the extents.
_DATASPACE_HEADS = {1: 8, 2: 4}
_LAYOUT_VERSIONS = (3, 4, 5)
_COMPACT, _CONTIGUOUS, _CHUNKED = 0, 1, 2
_NEWER_CHUNKED = bytes((4, _CHUNKED)), bytes((5, _CHUNKED))
_CONTIGUOUS_LAYOUT = struct.Struct("<BBQQ")  # version, class, address, size
_CHUNKED_LAYOUT = struct.Struct("<BBBQ")  # version, class, dimensions and one more, address
# In front of a chunk's address: size, filters; then its place in each dimension.
_CHUNK_HEAD = 8


class Dataset(NamedTuple):
    """What is told of a dataset.

    Attributes:
        shape: None where its dataspace has no elements, not even one.
        type: its datatype.
        nbytes: what its values take in memory; None where that cannot be known.
        stored: bytes that they take in the file.
        external: whether they are in other files.
    """

    shape: tuple[int, ...] | None
    type: Datatype
    nbytes: int | None
    stored: int
    external: bool


def dataset(
    shape: tuple[int, ...] | None, datatype: Datatype, stored: int, *, external: bool = False
) -> Dataset:
    """What is told of a dataset; its size follows from the rest."""
    elements = 0 if shape is None else prod(shape)
    nbytes = None if datatype.size is None else elements * datatype.size
    return Dataset(shape, datatype, nbytes, stored, external)


def check_place(pages: Pages, address: int, found: Dataset) -> None:
    """Hold the place of values against the end of the file.

    By their own size, as libhdf5 does, and not by the one that the layout says.

    Raises:
        DamagedFileError: they are not all in the file.
    """
    if address + (found.nbytes or 0) > pages.size:
        raise pages.damaged(f"has values up to {address + (found.nbytes or 0)}", address)


class Datasets:
    """Reads the datasets of a file, and remembers the shapes and datatypes that it has met."""

    def __init__(self, pages: Pages, user_block: int) -> None:
        self._pages = pages
        self._user_block = user_block
        self._shapes: dict[bytes, tuple[int, ...] | None] = {}
        self._types: dict[bytes, Datatype] = {}

    def describe(self, messages: Mapping[int, bytes]) -> tuple[Dataset, int | None]:
        """A dataset by the messages in its header, and where its values are if they are one run.

        Raises:
            DamagedFileError: its values or its index are not in the file.
            LibraryNeededError: it is stored in a way that is not read here.
            struct.error: a message is cut short.
        """
        layout = messages.get(LAYOUT)
        if layout is None or EXTERNAL_FILES in messages or layout[0] not in _LAYOUT_VERSIONS:
            raise LibraryNeededError
        offset: int | None = None
        if layout[1] == _CONTIGUOUS:
            _, _, address, stored = _CONTIGUOUS_LAYOUT.unpack_from(layout)
            if address == UNDEFINED:
                stored = 0
            else:
                offset = self._user_block + address
        space = messages[DATASPACE]
        shape = self._shapes[space] if space in self._shapes else self.shape(space)
        if layout[1] != _CONTIGUOUS:
            stored = self._compact(layout) if layout[1] == _COMPACT else self._chunks(layout, shape)
        kind = messages[DATATYPE]
        datatype = self._types.get(kind) or self.datatype(kind)
        found = dataset(shape, datatype, stored)
        if offset is not None:
            check_place(self._pages, offset - self._user_block, found)
        return found, offset

    def shape(self, body: bytes) -> tuple[int, ...] | None:
        """The extents of a dataspace message; None where it has no elements, not even one."""
        version, rank, flags, kind = body[:4]
        head = _DATASPACE_HEADS.get(version)
        if head is None or rank > _MAX_RANK or flags > _HAS_MAXIMA:
            raise LibraryNeededError
        if version == 2 and kind == _NULL:
            shape = None
        else:
            shape = struct.unpack_from(f"<{rank}Q", body, head)
        self._shapes[body] = shape
        return shape

    def datatype(self, body: bytes) -> Datatype:
        """The datatype of a datatype message."""
        found = self._types[body] = decode(body)
        return found

    def _compact(self, layout: bytes) -> int:
        (size,) = struct.unpack_from("<H", layout, 2)
        if 4 + size > len(layout):
            raise struct.error
        return int(size)

    def _chunks(self, layout: bytes, shape: tuple[int, ...] | None) -> int:
        """Bytes of all chunks together, which only their index tells."""
        if layout[:2] in _NEWER_CHUNKED and shape is not None:
            from scopecli.binary.hdf5 import chunk_index

            return chunk_index.stored(self._pages, layout, shape)
        version, kind, dimensions, address = _CHUNKED_LAYOUT.unpack_from(layout)
        if kind != _CHUNKED or version != 3 or dimensions > _MAX_RANK + 1:
            raise LibraryNeededError
        if address == UNDEFINED:
            return 0
        entry = struct.Struct(f"<{_CHUNK_HEAD + 8 * dimensions}sQ")
        found = btree.leaves(self._pages, address, btree.CHUNKS, entry)
        return sum(int.from_bytes(head[:4], "little") for head, _ in found)
