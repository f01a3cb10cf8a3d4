"""What a tensor's values are like: extremes, moments, what is not a number, a histogram.

Two passes over the values, some megabytes at a time: the histogram needs the extremes first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from scopecli.analysis.values import chunks

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np

    from scopecli.model.model import Model
    from scopecli.model.variable import Variable

BINS = 32


class ValueStats(NamedTuple):
    """Statistics of one tensor.

    `minimum` to `std` are over the finite elements, and None where there are none; of complex
    numbers, over their magnitudes.

    Attributes:
        elements: how many there are.
        minimum: smallest.
        maximum: largest.
        mean: average.
        std: standard deviation over all elements (not the sample's).
        nans: elements that are not a number.
        infinities: elements that are infinite.
        zeros: elements that are zero.
        histogram: counts in `BINS` equal intervals from minimum to maximum.
    """

    elements: int
    minimum: float | None
    maximum: float | None
    mean: float | None
    std: float | None
    nans: int
    infinities: int
    zeros: int
    histogram: Sequence[int]


def measure(
    model: Model, variable: Variable, progress: Callable[[int], None] = lambda _: None
) -> ValueStats:
    """Read a tensor and measure it; `progress` gets the bytes of each chunk that was read.

    Raises:
        ScopecliError: the values are not there, damaged, or not numbers.
    """
    import numpy as np

    with np.errstate(all="ignore"):  # squares of huge values overflow to inf, which is the answer
        return _measure(model, variable, progress)


def _measure(model: Model, variable: Variable, progress: Callable[[int], None]) -> ValueStats:
    import numpy as np

    elements = nans = infinities = zeros = 0
    minimum, maximum = np.inf, -np.inf
    for chunk in chunks(model, variable):
        values = _as_float(chunk)
        finite = values[np.isfinite(values)]
        nans += int(np.isnan(values).sum())
        elements += values.size
        infinities += values.size - finite.size
        zeros += int((values == 0).sum())
        if finite.size:
            minimum, maximum = min(minimum, finite.min()), max(maximum, finite.max())
        progress(chunk.nbytes)
    infinities -= nans
    low, high = float(minimum), float(maximum)
    if low > high:
        return ValueStats(elements, None, None, None, None, nans, infinities, zeros, ())
    if low == high:
        return ValueStats(elements, low, high, low, 0.0, nans, infinities, zeros, ())
    mean, std, histogram = _distribution(model, variable, low, high, progress)
    return ValueStats(elements, low, high, mean, std, nans, infinities, zeros, histogram)


def _distribution(
    model: Model,
    variable: Variable,
    minimum: float,
    maximum: float,
    progress: Callable[[int], None],
) -> tuple[float, float, list[int]]:
    """Mean, standard deviation and histogram of the finite elements.

    They are computed in units of the largest magnitude: squares of very large and very small
    numbers are no numbers.
    """
    import numpy as np

    unit = max(abs(minimum), abs(maximum))
    low = minimum / unit
    span = maximum / unit - low or 1.0
    counts = np.zeros(BINS, np.int64)
    seen = 0
    mean = squares = 0.0
    for chunk in chunks(model, variable):
        values = _as_float(chunk)
        values = values[np.isfinite(values)] / unit
        if values.size:
            # Chan's formula joins the moments of two parts without losing digits:
            # https://en.wikipedia.org/wiki/Algorithms_for_calculating_variance#Parallel_algorithm
            part_mean = float(values.mean())
            delta, total = part_mean - mean, seen + values.size
            squares += float(((values - part_mean) ** 2).sum())
            squares += delta**2 * seen * values.size / total
            mean += delta * values.size / total
            seen = total
            places = ((values - low) * (BINS / span)).astype(np.int64).clip(0, BINS - 1)
            counts += np.bincount(places, minlength=BINS)
        progress(chunk.nbytes)
    std = (squares / seen) ** 0.5 * unit
    return mean * unit, std, [int(count) for count in counts]


def _as_float(chunk: np.ndarray[Any, np.dtype[Any]]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The values widened to float64; magnitudes of complex ones."""
    import numpy as np

    if chunk.dtype.kind == "c":
        chunk = np.abs(chunk)
    return chunk.astype(np.float64)
