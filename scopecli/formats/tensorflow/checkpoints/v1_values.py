"""Where a V1 checkpoint's values are, and how they are read.

A slice is one message in one block of a table, so all of it is read where any of it is asked for.
The last one stays in memory, because values are asked for a run at a time; each thread has its own.
"""

from __future__ import annotations

import os
import threading
from math import prod
from typing import TYPE_CHECKING

from scopecli.binary import ordered_code, sstable
from scopecli.binary.protobuf.wire import BYTES
from scopecli.binary.source import Source
from scopecli.binary.window import Window
from scopecli.errors import DamagedFileError, UnsupportedError
from scopecli.formats.tensorflow.layout import TensorSlices
from scopecli.formats.tensorflow.tensor import Constant
from scopecli.formats.tensorflow.types import stored_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scopecli.model.variable import Slice, Variable


class SliceStorage:
    """One slice in one table; a `Storage`."""

    __slots__ = ("_dtype", "_extent", "_name", "_shape", "path")

    offset = None  # inside a block, which may be compressed
    checksum = None

    def __init__(
        self,
        path: str,
        name: str,
        extent: tuple[tuple[int, int], ...],
        dtype: str,
        shape: tuple[int, ...],
    ) -> None:
        self.path = path
        self._name = name
        self._extent = extent
        self._dtype = dtype
        self._shape = shape

    @property
    def shard(self) -> str:
        """Base name of the table."""
        return os.path.basename(self.path)

    @property
    def length(self) -> int:
        """Bytes of the values, uncompressed; 0 where they have no fixed size."""
        return stored_bytes(self._dtype, self._shape) or 0

    def load(self) -> Constant:
        """The slice with its values.

        Raises:
            ScopecliError: the table is missing or damaged, or does not have the slice.
        """
        with Source(self.path) as source:
            message = sstable.find(source, self._key())
        if message is None:
            raise DamagedFileError("is listed, and its values are not there", where=self._name)
        window = Window(self.path, message)
        spans = [(0, len(message))]
        for number in (TensorSlices.DATA, TensorSlices.DATA_VALUES):
            spans = [
                (a, b)
                for start, end in spans
                for field, kind, a, b in window.fields(start, end)
                if field == number and kind == BYTES
            ]
        if not spans:
            raise DamagedFileError("a slice has no values", where=self._name)
        constant = Constant(window, *spans[-1])
        # The message leaves both out: they are in the listing.
        constant.dtype = self._dtype
        constant.shape = self._shape
        return constant

    def _key(self) -> bytes:
        """`EncodeTensorNameSlice` in core/util/saved_tensor_slice_util.cc."""
        name = self._name.encode("utf-8", "surrogateescape")
        return b"".join(
            (
                ordered_code.write_number(0),
                ordered_code.write_string(name),
                ordered_code.write_number(len(self._extent)),
                *(ordered_code.write_signed(n) for pair in self._extent for n in pair),
            )
        )


class TableTensors:
    """Reads the values of one checkpoint; a `TensorReader`."""

    __slots__ = ("_here",)
    shared = True

    def __init__(self) -> None:
        self._here = threading.local()

    def __reduce__(self) -> tuple[object, ...]:
        """Pickled as it is before a file is opened."""
        return TableTensors, ()

    def read(self, variable: Variable, start: int, count: int) -> bytes:
        """Bytes of elements `start` to `start + count` in C order, little-endian.

        Raises:
            ScopecliError: a table is missing or damaged, or elements have no fixed size.
        """
        if not variable.params:
            return b""
        size = stored_bytes(variable.dtype, (1,))
        if size is None:
            raise UnsupportedError(f"values of dtype {variable.dtype} cannot be read")
        loaded = self._load(variable, size)
        if isinstance(loaded, Constant):
            return loaded.read(start, count)
        return loaded[start * size : (start + count) * size]

    def strings(self, variable: Variable) -> Sequence[bytes]:
        """All elements of a string tensor.

        Raises:
            ScopecliError: a table is missing or damaged.
        """
        return _storage(variable.storage, variable).load().strings()

    def _load(self, variable: Variable, size: int) -> Constant | bytes:
        key, loaded = getattr(self._here, "last", (None, b""))
        if key != variable.key:
            slices = variable.attributes.get("slices")
            if isinstance(slices, tuple):
                loaded = _assemble(variable, slices, size)
            else:
                loaded = _storage(variable.storage, variable).load()
            self._here.last = variable.key, loaded
        return loaded


def _storage(storage: object, variable: Variable) -> SliceStorage:
    if not isinstance(storage, SliceStorage):
        raise UnsupportedError("has no values in the checkpoint", where=variable.key)
    return storage


def _assemble(variable: Variable, slices: tuple[Slice, ...], size: int) -> bytes:
    """A partitioned tensor, put together from its parts."""
    import numpy as np

    given = sum(prod(part.lengths) for part in slices)
    if given != variable.params:
        raise DamagedFileError(
            f"its parts have {given} elements of {variable.params}", where=variable.key
        )
    parts = []
    for part in slices:
        data = _storage(part.storage, variable).load().read(0, prod(part.lengths))
        parts.append(np.frombuffer(data, f"V{size}").reshape(part.lengths))
    whole: np.ndarray[tuple[int, ...], np.dtype[np.void]]
    whole = np.zeros(tuple(n or 0 for n in variable.shape or ()), f"V{size}")
    for part, values in zip(slices, parts, strict=True):
        place = tuple(slice(a, a + n) for a, n in zip(part.starts, part.lengths, strict=True))
        whole[place] = values
    return whole.tobytes()
