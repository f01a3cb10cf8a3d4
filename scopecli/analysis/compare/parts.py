"""How the comparison of two tensors is cut into parts, each of which is one piece of work.

Parts are so small that a few of them fit into memory whatever the tensors' size.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from math import prod
from typing import TYPE_CHECKING, Any, NoReturn

from scopecli.analysis.compare.dtypes import widening
from scopecli.analysis.compare.numbers import Tally
from scopecli.analysis.compare.tiles import place, read_tile, tiles
from scopecli.analysis.values import check_claim, numpy_dtype
from scopecli.errors import ScopecliError, TruncatedError, UnsupportedError
from scopecli.model.dtypes import BLOCKS, nbytes
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import numpy as np

    from scopecli.analysis.compare.dtypes import Widening
    from scopecli.analysis.compare.numbers import Tolerance
    from scopecli.analysis.compare.tiles import Tile
    from scopecli.model.model import Model, TensorReader
    from scopecli.model.variable import Variable

    Array = np.ndarray[Any, np.dtype[Any]]
    Axes = tuple[int, ...] | None
    Part = Callable[[], Tally]

PART_BYTES = 8 << 20  # of one side
READ_BYTES = 1 << 20  # of those, at once
_STRING = "string"


class Side(NamedTuple):
    """One of the two tensors."""

    model: Model
    variable: Variable

    def shape(self) -> tuple[int, ...]:
        """Its shape.

        Raises:
            UnsupportedError: the file does not say.
            DamagedFileError: it claims more than the file can hold.
        """
        with self._named():
            shape = self.variable.shape
            if shape is None or None in shape:
                raise UnsupportedError("has no known shape")
            check_claim(self.model, self.variable)
            return tuple(size or 0 for size in shape)

    def dtype(self) -> np.dtype[Any]:
        """The numpy type of its elements.

        Raises:
            UnsupportedError: they are not numbers.
        """
        with self._named():
            return numpy_dtype(self.variable.dtype)

    def read(self, start: int, count: int, size: int) -> bytes:
        """The bytes of elements `start` to `start + count`, of which there must be `size`.

        Raises:
            ScopecliError: the values are not there or damaged.
        """
        with self._named():
            data = self._reader().read(self.variable, start, count)
            if len(data) != size:
                raise TruncatedError(f"has {len(data)} bytes of {size}")
            return data

    def strings(self) -> Sequence[bytes]:
        """All elements of a tensor of strings.

        Raises:
            ScopecliError: the values are not there or damaged.
        """
        with self._named():
            return self._reader().strings(self.variable)

    def _reader(self) -> TensorReader:
        if self.model.tensors is None:
            raise UnsupportedError("has no values")
        return self.model.tensors

    @contextmanager
    def _named(self) -> Iterator[None]:
        """Put path and key into errors: of two files, they must say which one they mean."""
        try:
            yield
        except ScopecliError as error:
            error.path = error.path or self.model.path
            error.where = error.where or self.variable.key
            raise


class Plan(NamedTuple):
    """What there is to do for two tensors.

    Attributes:
        shape: of the first.
        compared_as: the dtype that holds the values of both.
        itemsize: bytes of an element on both sides together, for progress.
        parts: each compares some of the elements.
    """

    shape: tuple[int, ...]
    compared_as: str
    itemsize: int
    parts: Iterable[Part]


def plan(x: Side, y: Side, axes: Axes, tolerance: Tolerance) -> Plan:
    """Plan a comparison; where there can be none, its only part raises the reason."""
    try:
        return _plan(x, y, axes, tolerance)
    except ScopecliError as error:
        return Plan((), "", 0, [partial(_fail, error)])


def _plan(x: Side, y: Side, axes: Axes, tolerance: Tolerance) -> Plan:
    shape, other = x.shape(), y.shape()
    _check_shapes(x, shape, other, axes)
    if x.variable.dtype == y.variable.dtype == _STRING:
        return Plan(shape, _STRING, 0, [partial(_strings, x, y, shape, axes)])
    if x.variable.dtype == y.variable.dtype in BLOCKS and axes is None:
        return Plan(shape, x.variable.dtype, 1, _Blocks(x, y).parts(prod(shape)))
    itemsizes = x.dtype().itemsize, y.dtype().itemsize
    kind = widening(x.variable.dtype, y.variable.dtype)
    numbers = _Numbers(x, y, kind, tolerance, itemsizes)
    limit = PART_BYTES // max(itemsizes)
    return Plan(shape, kind.name, sum(itemsizes), numbers.parts(shape, axes, limit))


def _check_shapes(x: Side, shape: tuple[int, ...], other: tuple[int, ...], axes: Axes) -> None:
    if axes is None:
        if shape != other:
            raise UnsupportedError(
                f"shapes {shape} and {other} cannot be compared", where=x.variable.key
            )
    elif sorted(axes) != list(range(len(shape))) or other != tuple(shape[axis] for axis in axes):
        raise UnsupportedError(
            f"shape {shape} with its axes in the order {axes} is not {other}", where=x.variable.key
        )


class _Numbers(NamedTuple):
    """Two tensors of numbers."""

    x: Side
    y: Side
    kind: Widening
    tolerance: Tolerance
    itemsizes: tuple[int, int]

    def parts(self, shape: tuple[int, ...], axes: Axes, limit: int) -> Iterator[Part]:
        """Parts of at most `limit` elements."""
        if axes is None or axes == tuple(range(len(shape))):
            size = prod(shape)
            for start in range(0, max(size, 1), limit):
                yield partial(self.run, start, min(limit, size - start))
        else:
            for tile in tiles(shape, axes, limit):
                yield partial(self.tile, tile, shape, axes)

    def run(self, start: int, count: int) -> Tally:
        """Compare a run of elements that is at the same position in both."""
        import numpy as np

        dtypes = self.x.dtype(), self.y.dtype()
        tally = Tally()
        step = max(READ_BYTES // max(self.itemsizes), 1)
        for at in range(start, start + count, step):
            length = min(step, start + count - at)
            left = self.x.read(at, length, length * self.itemsizes[0])
            right = self.y.read(at, length, length * self.itemsizes[1])
            a = np.frombuffer(left, dtypes[0])
            same = dtypes[0] == dtypes[1] and left == right
            b = a if same else np.frombuffer(right, dtypes[1])
            tally.count(a, b, self.kind, self.tolerance, at)
        return tally

    def tile(self, tile: Tile, shape: tuple[int, ...], axes: tuple[int, ...]) -> Tally:
        """Compare a tile of the first with that of the second, which is transposed."""
        import numpy as np

        a = self._tile(self.x, self.itemsizes[0], shape, tile)
        turned = tuple(shape[axis] for axis in axes)
        b = self._tile(self.y, self.itemsizes[1], turned, tile.transposed(axes))
        back = b.transpose(np.argsort(axes))
        tally = Tally()
        tally.count(a.reshape(-1), back.reshape(-1), self.kind, self.tolerance, 0)
        if tally.first is not None:
            tally.first = place(tile, shape, tally.first)
        return tally

    @staticmethod
    def _tile(side: Side, itemsize: int, shape: tuple[int, ...], tile: Tile) -> Array:
        return read_tile(
            lambda start, count: side.read(start, count, count * itemsize),
            side.dtype(),
            shape,
            tile,
        )


class _Blocks(NamedTuple):
    """Two tensors quantized in the same way, whose blocks are compared as bytes."""

    x: Side
    y: Side

    def parts(self, size: int) -> Iterator[Part]:
        """Parts of whole blocks."""
        block = BLOCKS[self.x.variable.dtype]
        limit = max(READ_BYTES // block.bytes, 1) * block.elements
        for start in range(0, max(size, 1), limit):
            yield partial(self.run, start, min(limit, size - start))

    def run(self, start: int, count: int) -> Tally:
        """Compare some blocks; all elements of a block that differs count as changed."""
        import numpy as np

        dtype = self.x.variable.dtype
        size = nbytes(dtype, count) or 0
        left, right = self.x.read(start, count, size), self.y.read(start, count, size)
        if left == right:
            return Tally(elements=count)
        block = BLOCKS[dtype]
        a, b = (np.frombuffer(data, np.uint8).reshape(-1, block.bytes) for data in (left, right))
        places = np.flatnonzero((a != b).any(axis=1)) * block.elements
        differing = min(len(places) * block.elements, count)
        return Tally(elements=count, differing=differing, first=start + int(places[0]))


def _strings(x: Side, y: Side, shape: tuple[int, ...], axes: Axes) -> Tally:
    """Compare two tensors of strings, which are read whole."""
    import numpy as np

    left, right = x.strings(), y.strings()
    if axes is not None:
        turned = tuple(shape[axis] for axis in axes)
        order = np.arange(len(right)).reshape(turned).transpose(np.argsort(axes)).ravel()
        right = [right[i] for i in order.tolist()]
    places = [i for i, (a, b) in enumerate(zip(left, right, strict=True)) if a != b]
    return Tally(elements=len(left), differing=len(places), first=places[0] if places else None)


def _fail(error: ScopecliError) -> NoReturn:
    raise error
