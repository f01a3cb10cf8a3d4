"""Moments of numbers, computed in one pass, that can be joined with those of other numbers.

Sums are in units of a power of two near the largest magnitude: the squares of very large and very
small numbers would overflow or vanish, and a change of the power loses no digit.
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
    """Counts, extremes and moments of some numbers; `Moments()` is that of no numbers.

    Extremes and moments are over the finite ones.

    Attributes:
        elements: how many there are.
        nans: how many are not a number.
        infinities: how many are infinite.
        zeros: how many are zero.
        minimum: smallest; infinite where none is finite. An int for integers, which a float may
            not hold.
        maximum: largest; minus infinity where none is finite.
        unit: the unit of `centre`, and of the root of `spread`.
        centre: average.
        spread: sum of squared deviations from the average.
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
        """Root of the sum of squares (L2); infinite where a float cannot hold it."""
        squares = self.spread + self.finite * self.centre * self.centre
        return squares**0.5 * self.unit if self.finite else None


def moments_of(values: np.ndarray[Any, np.dtype[np.float64]]) -> Moments:
    """The moments of an array."""
    import numpy as np

    elements, nans, infinities = values.size, 0, 0
    zeros = elements - int(np.count_nonzero(values.astype(bool)))  # five times as fast as of floats
    low, high = _extremes(values)
    if not isfinite(low) or not isfinite(high):  # one NaN makes both NaN
        finite = np.isfinite(values)
        nans = int(np.count_nonzero(np.isnan(values)))
        infinities = elements - int(np.count_nonzero(finite)) - nans
        values = values[finite]
        low, high = _extremes(values)
    if not values.size:
        return Moments(elements, nans, infinities, zeros)
    unit = _unit(max(abs(low), abs(high)))
    scaled = values / unit
    # The sum is rounded, but the average of equal numbers must be that number.
    mean = float(np.add.reduce(scaled)) / scaled.size
    centre = min(max(mean, low / unit), high / unit)
    scaled -= centre
    scaled *= scaled
    spread = float(np.add.reduce(scaled))
    return Moments(elements, nans, infinities, zeros, low, high, unit, centre, spread)


def _extremes(values: np.ndarray[Any, np.dtype[np.float64]]) -> tuple[float, float]:
    """The smallest and the largest."""
    import numpy as np

    # Not the methods of the array, which take twice as long for small tensors, as most are.
    low = np.minimum.reduce(values, initial=inf)
    return float(low), float(np.maximum.reduce(values, initial=-inf))


def _unit(magnitude: float) -> float:
    """The largest power of two that is not above a magnitude."""
    return ldexp(1.0, frexp(magnitude)[1] - 1) if magnitude else _SMALLEST_UNIT


def joined(parts: Iterable[Moments]) -> Moments:
    """The moments of all numbers together, from the moments of parts.

    By Chan's formula, which joins the moments of two parts without losing digits.
    https://en.wikipedia.org/wiki/Algorithms_for_calculating_variance#Parallel_algorithm
    """
    elements = nans = infinities = zeros = count = 0
    minimum, maximum, unit = inf, -inf, _SMALLEST_UNIT
    centre = spread = 0.0
    for part in parts:
        # No object is made for each partial sum: this runs for each level of each name of a table.
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
