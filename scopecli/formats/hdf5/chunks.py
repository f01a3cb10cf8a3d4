"""Chunks of HDF5 datasets, unpacked without libhdf5, which does that under a lock.

Python's zlib lets go of all locks, so that threads unpack side by side. Read here is what nearly
all packed files have: deflated chunks, shuffled or not. All else is left to libhdf5, and so is
every chunk that is not there or not as it should be.

Specification: https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html
"""

from __future__ import annotations

import zlib
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from scopecli.formats.hdf5.file import LIBRARY_LOCK
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    Array = np.ndarray[Any, np.dtype[Any]]
    Place = tuple[slice, ...]

_CHUNKED = 2  # a layout of H5Dpublic.h
_DEFLATE, _SHUFFLE = 1, 2  # filters of H5Zpublic.h
_SMALLEST = 1 << 14  # libhdf5 has unpacked a smaller one before Python has asked for it
_KEPT = 8 << 20  # a run of elements that has a part of a chunk must not unpack it for itself


class _Filter(NamedTuple):
    """One step of the pipeline; `width` is the size of what a shuffle has taken apart."""

    code: int
    width: int


class PackedChunks:
    """The chunks of one dataset, for one thread. What was unpacked last is kept."""

    __slots__ = ("_bytes", "_dataset", "_filters", "_kept", "_shape", "_size")

    def __init__(
        self, dataset: Any, shape: tuple[int, ...], size: int, filters: Sequence[_Filter]
    ) -> None:
        """Read chunks of this shape, whose elements have so many bytes."""
        self._dataset = dataset
        self._shape = shape
        self._size = size
        self._bytes = prod(shape) * size
        self._filters = filters
        self._kept: dict[tuple[int, ...], Array] = {}

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
            else:
                block[tuple(place)] = chunk[tuple(inside)]

    def _chunk(self, corner: tuple[int, ...]) -> Array | None:
        found = self._kept.get(corner)
        if found is None:
            data = self._unpacked(corner)
            if data is None:
                return None
            found = np.frombuffer(data, np.uint8).reshape(*self._shape, self._size)
            while self._kept and (len(self._kept) + 1) * self._bytes > _KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[corner] = found
        return found

    def _unpacked(self, corner: tuple[int, ...]) -> bytes | None:
        """The bytes of a chunk; None where it is not there, or not as it should be."""
        try:
            with LIBRARY_LOCK:  # h5py takes it everywhere else, and not here
                skipped, data = self._dataset.read_direct_chunk(corner)
            for number in reversed(range(len(self._filters))):
                if not skipped >> number & 1:
                    data = self._undone(self._filters[number], data)
        except (OSError, RuntimeError, ValueError, zlib.error):
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


def packed_chunks(dataset: Any, file_size: int) -> PackedChunks | None:
    """The chunks of a dataset, where they are deflated and nothing else is against it.

    Args:
        dataset: h5py's `DatasetID`; its elements are stored as they are wanted.
        file_size: what all chunks together cannot be larger than.
    """
    layout, size = dataset.get_create_plist(), dataset.get_type().get_size()
    if layout.get_layout() != _CHUNKED or dataset.get_storage_size() > file_size:
        return None
    shape = layout.get_chunk()
    stored = [layout.get_filter(number) for number in range(layout.get_nfilters())]
    filters = [_Filter(code, (values or (0,))[0]) for code, _, values, _ in stored]
    deflated = sum(step.code == _DEFLATE for step in filters)
    shuffled = [step for step in filters if step.code == _SHUFFLE]
    if deflated != 1 or len(filters) != 1 + len(shuffled) or prod(shape) * size < _SMALLEST:
        return None
    if any(not step.width or prod(shape) * size % step.width for step in shuffled):
        return None
    return PackedChunks(dataset, shape, size, filters)
