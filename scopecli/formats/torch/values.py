"""The values of PyTorch's tensors, in C order whatever view of a storage they are."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, Protocol

from scopecli.errors import DamagedFileError, UnsupportedError
from scopecli.formats.stored_values import swapped
from scopecli.model.dtypes import BITS, NUMPY_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy as np

    from scopecli.binary.member_bytes import Bytes
    from scopecli.formats.torch.tensors import Tensor
    from scopecli.formats.torch.tree import Found
    from scopecli.model.variable import Variable

# A view that is no plain run is gathered a band of rows at a time, from blocks of the storage. So
# memory is bounded by both, whatever the strides are.
_BAND = 32 << 20
_BLOCK = 4 << 20


class Storages(Protocol):
    """The storages of a file, by key."""

    byte_order: str

    def size(self, key: str, /) -> int | None:
        """Bytes of one; None where it is missing."""

    def offset(self, key: str, /) -> int | None:
        """Where one starts in the file; None where it is compressed or not to be found."""

    def open(self, key: str, /) -> Bytes:
        """The bytes of one."""


class TorchTensors:
    """A `TensorReader` of views of storages."""

    __slots__ = ("_band", "_found", "_gathered", "_name", "_opened", "_storages")

    def __init__(self, found: Mapping[str, Found], storages: Storages, name: str) -> None:
        """Read these tensors, by key; errors have the name of the file."""
        self._found = found
        self._storages = storages
        self._name = name
        self._opened: tuple[str, Bytes] | None = None
        self._band: tuple[str, int] | None = None  # what was gathered last
        self._gathered = b""

    @property
    def shared(self) -> bool:
        """Whether all of them are plain runs of bytes, so that nothing is kept between reads."""
        return all(
            found.tensor.is_contiguous and self._storages.offset(found.storage) is not None
            for found in self._found.values()
            if self._storages.size(found.storage) is not None
        )

    def read(self, variable: Variable, start: int, count: int) -> bytes:
        """Bytes of elements `start` to `start + count` in C order, little-endian.

        Raises:
            ScopecliError: they are missing, damaged, or not numbers.
        """
        found = self._found.get(variable.key)
        is_readable = found is not None and found.tensor.stored and found.tensor.type.size
        if found is None or not is_readable or not BITS.get(variable.dtype):
            layout = variable.attributes.get("layout", variable.dtype)
            raise UnsupportedError(
                f"has values of type {layout}, which cannot be read as numbers",
                path=self._name,
                where=variable.key,
            )
        tensor = found.tensor
        if not count:
            return b""
        size = tensor.type.size
        data = self._bytes(found.storage)
        if tensor.is_contiguous:
            run = data.read(tensor.begin + start * size, count * size)
        else:
            run = b"".join(self._from_bands(variable.key, tensor, data, start, count))
        if self._storages.byte_order == "big":
            run = swapped(run, variable.dtype)
        if tensor.conjugate or tensor.negative:
            run = _changed(run, tensor, variable.dtype)
        return run

    def strings(self, variable: Variable) -> Sequence[bytes]:
        """There are none.

        Raises:
            UnsupportedError: always.
        """
        raise UnsupportedError("does not hold strings", path=self._name, where=variable.key)

    def _bytes(self, key: str) -> Bytes:
        """The storage, of which one is open at a time."""
        opened = self._opened
        if opened is None or opened[0] != key:
            if opened is not None:
                opened[1].close()
            if self._storages.size(key) is None:
                raise DamagedFileError("has no storage of this key", where=key)
            opened = self._opened = key, self._storages.open(key)
        return opened[1]

    def _from_bands(
        self, key: str, tensor: Tensor, data: Bytes, start: int, count: int
    ) -> Iterator[bytes]:
        """A run of a view, in pieces."""
        size = tensor.type.size
        view = View(tensor)
        while count:
            number, skipped = view.at(start)
            if self._band != (key, number):
                self._gathered = view.gathered(data, number)
                self._band = key, number
            piece = self._gathered[skipped * size : (skipped + count) * size]
            yield piece
            start += len(piece) // size
            count -= len(piece) // size


class View:
    """How a view is cut so that parts of it can be gathered one by one.

    All axes before `axis` are fixed in a band, some indices of `axis` are in it, and everything
    behind it.
    """

    __slots__ = ("_axis", "_offset", "_per_outer", "_row", "_rows", "_shape", "_size", "_strides")

    def __init__(self, tensor: Tensor) -> None:
        shape = tuple(extent or 0 for extent in tensor.shape or ())
        self._size = tensor.type.size
        axis = 0
        while axis < len(shape) - 1 and prod(shape[axis + 1 :]) * self._size > _BAND:
            axis += 1
        self._shape = shape
        self._strides = tensor.strides
        self._offset = tensor.begin // self._size
        self._axis = axis
        self._row = prod(shape[axis + 1 :])
        self._rows = max(1, min(_BAND // (self._row * self._size), shape[axis]))
        self._per_outer = -(-shape[axis] // self._rows)

    def at(self, element: int) -> tuple[int, int]:
        """The band that has an element of the view in C order, and the element's place in it."""
        row, rest = divmod(element, self._row)
        outer, index = divmod(row, self._shape[self._axis])
        band, skipped = divmod(index, self._rows)
        return outer * self._per_outer + band, skipped * self._row + rest

    def gathered(self, data: Bytes, number: int) -> bytes:
        """The bytes of a band in C order.

        Raises:
            ScopecliError: the file does not have them.
        """
        import numpy as np

        outer, band = divmod(number, self._per_outer)
        axis, first = self._axis, band * self._rows
        offset = self._offset + first * self._strides[axis]
        for extent, stride in zip(
            reversed(self._shape[:axis]), reversed(self._strides[:axis]), strict=True
        ):
            outer, index = divmod(outer, extent)
            offset += index * stride
        rows = min(self._rows, self._shape[axis] - first)
        out = np.empty((rows, *self._shape[axis + 1 :]), f"V{self._size}")
        self._gather(data, out, offset)
        return out.tobytes()

    def _gather(self, data: Bytes, out: np.ndarray[Any, np.dtype[Any]], offset: int) -> None:
        """Fill an array from its place in the storage, block by block."""
        import numpy as np

        strides = self._strides[self._axis :]
        waiting = [(out, offset)]
        while waiting:
            part, at = waiting.pop()
            reach = [(extent - 1) * step for extent, step in zip(part.shape, strides, strict=True)]
            span = sum(reach) + 1
            if span * self._size <= _BLOCK:
                run = data.read(at * self._size, span * self._size)
                part[...] = np.lib.stride_tricks.as_strided(
                    np.frombuffer(run, out.dtype),
                    part.shape,
                    [step * self._size for step in strides],
                    writeable=False,
                )
                continue
            widest = reach.index(max(reach))
            left = _BLOCK // self._size - (span - reach[widest])
            step = max(1, left // strides[widest] + 1) if left > 0 else 1
            place = (slice(None),) * widest
            for first in range(0, part.shape[widest], step):
                rows = part[(*place, slice(first, first + step))]
                waiting.append((rows, at + first * strides[widest]))


def _changed(run: bytes, tensor: Tensor, dtype: str) -> bytes:
    """The conjugates or negatives of numbers, which PyTorch makes when it needs them."""
    import numpy as np

    numbers = np.frombuffer(run, np.dtype(NUMPY_NAMES.get(dtype, dtype)).newbyteorder("<"))
    numbers = np.conj(numbers) if tensor.conjugate else numbers
    return (-numbers if tensor.negative else numbers).tobytes()
