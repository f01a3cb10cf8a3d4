"""Statistics of a tensor's values: extremes, moments, what is not a number, a histogram.

Values are read a megabyte at a time, and twice for the histogram, which needs the extremes first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.analysis.moments import Moments, joined, moments_of
from scopecli.analysis.values import chunks
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import numpy as np

    from scopecli.analysis.values import Array
    from scopecli.model.model import Model
    from scopecli.model.variable import Variable

BINS = 32


class ValueStats(NamedTuple):
    """Statistics of one tensor.

    `minimum` to `std` are over the finite elements, and None where there are none; of complex
    numbers, over their magnitudes. Extremes of integers are integers.

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


class Distribution(NamedTuple):
    """How the values of one tensor are distributed.

    Attributes:
        moments: counts, extremes and moments.
        histogram: counts in `BINS` equal intervals from minimum to maximum; empty where these are
            the same, and where it was not asked for.
    """

    moments: Moments
    histogram: Sequence[int] = ()


def measure(
    model: Model, variable: Variable, progress: Callable[[int], None] = lambda _: None
) -> ValueStats:
    """Read a tensor and measure it; `progress` gets the bytes of each chunk that was read.

    Raises:
        ScopecliError: the values are not there, damaged, or not numbers.
    """
    moments, histogram = distribution(model, variable, progress)
    return ValueStats(
        moments.elements,
        moments.minimum if moments.finite else None,
        moments.maximum if moments.finite else None,
        moments.mean,
        moments.std,
        moments.nans,
        moments.infinities,
        moments.zeros,
        histogram,
    )


def summary(
    model: Model, variable: Variable, progress: Callable[[int], None] = lambda _: None
) -> Distribution:
    """Read a tensor once and measure it without a histogram.

    Raises:
        ScopecliError: the values are not there, damaged, or not numbers.
    """
    moments = Moments()
    for chunk in chunks(model, variable):
        moments = joined([moments, _moments(chunk)])
        progress(chunk.nbytes)
    return Distribution(moments)


def distribution(
    model: Model, variable: Variable, progress: Callable[[int], None] = lambda _: None
) -> Distribution:
    """Measure a tensor with its histogram; one that is larger than a chunk is read twice.

    Raises:
        ScopecliError: the values are not there, damaged, or not numbers.
    """
    import numpy as np

    moments = Moments()
    chunk = np.zeros(0)
    for chunk in chunks(model, variable):
        moments = joined([moments, _moments(chunk)])
        progress(chunk.nbytes)
    if not moments.minimum < moments.maximum:
        return Distribution(moments)
    again = [chunk] if chunk.size == moments.elements else chunks(model, variable)
    return Distribution(moments, _histogram(again, moments, progress))


def _moments(chunk: Array) -> Moments:
    import numpy as np

    with np.errstate(all="ignore"):  # overflow gives inf, which is the answer
        found = moments_of(_as_float(chunk))
    if chunk.size and chunk.dtype.kind in "iu":
        found = found._replace(minimum=int(chunk.min()), maximum=int(chunk.max()))
    return found


def _histogram(
    parts: Iterable[Array], moments: Moments, progress: Callable[[int], None]
) -> list[int]:
    """The histogram of the finite elements, computed in their unit."""
    import numpy as np

    low = moments.minimum / moments.unit
    span = moments.maximum / moments.unit - low or 1.0
    counts = np.zeros(BINS, np.int64)
    for chunk in parts:
        with np.errstate(all="ignore"):
            values = _as_float(chunk)
            if moments.finite < moments.elements:
                values = values[np.isfinite(values)]
            # numpy 1.26 warns of the unused lanes of a vector when the unit is subnormal.
            values /= moments.unit
        values -= low
        values *= BINS / span
        places = values.astype(np.int64)
        np.clip(places, 0, BINS - 1, out=places)
        counts += np.bincount(places, minlength=BINS)
        progress(chunk.nbytes)
    return [int(count) for count in counts]


def _as_float(chunk: Array) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The values as float64; complex ones as their magnitudes."""
    import numpy as np

    if chunk.dtype.kind == "c":
        chunk = np.abs(chunk)
    return chunk.astype(np.float64)
