"""What two dtypes are compared as."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from scopecli.analysis.compare.dtypes import cast, widening
from scopecli.analysis.values import numpy_dtype
from scopecli.model.dtypes import BITS, ML_DTYPES
from tests.analysis.compare.pairs import difference

NO_ZERO = "float8_e8m0fnu"  # a bare exponent
NUMBERS = sorted(
    dtype
    for dtype, bits in BITS.items()
    if bits and dtype != NO_ZERO and (dtype not in ML_DTYPES or hasattr(ml_dtypes, dtype))
)


def test_every_float16_is_cast_as_numpy_does() -> None:
    every = np.arange(1 << 16, dtype="<u2").view("<f2")
    finite = every[np.isfinite(every)]
    for halves in (finite, every, every[:0x7C01], finite[::-3]):
        expected = halves.astype("f4")
        assert cast(halves, "float32").tobytes() == expected.tobytes()


@pytest.mark.parametrize("dtype", NUMBERS)
def test_every_dtype_by_itself(dtype: str) -> None:
    same = difference([1, 0, 1], [1, 0, 1], dtype)
    assert (same.differing, same.max_abs, same.cosine, same.compared_as) == (0, 0, 1, dtype)
    found = difference([1, 0, 1], [0, 0, 1], dtype)
    assert (found.differing, found.max_abs, found.first) == (1, 1, (0,))
    assert found.rms == pytest.approx((1 / 3) ** 0.5)


FLOATS = ("float16", "bfloat16", "float32", "float64")
INTEGERS = ("bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64")


@pytest.mark.parametrize("a", NUMBERS)
def test_every_dtype_beside_every_other(a: str) -> None:
    for b in NUMBERS:
        found = difference([1, 0, 1], [1, 1, 1], (a, b))
        assert (found.differing, found.first, found.max_abs) == (1, (1,), 1), b
        assert found.cosine == pytest.approx((2 / 3) ** 0.5)
        assert difference([1, 1], [1, 1], (a, b)).same


@pytest.mark.parametrize(
    ("a", "b", "name"),
    [
        ("bool", "bool", "bool"),
        ("bool", "int8", "int8"),
        ("uint8", "int8", "int16"),
        ("int4", "uint4", "int8"),
        ("qint8", "int8", "int8"),
        ("qint8", "qint8", "qint8"),
        ("uint32", "int32", "int64"),
        ("uint64", "int64", "int128"),
        ("uint64", "bool", "uint64"),
        ("float16", "bfloat16", "float32"),
        ("float8_e5m2", "float8_e4m3fn", "float32"),
        ("float16", "float32", "float32"),
        ("float32", "float64", "float64"),
        ("int16", "float16", "float32"),
        ("int32", "float32", "float64"),
        ("int64", "float32", "float64"),
        ("float32", "complex64", "complex64"),
        ("int32", "complex64", "complex128"),
        ("float64", "complex64", "complex128"),
    ],
)
def test_what_dtypes_are_compared_as(a: str, b: str, name: str) -> None:
    if all(dtype in NUMBERS for dtype in (a, b)):
        assert widening(a, b).name == widening(b, a).name == name


@pytest.mark.parametrize("b", [*FLOATS, *INTEGERS])
@pytest.mark.parametrize("a", ["int64", "uint64", "int32", "float64"])
def test_extreme_numbers_are_never_rounded_to_be_equal(a: str, b: str) -> None:
    """All pairs of the extremes of two types: equal where Python says so."""

    def extremes(dtype: str) -> list[Any]:
        if dtype == "bool":
            return [False, True]
        if dtype in INTEGERS:
            info = np.iinfo(dtype)
            near = (2**24, 2**24 + 1, 2**53, 2**53 + 1, 2**62, 2**62 + 1, 2**63)
            inside = [v for n in near for v in (n, -n) if info.min <= v <= info.max]
            return [info.min, info.min + 1, 0, 1, info.max - 1, info.max, *inside]
        made = np.array([0, 1, 2.0**24, 2.0**53, 2.0**62, 2.0**63, 2.0**64, -(2.0**63)])
        with np.errstate(over="ignore"):
            narrow = made.astype(numpy_dtype(dtype))
        return [float(v) for v in narrow if np.isfinite(float(v))]

    left, right = extremes(a), extremes(b)
    x = np.repeat(np.array(left, a if a in INTEGERS else float), len(right))
    y = np.tile(np.array(right, b if b in INTEGERS else float), len(left))
    found = difference(x, y, (a, b))
    wanted = [p != q for p in left for q in right]
    assert found.differing == sum(wanted)
    assert found.first == (wanted.index(True),)
    largest = max(abs(Fraction(p) - Fraction(q)) for p in left for q in right)
    assert found.max_abs == pytest.approx(float(largest), rel=1e-12)
