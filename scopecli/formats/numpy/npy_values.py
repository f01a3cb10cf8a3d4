"""The values of NumPy arrays, in C order whatever the file's own is."""

from __future__ import annotations

from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any

from scopecli.errors import UnsupportedError
from scopecli.formats.stored_values import swapped
from scopecli.model.dtypes import BITS
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy as np

    from scopecli.binary.member_bytes import Bytes
    from scopecli.formats.numpy.npy_header import ArrayHeader
    from scopecli.model.variable import Variable

_MAX_STRINGS = 1 << 30
_STRING_OVERHEAD = 64  # bytes of memory that each takes beside its own
# An array in Fortran order is turned a band of rows at a time, for each of which the file is read
# once through, a block at a time. So memory is bounded by both, whatever the array's shape.
_BAND = 32 << 20
_BLOCK = 4 << 20
_MOST_TURNED = 1 << 28


class Array(NamedTuple):
    """One array: what its header says, and its bytes from the header's first on."""

    header: ArrayHeader
    data: Bytes


class NpyTensors:
    """A `TensorReader` of NumPy arrays."""

    __slots__ = ("_arrays", "_band", "_last", "_turned")

    def __init__(self, arrays: Mapping[str, Array]) -> None:
        """Read from these arrays, by key."""
        self._arrays = arrays
        self._band: tuple[str, int] | None = None  # the band that was turned last, and its bytes
        self._turned = b""
        self._last: Bytes | None = None

    def read(self, variable: Variable, start: int, count: int) -> bytes:
        """Bytes of elements `start` to `start + count` in C order, little-endian.

        Raises:
            ScopecliError: they are missing, damaged, pickled, or not numbers.
        """
        array = self._array(variable)
        if not BITS.get(variable.dtype):
            raise UnsupportedError(
                f"has values of type {variable.dtype}, which cannot be read as numbers",
                path=array.data.name,
                where=variable.key,
            )
        size = array.header.type.size or 0
        if array.header.fortran_order:
            data = b"".join(self._from_bands(variable.key, array, start, count))
        else:
            data = array.data.read(array.header.start + start * size, count * size)
        return swapped(data, variable.dtype) if array.header.type.big_endian else data

    def strings(self, variable: Variable) -> Sequence[bytes]:
        """All elements of an array of strings in C order, without the zeros that fill them up.

        Raises:
            ScopecliError: they are missing or damaged, or too much.
        """
        array = self._array(variable)
        header = array.header
        size, count = header.type.size or 0, prod(header.shape)
        if variable.dtype != "string" or (size + _STRING_OVERHEAD) * count > _MAX_STRINGS:
            raise UnsupportedError(
                "does not hold strings, or more than fit into memory",
                path=array.data.name,
                where=variable.key,
            )
        if header.fortran_order and size:
            data = b"".join(self._from_bands(variable.key, array, 0, count))
        else:
            data = array.data.read(header.start, size * count)
        texts = [data[at * size : (at + 1) * size] for at in range(count)]
        if "U" not in header.type.written:
            return [text.rstrip(b"\0") for text in texts]
        encoding = "utf-32-be" if header.type.big_endian else "utf-32-le"
        return [
            text.decode(encoding, "replace").rstrip("\0").encode("utf-8", "replace")
            for text in texts
        ]

    def _array(self, variable: Variable) -> Array:
        array = self._arrays[variable.key]
        if self._last is not None and self._last is not array.data:
            self._last.close()
        self._last = array.data
        if array.header.type.size is None:
            raise UnsupportedError(
                "holds pickled Python objects, which are not read",
                path=array.data.name,
                where=variable.key,
            )
        return array

    def _from_bands(self, key: str, array: Array, start: int, count: int) -> Iterator[bytes]:
        """A run of an array in Fortran order, in pieces."""
        size = array.header.type.size or 0
        bands = Bands(array.header.shape, size)
        while count:
            number, skipped = bands.at(start)
            if self._band != (key, number):
                self._turned = bands.turned(array, number)
                self._band = (key, number)
            piece = self._turned[skipped * size : (skipped + count) * size]
            yield piece
            start += len(piece) // size
            count -= len(piece) // size


class Bands:
    """How an array in Fortran order is cut so that parts of it can be turned one by one.

    All axes before `axis` are fixed in a band, some indices of `axis` are in it, and everything
    behind it. In the file, the fixed ones are `inner` elements next to one another, and what is
    behind is columns of `extent * inner` elements.
    """

    __slots__ = ("_columns", "_extent", "_inner", "_outer", "_per_outer", "_rows", "_size")

    def __init__(self, shape: tuple[int, ...], size: int) -> None:
        axis = 0
        while axis < len(shape) - 1 and prod(shape[axis + 1 :]) * size > _BAND:
            axis += 1
        self._outer = shape[:axis]
        self._extent = shape[axis] if shape else 1
        self._columns = shape[axis + 1 :]
        self._inner = prod(self._outer)
        self._size = size
        self._rows = max(1, min(_BAND // (prod(self._columns) * size or 1), self._extent))
        self._per_outer = -(-self._extent // self._rows)

    def at(self, element: int) -> tuple[int, int]:
        """The band that has an element of the array in C order, and the element's place in it."""
        row, rest = divmod(element, prod(self._columns))
        outer, index = divmod(row, self._extent)
        band, skipped = divmod(index, self._rows)
        return outer * self._per_outer + band, skipped * prod(self._columns) + rest

    def turned(self, array: Array, number: int) -> bytes:
        """The bytes of a band in C order.

        Raises:
            ScopecliError: the file does not have them.
        """
        import numpy as np

        outer, band = divmod(number, self._per_outer)
        place = self._place(outer)
        first = band * self._rows
        rows = min(self._rows, self._extent - first)
        columns, length = prod(self._columns), self._extent * self._inner
        out = np.empty((columns, rows), f"V{self._size}")
        together = _BLOCK // (length * self._size)
        if together:
            for column in range(0, columns, together):
                count = min(together, columns - column)
                whole = self._elements(array, column * length, count * length)
                part = whole.reshape(count, self._extent, self._inner)
                out[column : column + count] = part[:, first : first + rows, place]
        else:
            step = max(1, _BLOCK // (self._inner * self._size))
            for column, row in product(range(columns), range(0, rows, step)):
                count = min(step, rows - row)
                begin = column * length + (first + row) * self._inner + place
                part = self._elements(array, begin, (count - 1) * self._inner + 1)
                out[column, row : row + count] = part[:: self._inner]
        return out.reshape(*reversed(self._columns), rows).T.tobytes()

    def _place(self, outer: int) -> int:
        """Where the fixed indices lead among the `inner` elements."""
        place, stride = 0, self._inner
        for extent in reversed(self._outer):
            stride //= extent
            outer, index = divmod(outer, extent)
            place += index * stride
        return place

    def _elements(self, array: Array, begin: int, count: int) -> np.ndarray[Any, np.dtype[Any]]:
        import numpy as np

        start = array.header.start + begin * self._size
        return np.frombuffer(array.data.read(start, count * self._size), f"V{self._size}")


class TurnedBytes:
    """An array whose axes are in an order of their own, in C order: read as a whole."""

    __slots__ = ("_axes", "_data", "_header", "_turned", "name", "size")

    def __init__(self, data: Bytes, header: ArrayHeader, axes: tuple[int, ...]) -> None:
        """The axes of the file's own array, in the order in which this one has them."""
        self._data = data
        self._header = header
        self._axes = axes
        self._turned: bytes | None = None
        self.name = data.name
        self.size = data.size

    def read(self, offset: int, length: int) -> bytes:
        """Exactly `length` bytes from `offset`.

        Raises:
            ScopecliError: they are not there, or are more than is read at once.
        """
        if self._turned is None:
            self._turned = self._whole()
        return self._turned[offset : offset + length]

    def close(self) -> None:
        """Let go of the array."""
        self._turned = None
        self._data.close()

    def _whole(self) -> bytes:
        import numpy as np

        if self.size > _MOST_TURNED:
            raise UnsupportedError(
                f"has its {self.size} bytes in another order of axes than values are read in",
                path=self.name,
            )
        element = np.dtype(f"V{self._header.type.size}")
        stored = [0] * len(self._axes)
        for axis, extent in zip(self._axes, self._header.shape, strict=True):
            stored[axis] = extent
        data = self._data.read(0, prod(stored) * element.itemsize)
        return np.frombuffer(data, element).reshape(stored).transpose(self._axes).tobytes()
