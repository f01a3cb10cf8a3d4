"""Values compared: held against plain formulas over exact fractions, and against numpy."""

from __future__ import annotations

import sys
from fractions import Fraction
from math import isqrt
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from scopecli.analysis.compare.tensors import Tolerance, ValueDifference
from tests.analysis.compare.pairs import difference

if TYPE_CHECKING:
    Array = np.ndarray[Any, np.dtype[Any]]


LARGEST = sys.float_info.max
NAN, INF = np.nan, np.inf


def exact_root(square: Fraction) -> float:
    """The root of any fraction, by integers."""
    scale = 1 << 2400
    return float(Fraction(isqrt(int(square * scale * scale)), scale))


def assert_is_what_fractions_say(found: ValueDifference, x: Array, y: Array, rel: float) -> None:
    """All numbers, from the definitions, without rounding."""
    both = np.isfinite(x) & np.isfinite(y)
    finite = zip(x[both].tolist(), y[both].tolist(), strict=True)
    pairs = [(Fraction(a), Fraction(b)) for a, b in finite]
    assert found.elements == x.size
    assert found.nans == (np.isnan(x).sum(), np.isnan(y).sum())
    assert found.infinities == (np.isinf(x).sum(), np.isinf(y).sum())
    if not pairs:
        assert (found.max_abs, found.max_relative, found.rms) == (None, None, None)
        return
    distances = [abs(a - b) for a, b in pairs]
    largest = float(min(max(distances), Fraction(LARGEST)))
    assert found.max_abs == pytest.approx(largest, rel=rel, abs=0)
    relative = [abs(a - b) / abs(b) for a, b in pairs if b]
    if relative:
        most = float(min(max(relative), Fraction(LARGEST)))
        assert found.max_relative == pytest.approx(most, rel=rel, abs=1e-300)
    else:
        assert found.max_relative is None
    if largest < LARGEST:
        rms = exact_root(sum((d * d for d in distances), Fraction()) / len(pairs))
        assert found.rms == pytest.approx(rms, rel=rel, abs=0)
    aa, bb, ab = (sum(map(f, pairs), Fraction()) for f in (_aa, _bb, _ab))
    if aa and bb:
        cosine = exact_root(ab * ab / (aa * bb)) * (1 if ab >= 0 else -1)
        assert found.cosine == pytest.approx(cosine, rel=0, abs=rel)
    else:
        assert found.cosine is None


def _aa(pair: tuple[Fraction, Fraction]) -> Fraction:
    return pair[0] * pair[0]


def _bb(pair: tuple[Fraction, Fraction]) -> Fraction:
    return pair[1] * pair[1]


def _ab(pair: tuple[Fraction, Fraction]) -> Fraction:
    return pair[0] * pair[1]


def floats(dtype: str) -> st.SearchStrategy[tuple[Array, Array]]:
    """Two arrays of one size, whose elements are often equal, odd, extreme or close."""
    odd = st.sampled_from([0.0, -0.0, 1.0, NAN, INF, -INF])
    bits: Literal[32, 64] = 32 if dtype == "float32" else 64
    any_float = st.floats(width=bits)
    pairs = st.one_of(
        st.tuples(odd, odd),
        st.tuples(any_float, any_float),
        any_float.map(lambda v: (v, v)),
        st.floats(-3, 3, width=bits).map(lambda v: (v, v * (1 + 2**-10))),
    )
    return st.lists(pairs, min_size=1, max_size=60).map(
        lambda rows: tuple(np.array(rows, dtype).T.copy())
    )


@pytest.mark.filterwarnings("ignore:overflow")
@pytest.mark.parametrize(("dtype", "rel"), [("float32", 1e-5), ("float64", 1e-9)])
def test_any_floats(small_parts: None, dtype: str, rel: float) -> None:
    @settings(max_examples=80)
    @given(floats(dtype))
    def check(arrays: tuple[Array, Array]) -> None:
        x, y = arrays
        found = difference(x, y, dtype)
        unequal = (x != y) & ~(np.isnan(x) & np.isnan(y))
        assert found.differing == unequal.sum()
        assert found.first == ((int(unequal.argmax()),) if unequal.any() else None)
        assert found.compared_as == dtype
        assert_is_what_fractions_say(found, x.astype(float), y.astype(float), rel)

    check()


@pytest.mark.filterwarnings("ignore:overflow")
def test_tolerances_are_numpys(small_parts: None) -> None:
    tolerances = st.sampled_from([0.0, 1e-12, 1e-3, 0.5, 1e300])

    @settings(max_examples=80)
    @given(floats("float64"), tolerances, tolerances)
    def check(arrays: tuple[Array, Array], rtol: float, atol: float) -> None:
        x, y = arrays
        found = difference(x, y, "float64", tolerance=Tolerance(rtol, atol))
        with np.errstate(all="ignore"):
            close = np.isclose(x, y, rtol, atol, equal_nan=True)
        # Before a tolerance that overflows, releases of numpy differ on an infinity.
        close &= (x == y) | (np.isinf(x) == np.isinf(y))
        assert found.differing == (~close).sum()

    check()


def test_many_floats_in_parts_of_the_usual_size() -> None:
    """Without seams, and over them: the sums are those of the formulas."""
    random = np.random.default_rng(0)
    x = random.normal(0, 0.02, 5_000_001).astype("f4")
    y = x + random.normal(0, 1e-4, x.size).astype("f4")
    y[::7] = x[::7]
    found = difference(x, y)
    a, b = x.astype(float), y.astype(float)
    assert found.differing == (x != y).sum()
    assert found.first == (int((x != y).argmax()),)
    assert found.max_abs == pytest.approx(np.abs(a - b).max(), rel=1e-6)
    assert found.max_relative == pytest.approx((np.abs(a - b)[b != 0] / np.abs(b)[b != 0]).max())
    assert found.rms == pytest.approx(np.sqrt(np.mean((a - b) ** 2)), rel=1e-6)
    cosine = (a @ b) / np.linalg.norm(a) / np.linalg.norm(b)
    assert found.cosine == pytest.approx(cosine, abs=1e-9)


def test_odd_values_in_a_large_tensor_are_counted_where_bytes_are_equal_too() -> None:
    x = np.ones(1_000_000, "f4")
    x[[5, 600_000]] = NAN
    x[700_000] = INF
    y = x.copy()
    found = difference(x, y)
    assert found.same
    assert (found.nans, found.infinities) == ((2, 2), (1, 1))
    assert (found.max_abs, found.rms, found.cosine) == (0, 0, 1)
    y[999_999] = NAN
    found = difference(x, y)
    assert (found.differing, found.first, found.nans) == (1, (999_999,), (2, 3))


@pytest.mark.parametrize(
    ("x", "y", "differing", "max_abs", "max_relative", "rms", "cosine", "odd", "first"),
    [
        ([], [], 0, None, None, None, None, (0, 0, 0, 0), None),
        (1, 1, 0, 0, 0, 0, 1, (0, 0, 0, 0), None),
        (1, -1, 1, 2, 2, 2, -1, (0, 0, 0, 0), ()),
        ([0, 1], [0, 0], 1, 1, None, 0.5**0.5, None, (0, 0, 0, 0), (1,)),
        ([0.0], [-0.0], 0, 0, None, 0, None, (0, 0, 0, 0), None),
        ([NAN], [NAN], 0, None, None, None, None, (1, 1, 0, 0), None),
        ([NAN], [1], 1, None, None, None, None, (1, 0, 0, 0), (0,)),
        ([INF, 2], [INF, 2], 0, 0, 0, 0, 1, (0, 0, 1, 1), None),
        ([INF, 2], [-INF, 2], 1, 0, 0, 0, 1, (0, 0, 1, 1), (0,)),
        ([[1, 2], [3, 4]], [[1, 2], [5, 4]], 1, 2, 0.4, 1, 36 / 1380**0.5, (0, 0, 0, 0), (1, 0)),
    ],
)
def test_by_hand(
    x: Any,
    y: Any,
    differing: int,
    max_abs: float | None,
    max_relative: float | None,
    rms: float | None,
    cosine: float | None,
    odd: tuple[int, ...],
    first: tuple[int, ...] | None,
) -> None:
    found = difference(x, y)
    assert (found.elements, found.compared_as) == (np.size(x), "float32")
    assert (found.differing, found.first, found.max_abs) == (differing, first, max_abs)
    assert found.nans + found.infinities == odd
    assert found.max_relative == pytest.approx(max_relative)
    assert found.rms == pytest.approx(rms)
    assert found.cosine == pytest.approx(cosine)


def test_an_infinity_is_close_to_nothing_else() -> None:
    found = difference([INF, 1, INF], [1, INF, INF], tolerance=Tolerance(1, 1e30))
    assert found.differing == 2


@given(hnp.arrays(np.int64, 20), hnp.arrays(np.int64, 20), st.integers(0, 19))
def test_any_long_integers(x: Array, y: Array, same: int) -> None:
    y[:same] = x[:same]
    found = difference(x, y, "int64")
    assert found.differing == (x != y).sum()
    largest = max(abs(int(p) - int(q)) for p, q in zip(x, y, strict=True))
    assert found.max_abs == pytest.approx(largest, rel=1e-15)


@settings(max_examples=60)
@given(hnp.arrays(np.complex64, 9), hnp.arrays(np.complex64, 9), st.integers(0, 9))
def test_complex_numbers(x: Array, y: Array, same: int) -> None:
    y[:same] = x[:same]
    found = difference(x, y, "complex64")
    with np.errstate(all="ignore"):
        a, b = x.astype(complex), y.astype(complex)
        both = np.isfinite(a) & np.isfinite(b)
        assert found.differing == ((a != b) & ~(np.isnan(a) & np.isnan(b))).sum()
        assert found.nans == (np.isnan(a).sum(), np.isnan(b).sum())
        a, b = a[both], b[both]
        if not a.size:
            assert found.max_abs is None
            return
        assert found.max_abs == pytest.approx(np.abs(a - b).max())
        assert found.rms == pytest.approx(np.sqrt(np.mean(np.abs(a - b) ** 2)))
        norms = np.linalg.norm(a) * np.linalg.norm(b)
        if norms:
            assert found.cosine == pytest.approx(np.vdot(b, a).real / norms)
