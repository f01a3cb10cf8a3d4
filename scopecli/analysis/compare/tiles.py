"""Matching tiles of two tensors, one of which is the other transposed.

Only one of the two can be read in order. A tile that is about square consists of long runs of
neighbouring elements in both.
"""

from __future__ import annotations

from itertools import product
from math import isqrt, prod
from typing import TYPE_CHECKING, Any

from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]
    Shape = tuple[int, ...]


class Tile(NamedTuple):
    """A part of a tensor.

    Attributes:
        starts: first index on each axis.
        extents: number of indices on each axis.
    """

    starts: Shape
    extents: Shape

    def transposed(self, axes: Sequence[int]) -> Tile:
        """The same part of the transposed tensor."""
        return Tile(
            tuple(self.starts[axis] for axis in axes), tuple(self.extents[axis] for axis in axes)
        )


def tiles(shape: Shape, axes: Sequence[int], limit: int) -> Iterator[Tile]:
    """A tensor in tiles of at most `limit` elements, in C order of their first elements.

    A tile consists of long runs of elements both in the tensor and in its transpose.
    """
    extents = [1] * len(shape)
    for order, most in ((range(len(shape)), isqrt(limit)), (axes, limit)):
        for axis in reversed(order):
            room = most * extents[axis] // prod(extents)
            extents[axis] = max(extents[axis], min(shape[axis], room))
    steps = (range(0, size, extent) for size, extent in zip(shape, extents, strict=True))
    for starts in product(*steps):
        ends = map(min, shape, map(int.__add__, starts, extents))
        yield Tile(starts, tuple(map(int.__sub__, ends, starts)))


def read_tile(
    read: Callable[[int, int], bytes], dtype: np.dtype[Any], shape: Shape, tile: Tile
) -> Array:
    """The elements of a tile, in its shape; `read(start, count)` gives the bytes of a run."""
    import numpy as np

    strides = [prod(shape[axis + 1 :]) for axis in range(len(shape))]
    first = sum(map(int.__mul__, tile.starts, strides))
    # Inner axes that the tile has whole form one run with the axis around them.
    inner = len(shape) - 1
    while inner > 0 and tile.extents[inner] == shape[inner]:
        inner -= 1
    length = prod(tile.extents[inner:])
    outer = [
        range(0, extent * stride, stride)
        for extent, stride in zip(tile.extents[:inner], strides, strict=False)
    ]
    values = np.empty(tile.extents, dtype)
    rows = values.reshape(-1, length)
    for row, offsets in zip(rows, product(*outer), strict=True):
        row[:] = np.frombuffer(read(first + sum(offsets), length), dtype)
    return values


def place(tile: Tile, shape: Shape, offset: int) -> int:
    """The position in the tensor of an element of a tile; both are counted in C order."""
    import numpy as np

    inside = np.unravel_index(offset, tile.extents)
    index = [int(i) + start for i, start in zip(inside, tile.starts, strict=True)]
    return int(np.ravel_multi_index(index, shape))
