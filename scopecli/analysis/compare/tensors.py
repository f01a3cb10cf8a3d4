"""Whether two tensors have the same values, and how they differ where they do not.

Stored checksums may tell without reading anything. Otherwise both are read side by side, a part
at a time, by a few threads: numpy and the operating system let go of Python's lock while they work.
"""

from __future__ import annotations

import os
from collections import deque
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from scopecli.analysis.compare.numbers import EXACT, Tally, Tolerance
from scopecli.analysis.compare.parts import Side, plan
from scopecli.analysis.values import keep_freed_memory
from scopecli.errors import ScopecliError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future

    from scopecli.analysis.compare.parts import Axes, Part, Plan
    from scopecli.model.model import Model
    from scopecli.model.variable import Checksum, Storage, Variable

    _Result = Tally | ScopecliError

__all__ = ["EXACT", "Tolerance", "ValueDifference", "compare", "compare_all", "stored_same"]

# Two at least, as one may wait for the disk. Three at most: each takes up to 27 MB for chunks of
# HDF5, and 150 MB must do for the whole process.
_FEWEST, _MOST = 2, 3


@dataclass(frozen=True, slots=True)
class ValueDifference:
    """How the values of two tensors, a and b, differ.

    NaN equals NaN, and 0.0 equals -0.0. Measures of the difference are over the elements that are
    finite on both sides, and None where there are none. Dtypes that fit into float32 are measured
    in it, to six digits; whether an element differs is exact. The difference of complex numbers is
    its magnitude.

    Attributes:
        elements: how many there are.
        differing: how many of them are not equal, or not close where a tolerance was given. Of a
            dtype that is quantized in blocks, how many are in blocks whose bytes are not equal.
        max_abs: largest |a-b|.
        max_relative: largest |a-b| / |b| over the elements where b is not 0; None where all are.
        rms: root of the mean of |a-b|².
        cosine: of the angle between a and b; None where one of them is all zeros.
        nans: elements that are not a number, on each side.
        infinities: elements that are infinite, on each side.
        compared_as: the dtype in which they were compared, which holds the values of both: see
            `scopecli.analysis.compare.dtypes`.
        first: index in a of the first element that differs.
    """

    elements: int
    differing: int
    max_abs: float | None
    max_relative: float | None
    rms: float | None
    cosine: float | None
    nans: tuple[int, int]
    infinities: tuple[int, int]
    compared_as: str
    first: tuple[int, ...] | None

    @property
    def same(self) -> bool:
        """Whether no element differs."""
        return not self.differing


def stored_same(a: Variable, b: Variable) -> bool | None:
    """What stored checksums say, without reading values.

    Returns:
        True: the bytes are the same, and so are the values. False: the bytes differ, and so do the
        values, unless they differ only in the sign of a zero or the kind of a NaN. None: there are
        no checksums, or none that can be compared.
    """
    if (a.dtype, a.shape, a.nbytes) != (b.dtype, b.shape, b.nbytes) or a.shape is None:
        return None
    if "slices" not in a.attributes and "slices" not in b.attributes:
        return _same_checksum(_checksum(a.storage), _checksum(b.storage))
    parts, others = _checksums(a), _checksums(b)
    if not parts or parts.keys() != others.keys():
        return None
    answers = {_same_checksum(checksum, others[spec]) for spec, checksum in parts.items()}
    if False in answers:
        return False
    return None if None in answers else True


def _checksums(variable: Variable) -> dict[str, Checksum | None]:
    """The checksum of each part of a tensor; one that is not partitioned is its only part."""
    slices = variable.attributes.get("slices")
    if isinstance(slices, tuple):
        return {part.spec: _checksum(part.storage) for part in slices}
    return {"": _checksum(variable.storage)}


def _checksum(storage: Storage | None) -> Checksum | None:
    return None if storage is None else storage.checksum


def _same_checksum(a: Checksum | None, b: Checksum | None) -> bool | None:
    if a is None or b is None or a.kind != b.kind:
        return None
    return a.value == b.value


def compare(
    a: Model,
    x: Variable,
    b: Model,
    y: Variable,
    tolerance: Tolerance = EXACT,
    axes: Axes = None,
    progress: Callable[[int], None] = lambda _: None,
) -> ValueDifference:
    """Read and compare the values of two tensors.

    Args:
        a: a model.
        x: a tensor of `a`.
        b: the other model.
        y: a tensor of `b`.
        tolerance: what counts as equal.
        axes: the axes of `x.transpose(axes)` that give y; None where it is not transposed.
        progress: is called with the bytes that were read, of both sides together.

    Raises:
        ScopecliError: the values are not there, damaged, or cannot be compared.
    """
    (found,) = compare_all(a, b, [(x, y, axes)], tolerance, progress)
    if isinstance(found, ScopecliError):
        raise found
    return found


def compare_all(
    a: Model,
    b: Model,
    pairs: Iterable[tuple[Variable, Variable, Axes]],
    tolerance: Tolerance = EXACT,
    progress: Callable[[int], None] = lambda _: None,
) -> Iterator[ValueDifference | ScopecliError]:
    """Read and compare the values of pairs of tensors: see `compare`.

    Yields:
        The difference of each pair, in order, or the error with which its comparison failed.
    """
    keep_freed_memory()
    plans = (plan(Side(a, x), Side(b, y), axes, tolerance) for x, y, axes in pairs)
    jobs = ((planned, part) for planned in plans for part in planned.parts)
    for planned, results in groupby(_in_order(jobs, _threads(a, b)), itemgetter(0)):
        yield _joined(planned, (found for _, found in results), progress)


def _in_order(jobs: Iterator[tuple[Plan, Part]], threads: int) -> Iterator[tuple[Plan, _Result]]:
    """The result of each part, in order, while threads work on the next few."""
    from concurrent.futures import ThreadPoolExecutor

    waiting: deque[tuple[Plan, Future[_Result]]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        for planned, part in jobs:
            waiting.append((planned, pool.submit(_result, part)))
            if len(waiting) >= 2 * threads:
                first, future = waiting.popleft()
                yield first, future.result()
        for first, future in waiting:
            yield first, future.result()


def _threads(a: Model, b: Model) -> int:
    """How many threads may read two models."""
    if not all(getattr(model.tensors, "shared", False) for model in (a, b)):
        return 1
    return max(_FEWEST, min(_processors(), _MOST))


def _processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS and Windows
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _result(part: Part) -> _Result:
    try:
        return part()
    except ScopecliError as error:
        return error


def _joined(
    planned: Plan, results: Iterable[_Result], progress: Callable[[int], None]
) -> ValueDifference | ScopecliError:
    total = Tally()
    failed: ScopecliError | None = None
    for found in results:
        if isinstance(found, ScopecliError):
            failed = failed or found
        else:
            total.join(found)
            progress(found.elements * planned.itemsize)
    return failed or ValueDifference(
        elements=total.elements,
        differing=total.differing,
        max_abs=None if total.max_abs < 0 else total.max_abs,
        max_relative=None if total.max_relative < 0 else total.max_relative,
        rms=total.rms,
        cosine=total.cosine,
        nans=total.nans,
        infinities=total.infinities,
        compared_as=planned.compared_as,
        first=None if total.first is None else _index(total.first, planned.shape),
    )


def _index(place: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The index of an element that is counted in C order."""
    index = []
    for size in reversed(shape):
        place, i = divmod(place, size)
        index.append(i)
    return tuple(reversed(index))
