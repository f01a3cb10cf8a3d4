"""Moments of numbers, and of parts joined."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from scopecli.analysis.moments import Moments, joined, moments_of

HUGE = 1.7e308

numbers = hnp.arrays(np.float64, st.integers(0, 40), elements=st.floats(width=64))
ordinary = hnp.arrays(np.float64, st.integers(0, 40), elements=st.floats(-1e6, 1e6))


def of(*values: float) -> Moments:
    return moments_of(np.array(values, np.float64))


def test_against_numpy() -> None:
    data = np.random.default_rng(0).normal(3, 2, 1000)
    found = moments_of(data)
    assert found.mean == pytest.approx(data.mean())
    assert found.std == pytest.approx(data.std())
    assert found.norm == pytest.approx(np.linalg.norm(data))
    assert (found.minimum, found.maximum) == (data.min(), data.max())


@given(st.lists(ordinary, max_size=6))
def test_parts_joined_are_the_whole(parts: list[Any]) -> None:
    with np.errstate(all="ignore"):
        whole = moments_of(np.concatenate([np.zeros(0), *parts]))
        found = joined(moments_of(part) for part in parts)
    assert found[:6] == whole[:6]
    if not whole.finite:
        assert (found.mean, found.std, found.norm) == (None, None, None)
        return
    size = max(abs(whole.minimum), abs(whole.maximum))
    assert found.mean == pytest.approx(whole.mean, abs=1e-12 * size)
    assert found.std == pytest.approx(whole.std, abs=1e-7 * size)
    assert found.norm == pytest.approx(whole.norm, rel=1e-12)


@given(numbers, numbers)
def test_any_numbers_give_numbers(a: Any, b: Any) -> None:
    with np.errstate(all="ignore"):
        found = joined([moments_of(a), moments_of(b)])
    both = np.concatenate([a, b])
    assert found.nans == np.isnan(both).sum()
    assert found.infinities == np.isinf(both).sum()
    assert found.zeros == (both == 0).sum()
    for number in (found.mean, found.std, found.norm):
        assert (number is None) == (found.finite == 0)
        assert number is None or not math.isnan(number)


def test_nothing_joined_is_nothing() -> None:
    assert joined([]) == Moments()
    assert joined([Moments(), of(3, 4), Moments()]) == of(3, 4)
    assert of(3, 4).norm == 5


@pytest.mark.parametrize(
    ("parts", "norm"),
    [
        ([(3e200,), (4e200,)], 5e200),
        ([(3e-200,), (4e-200,)], 5e-200),
        ([(1e-320,), (0,)], 1e-320),
        ([(1e300,), (1e-300,)], 1e300),
        ([(math.nan, 3), (4, math.inf)], 5),
        ([(HUGE,), (HUGE,)], math.inf),
    ],
)
def test_norms_of_extreme_numbers(parts: list[tuple[float, ...]], norm: float) -> None:
    """Their squares overflow or vanish."""
    assert joined(of(*part) for part in parts).norm == pytest.approx(norm, rel=1e-3)


def test_equal_numbers_have_no_deviation() -> None:
    """Sums of them are rounded all the same."""
    found = joined([of(*[0.1] * 7), of(*[0.1] * 11)])
    assert (found.mean, found.std) == (0.1, 0)


@given(st.lists(numbers, max_size=4))
def test_parts_of_any_size_are_joined_in_a_common_unit(parts: list[Any]) -> None:
    """One after the other, or all at once: it is the same."""
    with np.errstate(all="ignore"):
        found = [moments_of(part) for part in parts]
        one_by_one = Moments()
        for moments in found:
            one_by_one = joined([one_by_one, moments])
        assert joined(found) == one_by_one
