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

    elements = finite_count = nans = infinities = zeros = 0
    minimum, maximum = np.inf, -np.inf
    mean = squares = 0.0
    for chunk in chunks(model, variable):
        values = _as_float(chunk)
        finite = values[np.isfinite(values)]
        nans += int(np.isnan(values).sum())
        elements += values.size
        infinities += values.size - finite.size
        zeros += int((values == 0).sum())
        if finite.size:
            minimum, maximum = min(minimum, finite.min()), max(maximum, finite.max())
            # Chan's formula joins the moments of two parts without losing digits:
            # https://en.wikipedia.org/wiki/Algorithms_for_calculating_variance#Parallel_algorithm
            part_mean = float(finite.mean())
            delta, total = part_mean - mean, finite_count + finite.size
            squares += float(((finite - part_mean) ** 2).sum())
            squares += delta**2 * finite_count * finite.size / total
            mean += delta * finite.size / total
            finite_count = total
        progress(chunk.nbytes)
    infinities -= nans
    if not finite_count:
        return ValueStats(elements, None, None, None, None, nans, infinities, zeros, ())
    histogram = _histogram(model, variable, float(minimum), float(maximum), progress)
    std = (squares / finite_count) ** 0.5
    return ValueStats(
        elements,
        float(minimum),
        float(maximum),
        mean,
        std,
        nans,
        infinities,
        zeros,
        histogram,
    )


def _histogram(
    model: Model,
    variable: Variable,
    minimum: float,
    maximum: float,
    progress: Callable[[int], None],
) -> list[int]:
    import numpy as np

    counts = np.zeros(BINS, np.int64)
    if minimum == maximum:
        return []
    for chunk in chunks(model, variable):
        values = _as_float(chunk)
        counts += np.histogram(values[np.isfinite(values)], BINS, (minimum, maximum))[0]
        progress(chunk.nbytes)
    return [int(count) for count in counts]


def _as_float(chunk: np.ndarray[Any, np.dtype[Any]]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The values widened to float64; magnitudes of complex ones."""
    import numpy as np

    if chunk.dtype.kind == "c":
        chunk = np.abs(chunk)
    return chunk.astype(np.float64)
