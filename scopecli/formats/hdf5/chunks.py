"""Chunks of HDF5 datasets, read and unpacked without libhdf5, which does that under a lock.

The system and Python's zlib let go of all locks, so that threads work side by side. Read here is
what nearly all files have: chunks as they are, or deflated, shuffled or not. All else is left to
libhdf5, and so is every chunk that is not there or not as it should be.

Specification: https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html
"""

from __future__ import annotations

import zlib
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from scopecli.errors import DamagedFileError
from scopecli.formats.hdf5.file import LIBRARY_LOCK
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from scopecli.formats.hdf5.file import Hdf5File

    Array = np.ndarray[Any, np.dtype[Any]]
    Corner = tuple[int, ...]
    # Gets a chunk as it is stored, and a bit for each filter that was skipped.
    Fetch = Callable[[Corner], tuple[int, bytes]]
    Place = tuple[slice, ...]

_CHUNKED = 2  # a layout of H5Dpublic.h
_DEFLATE, _SHUFFLE = 1, 2  # filters of H5Zpublic.h
_SMALLEST = 1 << 14  # libhdf5 has unpacked a smaller one before Python has asked for it
_MOST = 1 << 16  # chunks of which it is worth 200 bytes each to know the place
_KEPT = 8 << 20  # a run of elements that has a part of a chunk must not unpack it for itself


class _Filter(NamedTuple):
    """One step of the pipeline; `width` is the size of what a shuffle has taken apart."""

    code: int
    width: int


class Chunks:
    """The chunks of one dataset, for one thread. Those used in part last are kept."""

    __slots__ = ("_bytes", "_fetch", "_filters", "_kept", "_shape", "_size")

    def __init__(
        self, fetch: Fetch, shape: tuple[int, ...], size: int, filters: Sequence[_Filter]
    ) -> None:
        """Read chunks of this shape, whose elements have so many bytes."""
        self._fetch = fetch
        self._shape = shape
        self._size = size
        self._bytes = prod(shape) * size
        self._filters = filters
        self._kept: dict[Corner, Array] = {}

    def read(self, start: Sequence[int], block: Array) -> Iterator[Place]:
        """Fill a block, of which the first element is at `start` in the dataset.

        Its elements, and those of chunks, are bytes on an axis of their own: rows of them are
        copied as one.

        Yields:
            The parts of it that are left to libhdf5.
        """
        bounds = [
            range(low // side * side, low + extent, side)
            for low, extent, side in zip(start, block.shape, self._shape, strict=False)
        ]
        for corner in product(*bounds):
            place, inside = [], []
            for low, extent, at, side in zip(start, block.shape, corner, self._shape, strict=False):
                first, end = max(low, at), min(low + extent, at + side)
                place.append(slice(first - low, end - low))
                inside.append(slice(first - at, end - at))
            chunk = self._chunk(corner)
            if chunk is None:
                yield tuple(place)
                continue
            part = block[tuple(place)] = chunk[tuple(inside)]
            if part.size < chunk.size:
                self._keep(corner, chunk)

    def _chunk(self, corner: Corner) -> Array | None:
        found = self._kept.get(corner)
        if found is None:
            data = self._unpacked(corner)
            if data is not None:
                found = np.frombuffer(data, np.uint8).reshape(*self._shape, self._size)
        return found

    def _keep(self, corner: Corner, chunk: Array) -> None:
        """Keep a chunk for the next run; one that was used whole makes room for others at once."""
        self._kept.pop(corner, None)
        while self._kept and (len(self._kept) + 1) * self._bytes > _KEPT:
            del self._kept[next(iter(self._kept))]
        self._kept[corner] = chunk

    def _unpacked(self, corner: Corner) -> bytes | None:
        """The bytes of a chunk; None where it is not there, or not as it should be."""
        try:
            skipped, data = self._fetch(corner)
            for number in reversed(range(len(self._filters))):
                if not skipped >> number & 1:
                    data = self._undone(self._filters[number], data)
        except (OSError, LookupError, RuntimeError, ValueError, zlib.error, DamagedFileError):
            return None
        return data if len(data) == self._bytes else None

    def _undone(self, step: _Filter, data: bytes) -> bytes:
        if step.code == _DEFLATE:
            stream = zlib.decompressobj()
            # Asked for one byte more than there can be, it looks at the checksum behind the last.
            found = stream.decompress(data, self._bytes + 1)
            return found if stream.eof else b""
        planes = np.frombuffer(data, np.uint8).reshape(step.width, -1)
        elements = np.empty((planes.shape[1], step.width), np.uint8)
        for number, plane in enumerate(planes):  # twice as fast as `planes.T.copy()`
            elements[:, number] = plane
        return elements.tobytes()


def open_chunks(dataset: Any, file: Hdf5File) -> Chunks | None:
    """The chunks of a dataset, where they can be read here.

    Args:
        dataset: h5py's `DatasetID`; its elements are stored as they are wanted.
        file: where it is; all chunks together cannot be larger.
    """
    layout, size = dataset.get_create_plist(), dataset.get_type().get_size()
    if layout.get_layout() != _CHUNKED or dataset.get_storage_size() > file.size:
        return None
    shape = layout.get_chunk()
    stored = [layout.get_filter(number) for number in range(layout.get_nfilters())]
    filters = [_Filter(code, (values or (0,))[0]) for code, _, values, _ in stored]
    deflated = sum(step.code == _DEFLATE for step in filters)
    shuffled = [step for step in filters if step.code == _SHUFFLE]
    if deflated > 1 or len(filters) != deflated + len(shuffled) or prod(shape) * size < _SMALLEST:
        return None
    if any(not step.width or prod(shape) * size % step.width for step in shuffled):
        return None
    fetch = _from_file(dataset, file)
    if fetch is None and not deflated:
        return None  # libhdf5 would read the same, with less ado
    return Chunks(fetch or _from_library(dataset), shape, size, filters)


def _from_file(dataset: Any, file: Hdf5File) -> Fetch | None:
    """What reads chunks where they are in the file, if that is known."""
    if (
        not hasattr(dataset, "chunk_iter")  # h5py has it from libhdf5 1.14 on
        or dataset.get_num_chunks() > _MOST
        # Before 1.14.4 libhdf5 does not count it: https://github.com/HDFGroup/hdf5/issues/3003
        or file.guarded_id.get_create_plist().get_userblock()
    ):
        return None
    found: list[Any] = []
    dataset.chunk_iter(found.append)
    places = {
        chunk.chunk_offset: (chunk.filter_mask, chunk.byte_offset, chunk.size)
        for chunk in found
        if chunk.byte_offset is not None
    }

    def fetch(corner: Corner) -> tuple[int, bytes]:
        skipped, offset, length = places[corner]
        return skipped, file.read(offset, length)

    return fetch


def _from_library(dataset: Any) -> Fetch:
    def fetch(corner: Corner) -> tuple[int, bytes]:
        with LIBRARY_LOCK:  # h5py takes it everywhere else, and not here
            skipped, data = dataset.read_direct_chunk(corner)
            return skipped, data

    return fetch
