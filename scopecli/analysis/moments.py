"""What can be said of many numbers after one look at each, and joined with what is said of others.

Sums are kept in units of a power of two near the largest magnitude: squares of very large and very
small numbers are no numbers, and to change to another power of two loses no digit.
"""

from __future__ import annotations

from math import frexp, inf, isfinite, ldexp
from typing import TYPE_CHECKING, Any

from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np

_SMALLEST_UNIT = ldexp(1.0, -1074)


class Moments(NamedTuple):
    """Counts, extremes and moments of some numbers; those without arguments are of none.

    Extremes and moments are over the finite ones.

    Attributes:
        elements: how many there are.
        nans: those that are not a number.
        infinities: those that are infinite.
        zeros: those that are zero.
        minimum: smallest; infinite where none is finite. Of integers, the integer: no float may
            hold it.
        maximum: largest; minus infinity where none is finite.
        unit: what the two below are measured in.
        centre: their average.
        spread: sum of the squares of what they are away from it.
    """

    elements: int = 0
    nans: int = 0
    infinities: int = 0
    zeros: int = 0
    minimum: float = inf
    maximum: float = -inf
    unit: float = _SMALLEST_UNIT
    centre: float = 0.0
    spread: float = 0.0

    @property
    def finite(self) -> int:
        """How many are finite."""
        return self.elements - self.nans - self.infinities

    @property
    def mean(self) -> float | None:
        """Average; None where none is finite."""
        return self.centre * self.unit if self.finite else None

    @property
    def std(self) -> float | None:
        """Standard deviation over all elements (not the sample's); None where none is finite."""
        return (self.spread / self.finite) ** 0.5 * self.unit if self.finite else None

    @property
    def norm(self) -> float | None:
        """Root of the sum of squares (L2); infinite where no float is so large."""
        squares = self.spread + self.finite * self.centre * self.centre
        return squares**0.5 * self.unit if self.finite else None


def moments_of(values: np.ndarray[Any, np.dtype[np.float64]]) -> Moments:
    """The moments of an array."""
    import numpy as np

    elements, nans, infinities = values.size, 0, 0
    zeros = elements - int(np.count_nonzero(values.astype(bool)))  # five times as fast as of floats
    low, high = _extremes(values)
    if not isfinite(low) or not isfinite(high):  # a NaN makes both of them one
        finite = np.isfinite(values)
        nans = int(np.count_nonzero(np.isnan(values)))
        infinities = elements - int(np.count_nonzero(finite)) - nans
        values = values[finite]
        low, high = _extremes(values)
    if not values.size:
        return Moments(elements, nans, infinities, zeros)
    unit = _unit(max(abs(low), abs(high)))
    scaled = values / unit
    # A sum is rounded, and the average of equal numbers is that number all the same.
    mean = float(np.add.reduce(scaled)) / scaled.size
    centre = min(max(mean, low / unit), high / unit)
    scaled -= centre
    scaled *= scaled
    spread = float(np.add.reduce(scaled))
    return Moments(elements, nans, infinities, zeros, low, high, unit, centre, spread)


def _extremes(values: np.ndarray[Any, np.dtype[np.float64]]) -> tuple[float, float]:
    """The smallest and the largest."""
    import numpy as np

    # Not the methods: most tensors are small, and those take as long again to get here.
    low = np.minimum.reduce(values, initial=inf)
    return float(low), float(np.maximum.reduce(values, initial=-inf))


def _unit(magnitude: float) -> float:
    """The power of two below a number."""
    return ldexp(1.0, frexp(magnitude)[1] - 1) if magnitude else _SMALLEST_UNIT


def joined(parts: Iterable[Moments]) -> Moments:
    """The moments of all the numbers of which these are the parts'.

    By Chan's formula, which joins the moments of two parts without losing digits.
    https://en.wikipedia.org/wiki/Algorithms_for_calculating_variance#Parallel_algorithm
    """
    elements = nans = infinities = zeros = count = 0
    minimum, maximum, unit = inf, -inf, _SMALLEST_UNIT
    centre = spread = 0.0
    for part in parts:
        # Unpacked, and no object made of each sum: a table has a part for each level of each name.
        all_, not_numbers, infinite, zero, low, high, own, mean, squares = part
        elements += all_
        nans += not_numbers
        infinities += infinite
        zeros += zero
        minimum = min(minimum, low)
        maximum = max(maximum, high)
        finite = all_ - not_numbers - infinite
        if not finite:
            continue
        if own != unit:
            common = max(own, unit)
            centre *= unit / common
            spread *= (unit / common) ** 2
            mean *= own / common
            squares *= (own / common) ** 2
            unit = common
        share = finite / (count + finite)
        delta = mean - centre
        centre += delta * share
        spread += squares + delta * delta * count * share
        count += finite
    return Moments(elements, nans, infinities, zeros, minimum, maximum, unit, centre, spread)
