"""Statistics of values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from scopecli.analysis import values
from scopecli.analysis.stats import BINS, ValueStats, measure
from tests.analysis.models import kept

HUGE = 1.7e308


def stats(data: Any, dtype: str = "float32") -> ValueStats:
    found = kept(data, dtype)
    return measure(found.model, found.variable)


def test_against_numpy() -> None:
    data = np.random.default_rng(0).normal(3, 2, (100, 7)).astype("f4")
    found = stats(data)
    assert found.elements == 700
    assert (found.minimum, found.maximum) == (data.min(), data.max())
    assert found.mean == pytest.approx(data.astype("f8").mean())
    assert found.std == pytest.approx(data.astype("f8").std())
    expected, _ = np.histogram(data.astype("f8"), BINS)
    assert list(found.histogram) == expected.tolist()
    assert (found.nans, found.infinities, found.zeros) == (0, 0, 0)


def test_chunks_are_joined_without_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    data = 1e8 + np.random.default_rng(0).normal(0, 1, 1000)
    whole = stats(data, "float64")
    monkeypatch.setattr(values, "CHUNK_BYTES", 24)
    parts = stats(data, "float64")
    assert parts.mean == pytest.approx(whole.mean, rel=1e-15)
    assert parts.std == pytest.approx(data.std(), rel=1e-6)
    assert parts.histogram == whole.histogram


@pytest.mark.parametrize(
    ("data", "dtype", "expected"),
    [
        ([], "float32", ValueStats(0, None, None, None, None, 0, 0, 0, ())),
        (5.0, "float32", ValueStats(1, 5, 5, 5, 0, 0, 0, 0, ())),
        ([0, 0, 0], "float32", ValueStats(3, 0, 0, 0, 0, 0, 0, 3, ())),
        ([np.nan, np.nan], "float32", ValueStats(2, None, None, None, None, 2, 0, 0, ())),
        ([np.inf, -np.inf, 1], "float32", ValueStats(3, 1, 1, 1, 0, 0, 2, 0, ())),
        ([True, True], "bool", ValueStats(2, 1, 1, 1, 0, 0, 0, 0, ())),
        ([2**62, 2**62], "int64", ValueStats(2, 2**62, 2**62, 2**62, 0, 0, 0, 0, ())),
        ([3 + 4j], "complex64", ValueStats(1, 5, 5, 5, 0, 0, 0, 0, ())),
        ([HUGE, HUGE], "float64", ValueStats(2, HUGE, HUGE, HUGE, 0, 0, 0, 0, ())),
        ([-7, -7], "int4", ValueStats(2, -7, -7, -7, 0, 0, 0, 0, ())),
        ([1.5, 1.5], "bfloat16", ValueStats(2, 1.5, 1.5, 1.5, 0, 0, 0, 0, ())),
        ([-128, -128], "qint8", ValueStats(2, -128, -128, -128, 0, 0, 0, 0, ())),
    ],
)
def test_all_alike(data: Any, dtype: str, expected: ValueStats) -> None:
    assert stats(data, dtype) == expected


@pytest.mark.parametrize(
    ("data", "mean", "std"),
    [
        ([-HUGE, HUGE, 0, 0], 0.0, HUGE / 2**0.5),
        ([1e200, 3e200], 2e200, 1e200),
        ([1e-320, 3e-320], 2e-320, 1e-320),
        ([1e17, 1e17 + 32], 1e17 + 16, 16.0),
        ([-HUGE, -1e308], -1.35e308, 3.5e307),
    ],
)
def test_extreme_numbers(data: list[float], mean: float, std: float) -> None:
    """Their squares overflow or vanish, and JSON has no infinity."""
    found = stats(data, "float64")
    assert found.mean == pytest.approx(mean, rel=1e-3)
    assert found.std == pytest.approx(std, rel=0.1)
    assert sum(found.histogram) == len(data)


@given(hnp.arrays(st.sampled_from(["i8", "u8", "i4", "u1"]), st.integers(1, 40)))
def test_extremes_of_integers_are_exact(data: Any) -> None:
    found = stats(data, data.dtype.name)
    assert (found.minimum, found.maximum) == (int(data.min()), int(data.max()))
    assert sum(found.histogram) == (data.size if data.min() < data.max() else 0)


def test_neighbours_that_float64_does_not_tell_apart() -> None:
    found = stats([2**53, 2**53 + 1], "int64")
    assert (found.minimum, found.maximum) == (2**53, 2**53 + 1)
    assert sum(found.histogram) == 2


def test_values_that_are_no_numbers_are_counted_and_left_out() -> None:
    found = stats([0, 1, np.nan, np.inf, -np.inf, 3], "float16")
    assert (found.elements, found.nans, found.infinities, found.zeros) == (6, 1, 2, 1)
    assert (found.minimum, found.maximum) == (0, 3)
    assert found.mean == pytest.approx(4 / 3)
    assert sum(found.histogram) == 3


@given(hnp.arrays(np.float64, st.integers(1, 60), elements=st.floats(width=64)))
def test_any_numbers(data: Any) -> None:
    found = stats(data, "float64")
    finite = data[np.isfinite(data)]
    assert found.nans == np.isnan(data).sum()
    assert found.infinities == np.isinf(data).sum()
    assert found.zeros == (data == 0).sum()
    if not finite.size:
        assert found.mean is None
        return
    assert found.minimum == finite.min()
    assert found.maximum == finite.max()
    assert found.mean is not None
    assert found.std is not None
    assert np.isfinite(found.mean)
    assert np.isfinite(found.std)
    assert found.std >= 0
    assert sum(found.histogram) == (finite.size if finite.min() < finite.max() else 0)


def test_progress_is_the_bytes_that_were_read() -> None:
    data = kept(np.arange(10))
    seen: list[int] = []
    measure(data.model, data.variable, seen.append)
    assert seen == [40, 40]
