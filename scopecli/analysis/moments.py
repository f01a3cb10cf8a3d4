"""What can be said of many numbers after one look at each, and joined with what is said of others.

Sums are kept in units of a power of two near the largest magnitude: squares of very large and very
small numbers are no numbers, and to change to another power of two loses no digit.
"""

from __future__ import annotations

from functools import reduce
from math import frexp, inf, ldexp
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

    finite = values
    nans = infinities = 0
    if not np.isfinite(values).all():
        finite = values[np.isfinite(values)]
        nans = int(np.isnan(values).sum())
        infinities = values.size - finite.size - nans
    zeros = int(values.size - np.count_nonzero(values))
    if not finite.size:
        return Moments(values.size, nans, infinities, zeros)
    low, high = float(finite.min()), float(finite.max())
    unit = _unit(max(abs(low), abs(high)))
    scaled = finite / unit
    # A sum is rounded, and the average of equal numbers is that number all the same.
    centre = min(max(float(scaled.mean()), low / unit), high / unit)
    scaled -= centre
    scaled *= scaled
    spread = float(scaled.sum())
    return Moments(values.size, nans, infinities, zeros, low, high, unit, centre, spread)


def _unit(magnitude: float) -> float:
    """The power of two below a number."""
    return ldexp(1.0, frexp(magnitude)[1] - 1) if magnitude else _SMALLEST_UNIT


def joined(parts: Iterable[Moments]) -> Moments:
    """The moments of all the numbers of which these are the parts'."""
    return reduce(_both, parts, Moments())


def _both(a: Moments, b: Moments) -> Moments:
    """Chan's formula, which joins the moments of two parts without losing digits.

    https://en.wikipedia.org/wiki/Algorithms_for_calculating_variance#Parallel_algorithm
    """
    if not a.elements:
        return b
    unit = max(a.unit, b.unit)
    a_scale, b_scale = a.unit / unit, b.unit / unit
    share = b.finite / ((a.finite + b.finite) or 1)
    delta = b.centre * b_scale - a.centre * a_scale
    return Moments(
        a.elements + b.elements,
        a.nans + b.nans,
        a.infinities + b.infinities,
        a.zeros + b.zeros,
        min(a.minimum, b.minimum),
        max(a.maximum, b.maximum),
        unit,
        a.centre * a_scale + delta * share,
        a.spread * a_scale * a_scale
        + b.spread * b_scale * b_scale
        + delta * delta * a.finite * share,
    )
