"""How two arrays of numbers differ, found a block at a time.

Blocks stay in a processor's cache, and nearly all are plain finite floats, which take a handful of
passes in their own precision. A slower and thorough way takes the rest: NaN and infinities, squares
that overflow or vanish, 64-bit integers, complex numbers.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from scopecli.analysis.compare.dtypes import cast
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy as np

    from scopecli.analysis.compare.dtypes import Widening

    Array = np.ndarray[Any, np.dtype[Any]]

BLOCK = 1 << 17
# Products that are added in their own precision; the sums of such runs are added in float64. For
# longer ones BLAS would start threads of its own.
_RUN = 1 << 10
# In a sum of squares between these, nothing that matters has overflowed or vanished.
_SAFE = {"float32": (1e-30, 1e37), "float64": (1e-280, 1e280)}
# If squared norms differ by less than this factor, |a|² + |b|² - |a-b|² gives the scalar product
# without loss.
_ALIKE = 16
_LARGEST = sys.float_info.max


class Tolerance(NamedTuple):
    """What counts as equal: |a-b| <= atol + rtol * |b|, as in `numpy.isclose`."""

    rtol: float = 0.0
    atol: float = 0.0


EXACT = Tolerance()


class _Block(NamedTuple):
    """Elements of both sides, cast to be compared; `y` is `x` where all bytes are the same."""

    x: Array
    y: Array
    at: int
    tolerance: Tolerance


@dataclass(slots=True)
class Tally:
    """What has been found in the elements seen so far.

    Attributes:
        elements: how many were seen.
        differing: how many of them count as changed.
        first: position of the first changed element, in C order.
        nans: on each side.
        infinities: on each side.
        finite: how many are finite on both sides; all that follows is over these.
        max_abs: largest |a-b|; -1 where there are none.
        max_relative: largest |a-b| / |b| where b is not 0; -1 where there are none.
        sums: of (a-b)², a², b² and a·b, over the blocks for which floats will do.
        extremes: the same sums over all other blocks, as fractions.
    """

    elements: int = 0
    differing: int = 0
    first: int | None = None
    nans: tuple[int, int] = (0, 0)
    infinities: tuple[int, int] = (0, 0)
    finite: int = 0
    max_abs: float = -1.0
    max_relative: float = -1.0
    sums: Sequence[float] = (0.0, 0.0, 0.0, 0.0)
    extremes: Sequence[Fraction] = field(default=(Fraction(),) * 4)

    @property
    def rms(self) -> float | None:
        """Root mean square of a-b; None where no element is finite on both sides."""
        return _root(self._total(0) / self.finite) if self.finite else None

    @property
    def cosine(self) -> float | None:
        """Cosine of the angle between a and b; None where one of them is all zeros."""
        _, a, b, ab = map(self._total, range(4))
        if not a or not b:
            return None
        size = min(_root(ab * ab / (a * b)), 1.0)
        return size if ab >= 0 else -size

    def _total(self, which: int) -> Fraction:
        return Fraction(self.sums[which]) + self.extremes[which]

    def join(self, other: Tally) -> None:
        """Add the tally of other elements of the same tensors."""
        self.elements += other.elements
        self.differing += other.differing
        self._see_first(other.first)
        self.nans = _plus(self.nans, other.nans)
        self.infinities = _plus(self.infinities, other.infinities)
        self.finite += other.finite
        self.max_abs = max(self.max_abs, other.max_abs)
        self.max_relative = max(self.max_relative, other.max_relative)
        self.sums = [x + y for x, y in zip(self.sums, other.sums, strict=True)]
        self.extremes = [x + y for x, y in zip(self.extremes, other.extremes, strict=True)]

    def count(self, x: Array, y: Array, kind: Widening, tolerance: Tolerance, at: int) -> None:
        """Compare two flat arrays of one size.

        Args:
            x: elements of a.
            y: elements of b; the very object `x` where both are the same, byte for byte.
            kind: how they are compared.
            tolerance: what counts as equal.
            at: position of the first element in the tensor.
        """
        import numpy as np

        safe = _SAFE.get(kind.casts[0]) if kind.casts[0] == kind.casts[1] else None
        scratch = np.empty((2, min(BLOCK, x.size)), kind.casts[0])
        with np.errstate(all="ignore"):
            for start in range(0, x.size, BLOCK):
                a = cast(x[start : start + BLOCK], kind.casts[0])
                b = a if y is x else cast(y[start : start + BLOCK], kind.casts[1])
                block = _Block(a, b, at + start, tolerance)
                if safe is None or not self._quick(block, safe, scratch[:, : a.size]):
                    self._thorough(block)
                self.elements += a.size

    def _quick(self, block: _Block, safe: tuple[float, float], scratch: Array) -> bool:
        """Count a block of plain finite floats; on any other, return False and count nothing."""
        import numpy as np

        x, y = block.x, block.y
        low, high = safe
        a = _product(x, x)
        b = a if y is x else _product(y, y)
        if not (low < a < high and low < b < high):
            return False
        d, ab, largest, relative = 0.0, a, 0.0, 0.0
        if y is not x and (unequal := x != y).any():
            distance = np.subtract(x, y, out=scratch[0])
            d, largest = _product(distance, distance), _magnitude(distance)
            relative = _relative(distance, y, scratch[1])
            if not (low < d < high and relative < math.inf):
                return False
            alike = a < _ALIKE * b and b < _ALIKE * a
            ab = (a + b - d) / 2 if alike else _product(x, y)
            if block.tolerance != EXACT:
                exact = np.abs(np.subtract(x, y, dtype=float))
                unequal &= ~_close(exact, y, block.tolerance)
            self._see_differing(unequal, block.at)
        self.finite += x.size
        self.max_abs = max(self.max_abs, largest)
        self.max_relative = max(self.max_relative, relative)
        self.sums = [x + y for x, y in zip(self.sums, (d, a, b, ab), strict=True)]
        return True

    def _thorough(self, block: _Block) -> None:
        """Count a block of any numbers."""
        import numpy as np

        unequal, distance, x, y = _compared(block.x, block.y)
        if block.tolerance != EXACT:
            # An infinity is close to itself only, however large the tolerance.
            finite_pairs = np.isfinite(x) & np.isfinite(y)
            unequal &= ~(finite_pairs & _close(distance, y, block.tolerance))
        self._see_differing(unequal, block.at)
        finite = [np.isfinite(side) for side in (x, y)]
        nans = [np.isnan(side) for side in (x, y)]
        self.nans = _plus(self.nans, map(np.count_nonzero, nans))
        odd = (int(np.count_nonzero(~(f | n))) for f, n in zip(finite, nans, strict=True))
        self.infinities = _plus(self.infinities, odd)
        both = finite[0] & finite[1]
        if not both.all():
            distance, x, y = distance[both], x[both], y[both]
        if not x.size:
            return
        # A difference that overflows is taken for the largest number.
        distance = np.minimum(distance, _LARGEST)
        self.finite += x.size
        self.max_abs = max(self.max_abs, float(distance.max()))
        relative = _relative(distance, np.abs(y), np.empty_like(distance))
        self.max_relative = max(self.max_relative, min(relative, _LARGEST))
        x, y = x.view(float), y.view(float)  # real and imaginary parts, where there are two
        products = map(_wide_product, (distance, x, y, x), (distance, x, y, y))
        self.extremes = [x + y for x, y in zip(self.extremes, products, strict=True)]

    def _see_differing(self, unequal: Array, at: int) -> None:
        import numpy as np

        count = int(np.count_nonzero(unequal))
        self.differing += count
        if count:
            self._see_first(at + int(unequal.argmax()))

    def _see_first(self, place: int | None) -> None:
        known = [number for number in (self.first, place) if number is not None]
        self.first = min(known, default=None)


def _plus(a: tuple[int, int], b: Iterable[int]) -> tuple[int, int]:
    left, right = b
    return a[0] + int(left), a[1] + int(right)


def _root(square: Fraction) -> float:
    """Square root of a fraction, which a float need not hold as long as it holds the root."""
    half = (square.numerator.bit_length() - square.denominator.bit_length()) // 2
    return math.ldexp(math.sqrt(square / Fraction(4) ** half), half)


def _product(x: Array, y: Array) -> float:
    """Scalar product of floats."""
    import numpy as np

    rest = x.size % _RUN
    total = float(np.dot(x[x.size - rest :], y[x.size - rest :])) if rest else 0.0
    if x.size >= _RUN:
        a, b = x[: x.size - rest], y[: x.size - rest]
        runs = np.matmul(a.reshape(-1, 1, _RUN), b.reshape(-1, _RUN, 1))
        total += float(runs.sum(dtype=float))
    return total


def _wide_product(x: Array, y: Array) -> Fraction:
    """Scalar product of finite float64 values of any magnitude."""
    import numpy as np

    powers = [math.frexp(_magnitude(side))[1] for side in (x, y)]
    product = _product(np.ldexp(x, -powers[0]), np.ldexp(y, -powers[1]))
    return Fraction(product) * Fraction(2) ** sum(powers)


def _magnitude(values: Array) -> float:
    """The largest magnitude; NaN where there is one among the values."""
    # Two passes that only read are quicker than one that writes.
    return max(float(values.max()), -float(values.min()))


def _relative(distance: Array, divisors: Array, scratch: Array) -> float:
    """The largest magnitude of the quotients; -1 where all divisors are 0."""
    import numpy as np

    found = _magnitude(np.divide(distance, divisors, out=scratch))
    if found < math.inf:
        return found
    usable = divisors != 0
    return _magnitude(distance[usable] / divisors[usable]) if usable.any() else -1.0


def _close(distance: Array, y: Array, tolerance: Tolerance) -> Array:
    import numpy as np

    size = np.abs(y).astype(float, copy=False)
    found: Array = distance <= tolerance.atol + tolerance.rtol * size
    return found


def _compared(x: Array, y: Array) -> tuple[Array, Array, Array, Array]:
    """Which elements differ, their distance, and both sides as float64 or complex128."""
    import numpy as np

    integers = x.dtype.kind in "iu", y.dtype.kind in "iu"
    wide = complex if "c" in {x.dtype.kind, y.dtype.kind} else float
    a, b = x.astype(wide), y.astype(wide)
    if all(integers):
        unequal, distance = _integer_distance(x, y)
        return unequal, distance, a, b
    unequal = (a != b) & ~(np.isnan(a) & np.isnan(b))
    for side, values, is_integer in ((x, a, integers[0]), (y, b, integers[1])):
        if is_integer:
            unequal |= _is_rounded(side, values.real)
    return unequal, np.abs(a - b), a, b


def _is_rounded(integers: Array, floats: Array) -> Array:
    """Which 64-bit integers were rounded when they became float64."""
    # The upper 53 bits and the lower 11 are exact in float64, and so is the rest of their sum.
    low = (integers & 0x7FF).astype(float)
    high = (integers - (integers & 0x7FF)).astype(float)
    rounded: Array = floats - high != low
    return rounded


def _integer_distance(x: Array, y: Array) -> tuple[Array, Array]:
    """Which 64-bit integers differ, and their distance, which is exact until it becomes a float."""
    import numpy as np

    if x.dtype == y.dtype:
        larger = x > y
        a, b = x.view(np.uint64), y.view(np.uint64)
        return x != y, np.where(larger, a - b, b - a).astype(float)
    signed, unsigned = (x, y) if x.dtype.kind == "i" else (y, x)
    negative = signed < 0
    a = signed.view(np.uint64)
    distance = np.where(a > unsigned, a - unsigned, unsigned - a).astype(float)
    apart = unsigned.astype(float) - signed.astype(float)
    return negative | (a != unsigned), np.where(negative, apart, distance)
