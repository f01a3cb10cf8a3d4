"""The values of HDF5 datasets, read a run of elements at a time.

Values that are one plain run of bytes are read as such, and so are most chunks: that takes half the
time, and none of h5py's lock, which keeps threads from working side by side.
"""

from __future__ import annotations

import threading
import weakref
from contextlib import ExitStack
from math import prod
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from scopecli.errors import UnsupportedError
from scopecli.formats.hdf5.chunks import Chunks, open_chunks
from scopecli.formats.hdf5.file import Hdf5File, translated
from scopecli.formats.hdf5.listing import PlainRun
from scopecli.formats.hdf5.names import encoded
from scopecli.formats.hdf5.objects import is_external
from scopecli.formats.hdf5.types import memory_type
from scopecli.model.dtypes import BITS
from scopecli.model.records import NamedTuple

import numpy as np  # isort: skip
from h5py import h5d, h5p, h5s, h5z  # isort: skip - after file.py has turned plugins off

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from scopecli.model.variable import Variable

    Array = np.ndarray[Any, np.dtype[Any]]

# A run that covers part of a chunk must not unpack it again for the next run.
_CHUNK_CACHE = 8 << 20
_MAX_CHUNK = 1 << 30
_MAX_STRINGS = 1 << 30
_STRINGS_AT_ONCE = 4096

# https://support.hdfgroup.org/documentation/hdf5/latest/_h5_z__u_g.html, and h5py's own lzf.
_BUILT_IN_FILTERS = frozenset({1, 2, 3, 4, 5, 6, 32000})
# https://github.com/HDFGroup/hdf5_plugins/blob/master/docs/RegisteredFilterPlugins.md
_PLUGINS: Mapping[int, str] = MappingProxyType(
    {
        307: "bzip2",
        32001: "blosc",
        32004: "lz4",
        32008: "bitshuffle",
        32013: "zfp",
        32015: "zstd",
        32026: "blosc2",
    }
)


class Block(NamedTuple):
    """A hyperslab that is one run of elements in C order."""

    start: tuple[int, ...]
    extents: tuple[int, ...]
    elements: int


class _Values(NamedTuple):
    """An open dataset of numbers.

    Attributes:
        key: its variable's.
        dataset: h5py's `DatasetID`.
        kind: what its elements are read as.
        start: first byte in the file where they are stored just so, one behind the other.
        chunks: reads them where they are stored just so, in chunks.
    """

    key: str
    dataset: Any
    kind: Any
    start: int | None
    chunks: Chunks | None

    def read(self, block: Block, part: Array) -> None:
        """Fill an array of bytes, a row an element."""
        if self.chunks is None:
            self.dataset.read(*_spaces(self.dataset, block), part, self.kind)
            return
        elements = part.reshape(*block.extents, part.shape[1])
        for place in self.chunks.read(block.start, elements):
            extents = tuple(side.stop - side.start for side in place)
            start = tuple(map(int.__add__, block.start, (side.start for side in place)))
            rest = np.empty((prod(extents), part.shape[1]), np.uint8)
            inner = Block(start, extents, len(rest))
            self.dataset.read(*_spaces(self.dataset, inner), rest, self.kind)
            elements[place] = rest.reshape(*extents, part.shape[1])


class Hdf5Values:
    """A `TensorReader`. The file is opened at the first read, and stays open while this lives.

    Each thread keeps the dataset open that it read last, and what libhdf5 has unpacked of it.
    """

    __slots__ = ("__weakref__", "_file", "_here", "_open", "_stack", "_turn")

    def __init__(self, open_file: Callable[[], AbstractContextManager[Hdf5File]]) -> None:
        self._open = open_file
        self._file: Hdf5File | None = None
        self._here = threading.local()
        self._turn = threading.Lock()
        self._stack = ExitStack()
        weakref.finalize(self, self._stack.close)

    def read(self, variable: Variable, start: int, count: int) -> bytes:
        """Bytes of elements `start` to `start + count` in C order, little-endian.

        Raises:
            UnsupportedError: elements of no fixed size, values in another file, an unknown filter.
            DamagedFileError: the values cannot be read.
        """
        if not BITS.get(variable.dtype):
            raise UnsupportedError(
                f"has values of type {variable.dtype}, which cannot be read as numbers",
                path=self._opened().name,
                where=variable.key,
            )
        file = self._opened()
        with translated(file.name, variable.key):
            if isinstance(variable.storage, PlainRun):
                return _plain(file, variable, variable.storage, start, count)
            stored = self._values(file, variable)
            size = stored.kind.get_size()
            if stored.start is not None:
                return file.read(stored.start + start * size, count * size)
            values = np.empty((count, size), np.uint8)
            done = 0
            for block in blocks(stored.dataset.shape or (), start, count):
                stored.read(block, values[done : done + block.elements])
                done += block.elements
            return values.tobytes()

    def strings(self, variable: Variable) -> Sequence[bytes]:
        """All elements of a string tensor in C order.

        Raises:
            UnsupportedError: values in another file, an unknown filter, too much text.
            DamagedFileError: the values cannot be read.
        """
        file = self._opened()
        found: list[bytes] = []
        total = 0
        with translated(file.name, variable.key):
            dataset = _dataset(file, variable)
            kind = dataset.get_type()
            # Any number of elements may share one text as long as the file.
            longest = file.size if kind.is_variable_str() else kind.get_size()
            step = max(1, min(_STRINGS_AT_ONCE, _MAX_STRINGS // max(1, longest)))
            elements = 0 if dataset.shape is None else prod(dataset.shape)
            for start in range(0, elements, step):
                for block in blocks(dataset.shape, start, min(step, elements - start)):
                    values = np.empty(block.elements, kind.dtype)
                    # h5py's own type for the array: libhdf5 would put bare pointers into it.
                    dataset.read(*_spaces(dataset, block), values)
                    texts = [_bytes(value) for value in values.tolist()]
                    total += sum(map(len, texts))
                    found += texts
                if total > _MAX_STRINGS:
                    raise UnsupportedError(
                        f"has more than {_MAX_STRINGS} bytes of text",
                        path=file.name,
                        where=variable.key,
                    )
        return found

    def _opened(self) -> Hdf5File:
        with self._turn:
            if self._file is None:
                self._file = self._stack.enter_context(self._open())
            return self._file

    def _values(self, file: Hdf5File, variable: Variable) -> _Values:
        last: _Values | None = getattr(self._here, "last", None)
        if last is None or last.key != variable.key:
            dataset = _dataset(file, variable)
            stored = dataset.get_type()
            kind = memory_type(stored, variable.dtype)
            is_plain = kind.equal(stored)
            start = dataset.get_offset() if is_plain else None
            if start is not None and start + dataset.get_storage_size() > file.size:
                start = None  # libhdf5 says what is wrong
            chunks = open_chunks(dataset, file) if is_plain else None
            last = self._here.last = _Values(variable.key, dataset, kind, start, chunks)
        return last


def _plain(file: Hdf5File, variable: Variable, run: PlainRun, start: int, count: int) -> bytes:
    """Some elements, without asking libhdf5, which looks each dataset up among all of its group."""
    size = BITS[variable.dtype] // 8
    first = (run.offset or 0) - (file.place.offset or 0)
    return file.read(first + start * size, count * size)


def blocks(shape: Sequence[int], start: int, count: int) -> Iterator[Block]:
    """Hyperslabs that together are the elements `start` to `start + count` in C order.

    Each is as large as can be: the rest of a row, whole rows, the beginning of a row, on each axis
    from the innermost outwards and back; never more than twice as many as there are axes.
    """
    strides = [prod(shape[axis + 1 :]) for axis in range(len(shape))]
    position, end = start, start + count
    while position < end:
        index = tuple(
            position // stride % extent for stride, extent in zip(strides, shape, strict=True)
        )
        extents, elements = [1] * len(shape), 1
        for axis, stride in enumerate(strides):
            if position % stride == 0 and position + stride <= end:
                rows = min(shape[axis] - index[axis], (end - position) // stride)
                extents[axis:] = [rows, *shape[axis + 1 :]]
                elements = rows * stride
                break
        yield Block(index, tuple(extents), elements)
        position += elements


def _dataset(file: Hdf5File, variable: Variable) -> Any:
    """The dataset, open, when its values can be read without leaving the file."""
    access = h5p.create(h5p.DATASET_ACCESS)
    access.set_chunk_cache(521, _CHUNK_CACHE, 0.75)
    dataset = h5d.open(file.guarded_id, encoded(variable.key), access)
    layout = dataset.get_create_plist()
    if is_external(layout):
        raise UnsupportedError(
            "has its values in another file, which is not opened",
            path=file.name,
            where=variable.key,
        )
    for number in range(layout.get_nfilters()):
        code = layout.get_filter(number)[0]
        if code not in _BUILT_IN_FILTERS or not h5z.filter_avail(code):
            raise UnsupportedError(
                f"is stored with the filter {_PLUGINS.get(code, code)}, which is a plugin",
                path=file.name,
                where=variable.key,
                hint="rewrite it with `h5repack -f GZIP=1`",
            )
    if layout.get_layout() == h5d.CHUNKED:
        size = prod(layout.get_chunk()) * dataset.get_type().get_size()
        if size > _MAX_CHUNK:
            raise UnsupportedError(
                f"is stored in chunks of {size} bytes", path=file.name, where=variable.key
            )
    return dataset


def _spaces(dataset: Any, block: Block) -> tuple[Any, Any]:
    """Dataspaces in memory and in the file for one block."""
    if not block.start:
        return h5s.ALL, h5s.ALL
    stored = dataset.get_space()
    stored.select_hyperslab(block.start, block.extents)
    # Of the same shape: libhdf5 walks element by element from one shape to another.
    return h5s.create_simple(block.extents), stored


def _bytes(value: object) -> bytes:
    """One string: fixed ones come padded, unset ones of variable length as 0."""
    if isinstance(value, str):
        return encoded(value)
    return value if isinstance(value, bytes) else b""
