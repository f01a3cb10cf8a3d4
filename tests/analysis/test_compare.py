"""Values compared: held against plain formulas over exact fractions, and against numpy."""

from __future__ import annotations

import sys
import threading
from fractions import Fraction
from itertools import permutations
from math import isqrt, prod
from typing import TYPE_CHECKING, Any, Literal

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from scopecli import load
from scopecli.analysis.compare import numbers, parts
from scopecli.analysis.compare.dtypes import cast, widening
from scopecli.analysis.compare.layouts import Tile, place, read_tile, tiles
from scopecli.analysis.compare.tensors import (
    Tolerance,
    ValueDifference,
    compare,
    compare_all,
    stored_same,
)
from scopecli.analysis.values import numpy_dtype
from scopecli.errors import DamagedFileError, ScopecliError, UnsupportedError
from scopecli.model.dtypes import BITS, BLOCKS, ML_DTYPES
from scopecli.model.variable import Checksum, Slice, StoredAt, Variable
from tests.analysis.models import Kept, Memory, kept, model, var

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from scopecli.model.model import Model

    Array = np.ndarray[Any, np.dtype[Any]]

LARGEST = sys.float_info.max
NO_ZERO = "float8_e8m0fnu"  # a bare exponent
NUMBERS = sorted(
    dtype
    for dtype, bits in BITS.items()
    if bits and dtype != NO_ZERO and (dtype not in ML_DTYPES or hasattr(ml_dtypes, dtype))
)
NAN, INF = np.nan, np.inf


def difference(
    x: Any, y: Any, dtypes: str | tuple[str, str] = "float32", **more: Any
) -> ValueDifference:
    left, right = (dtypes, dtypes) if isinstance(dtypes, str) else dtypes
    a, b = kept(x, left), kept(y, right)
    return compare(a.model, a.variable, b.model, b.variable, **more)


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every seam between blocks, reads and parts is met."""
    monkeypatch.setattr(numbers, "BLOCK", 3)
    monkeypatch.setattr(numbers, "_RUN", 2)
    monkeypatch.setattr(parts, "READ_BYTES", 40)
    monkeypatch.setattr(parts, "PART_BYTES", 96)


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


def test_every_float16_is_cast_as_numpy_does() -> None:
    every = np.arange(1 << 16, dtype="<u2").view("<f2")
    finite = every[np.isfinite(every)]
    for halves in (finite, every, every[:0x7C01], finite[::-3]):
        expected = halves.astype("f4")
        assert cast(halves, "float32").tobytes() == expected.tobytes()


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


# Layouts.


@settings(max_examples=80)
@given(
    hnp.array_shapes(min_dims=1, max_dims=4, max_side=7).flatmap(
        lambda shape: st.tuples(
            st.just(shape), st.permutations(range(len(shape))), st.integers(1, 60)
        )
    )
)
def test_tiles_cover_a_tensor_once(drawn: tuple[tuple[int, ...], list[int], int]) -> None:
    shape, axes, limit = drawn
    array = np.arange(prod(shape)).reshape(shape)
    turned = array.transpose(axes).copy()
    seen = np.zeros(shape, int)
    for tile in tiles(shape, axes, limit):
        assert prod(tile.extents) <= limit
        index = tuple(slice(s, s + n) for s, n in zip(*tile, strict=True))
        seen[index] += 1
        for source, part, wanted in (
            (array, tile, array[index]),
            (turned, tile.transposed(axes), array[index].transpose(axes)),
        ):
            flat = source.reshape(-1)
            found = read_tile(
                lambda start, count, flat=flat: flat[start : start + count].tobytes(),  # type: ignore[misc]
                flat.dtype,
                source.shape,
                part,
            )
            np.testing.assert_array_equal(found, wanted)
        assert [place(tile, shape, i) for i in range(prod(tile.extents))] == array[
            index
        ].ravel().tolist()
    assert (seen == 1).all()


def test_runs_of_a_large_tile_are_long_on_both_sides() -> None:
    for shape in ((20_000, 20_000), (1_000_000, 64), (64, 1_000_000), (3, 3, 8_000, 8_000)):
        axes = tuple(reversed(range(len(shape))))
        tile = next(iter(tiles(shape, axes, 1 << 21)))
        for extents, full in (
            (tile.extents, shape),
            (tile.transposed(axes).extents, shape[::-1]),
        ):
            run = 1
            for extent, size in zip(reversed(extents), reversed(full), strict=True):
                run *= extent
                if extent < size:
                    break
            assert run >= 1000


@pytest.mark.parametrize("axes", list(permutations(range(3))))
def test_a_transposed_tensor(small_parts: None, axes: tuple[int, ...]) -> None:
    x = np.random.default_rng(1).normal(size=(7, 5, 11)).astype("f4")
    y = x.transpose(axes).copy()
    assert difference(x, y, axes=axes).same
    index = (5, 2, 9)
    y[tuple(index[axis] for axis in axes)] += 1
    found = difference(x, y, axes=axes)
    assert (found.differing, found.first, found.elements) == (1, index, x.size)
    assert found.max_abs == pytest.approx(1)
    y[:] = y[::-1]
    expected = difference(x, y.transpose(np.argsort(axes)))
    turned = difference(x, y, axes=axes)
    assert turned.differing == expected.differing
    assert turned.first == expected.first
    assert turned.rms == pytest.approx(expected.rms)
    assert turned.cosine == pytest.approx(expected.cosine)


def test_a_transposed_tensor_of_another_dtype() -> None:
    x = np.arange(12).reshape(3, 4)
    found = difference(x, x.T, ("int8", "float64"), axes=(1, 0))
    assert (found.same, found.compared_as) == (True, "float64")


def test_a_large_transposed_tensor_is_read_in_parts_and_once() -> None:
    a = kept(np.zeros((3000, 2000)))
    b = kept(np.zeros((2000, 3000)))
    assert compare(a.model, a.variable, b.model, b.variable, axes=(1, 0)).same
    for memory in (a.memory, b.memory):
        assert sum(count for _, count in memory.asked) == 6_000_000
        assert len(memory.asked) < 6_000_000 / 500


@pytest.mark.parametrize(
    ("shapes", "axes", "message"),
    [
        (((2, 3), (3, 2)), None, r"shapes \(2, 3\) and \(3, 2\) cannot be compared"),
        (((6,), (2, 3)), None, "cannot be compared"),
        (((2, 3), (2, 3)), (1, 0), "axes in the order"),
        (((2, 3), (2, 3)), (0,), "axes in the order"),
        (((2, 3), (3, 2)), (1, 1), "axes in the order"),
    ],
)
def test_shapes_that_do_not_fit(
    shapes: tuple[tuple[int, ...], ...], axes: tuple[int, ...] | None, message: str
) -> None:
    with pytest.raises(UnsupportedError, match=message) as caught:
        difference(np.zeros(shapes[0]), np.zeros(shapes[1]), axes=axes)
    assert caught.value.where == "w"


# What cannot be read as numbers.


class Texts:
    """Reads strings."""

    def __init__(self, values: Sequence[bytes]) -> None:
        self.values = values

    def read(self, variable: Variable, start: int, count: int) -> bytes:
        raise DamagedFileError("no numbers")

    def strings(self, variable: Variable) -> Sequence[bytes]:
        return self.values


def texts(*values: bytes, shape: tuple[int, ...] | None = None) -> tuple[Model, Variable]:
    variable = var("s", shape or (len(values),), dtype="string", nbytes=None)
    return model(variable, tensors=Texts(values)), variable


def test_strings() -> None:
    a, b = texts(b"x", b"", b"yy", b"z"), texts(b"x", b"", b"y", b"zz")
    assert compare(*a, *a) == ValueDifference(
        4, 0, None, None, None, None, (0, 0), (0, 0), "string", None
    )
    found = compare(*a, *b)
    assert (found.differing, found.first, found.same) == (2, (2,), False)


def test_transposed_strings() -> None:
    a = texts(b"a", b"b", b"c", b"d", b"e", b"f", shape=(2, 3))
    b = texts(b"a", b"d", b"b", b"e", b"c", b"x", shape=(3, 2))
    found = compare(*a, *b, axes=(1, 0))
    assert (found.differing, found.first) == (1, (1, 2))


@pytest.mark.parametrize(
    ("dtypes", "message"),
    [
        (("string", "float32"), "values of dtype string"),
        (("float32", "string"), "values of dtype string"),
        (("compound", "compound"), "values of dtype compound"),
        (("resource", "resource"), "values of dtype resource"),
    ],
)
def test_what_is_no_numbers(dtypes: tuple[str, str], message: str) -> None:
    a, b = (model(var("w", dtype=dtype), tensors=Texts([])) for dtype in dtypes)
    with pytest.raises(UnsupportedError, match=message) as caught:
        compare(a, a.variables[0], b, b.variables[0])
    assert (caught.value.path, caught.value.where) == ("m", "w")


class Blocks:
    """Reads blocks as they are stored."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def read(self, variable: Variable, start: int, count: int) -> bytes:
        elements, size = BLOCKS[variable.dtype]
        assert start % elements == 0
        return self.data[start // elements * size :][: -(-count // elements) * size]

    def strings(self, variable: Variable) -> Sequence[bytes]:
        raise AssertionError(variable)


def test_quantized_blocks_are_compared_as_bytes(small_parts: None) -> None:
    """Their numbers are not computed, so all elements of a block that is not equal count."""
    data = bytes(range(18 * 7))
    changed = bytearray(data)
    for block in (2, 3, 6):
        changed[block * 18 + 5] ^= 1
    variable = var("w", (7, 32), dtype="Q4_0", nbytes=len(data))
    a, b = (model(variable, tensors=Blocks(bytes(held))) for held in (data, changed))
    same, other = compare(a, variable, a, variable), compare(a, variable, b, variable)
    assert (same.elements, same.differing, same.first) == (224, 0, None)
    assert (other.elements, other.differing, other.first) == (224, 96, (2, 0))
    assert (other.max_abs, other.rms, other.cosine) == (None, None, None)
    assert other.compared_as == "Q4_0"
    short = model(variable, tensors=Blocks(data[:-1]))
    with pytest.raises(DamagedFileError, match="has 17 bytes of 18"):
        compare(a, variable, short, variable)
    wider = var("w", (7, 32), dtype="Q8_0", nbytes=34 * 7)
    with pytest.raises(UnsupportedError, match="quantized in blocks"):
        compare(a, variable, model(wider, tensors=Blocks(data)), wider)


def test_what_is_not_there() -> None:
    a, b = kept([1.0]), model(var("w", (1,)))
    with pytest.raises(UnsupportedError, match=r"^m: has no values \(w\)$"):
        compare(a.model, a.variable, b, b.variables[0])
    with pytest.raises(UnsupportedError, match="has no known shape"):
        compare(a.model, var("w", (None, 2)), a.model, a.variable)
    longer = var("w", (2,))
    with pytest.raises(DamagedFileError, match="has 4 bytes of 8"):
        compare(a.model, longer, a.model, longer)


# Many pairs.


def test_many_pairs_in_order_and_an_error_in_its_place(small_parts: None) -> None:
    random = np.random.default_rng(2)
    sizes = [1, 50, 0, 200, 3, 70, 24, 25, 8]
    a, b = (kept(np.zeros(1)) for _ in "ab")
    pairs = []
    for i, size in enumerate(sizes):
        x = random.normal(size=size).astype("f4")
        a.memory.arrays[f"w{i}"], b.memory.arrays[f"w{i}"] = x, x + np.float32(i)  # type: ignore[index]
        pairs.append((var(f"w{i}", (size,)), var(f"w{i}", (size,) if i != 3 else (7,)), None))
    del a.memory.arrays["w5"]  # type: ignore[attr-defined]
    a.memory.arrays["w5"] = np.zeros(60, "f4")  # type: ignore[index]
    progress: list[int] = []
    found = list(compare_all(a.model, b.model, pairs, progress=progress.append))
    assert [type(result) for result in found] == [
        UnsupportedError if i == 3 else DamagedFileError if i == 5 else ValueDifference
        for i in range(len(sizes))
    ]
    for i, result in enumerate(found):
        if isinstance(result, ValueDifference):
            assert (result.elements, result.differing) == (sizes[i], sizes[i] if i else 0)
    read = sum(sizes) - sizes[3]
    assert 8 * (read - sizes[5]) <= sum(progress) <= 8 * read


def test_pairs_are_not_read_before_they_are_asked_for() -> None:
    a = kept([1.0, 2.0])
    results = compare_all(a.model, a.model, [(a.variable, a.variable, None)] * 100)
    first = next(results)
    assert isinstance(first, ValueDifference)
    assert first.same
    assert len(a.memory.asked) <= 2 * 8
    threads = threading.active_count()
    results.close()  # type: ignore[attr-defined]
    assert threading.active_count() < threads


@pytest.mark.parametrize("shared", [False, True])
def test_a_reader_is_read_by_one_thread_but_where_it_may_be_shared(
    small_parts: None, shared: bool
) -> None:
    """A stream that is unpacked, or a band that is kept, would be another thread's."""
    a, b = kept(np.arange(200)), kept(np.arange(200) + 1)
    readers: set[int] = set()
    both = threading.Barrier(2, timeout=5)

    class Watched(Memory):
        def read(self, variable: Variable, start: int, count: int) -> bytes:
            if shared and len(readers) < 2:
                readers.add(threading.get_ident())
                both.wait()
            readers.add(threading.get_ident())
            return super().read(variable, start, count)

    Watched.shared = shared  # type: ignore[attr-defined]
    models = [x.model._replace(tensors=Watched(x.memory.arrays)) for x in (a, b)]
    found = compare(models[0], a.variable, models[1], b.variable)
    assert found.differing == 200
    assert (len(readers) > 1) == shared


@pytest.mark.parametrize("saved", ["deflated", "fortran"])
def test_what_is_read_in_order_is_compared_whole(
    small_parts: None, tmp_path: Path, saved: str
) -> None:
    x = np.arange(5000, dtype="f4").reshape(50, 100)
    y = x + (x % 7 == 0)
    for name, array in (("x", x), ("y", y)):
        if saved == "deflated":
            np.savez_compressed(tmp_path / f"{name}.npz", w=array)
        else:
            np.savez(tmp_path / f"{name}.npz", w=np.asfortranarray(array))
    a, b = (load(tmp_path / f"{name}.npz") for name in "xy")
    found = compare(a, a.variables[0], b, b.variables[0])
    assert (found.differing, found.max_abs, found.first) == ((x % 7 == 0).sum(), 1, (0, 0))


def test_nothing_to_compare() -> None:
    a = kept([1.0])
    assert list(compare_all(a.model, a.model, [])) == []


# Stored checksums.


def summed(value: int | None, kind: str = "crc", **more: Any) -> Variable:
    checksum = None if value is None else Checksum(kind, value)
    return var("w", storage=StoredAt("s", 0, 24, checksum), **more)


def parted(*values: int | None, width: int = 3) -> Variable:
    slices = tuple(
        Slice((0, i), (2, width), None if value is None else summed(value).storage)
        for i, value in enumerate(values)
    )
    return var("w", attributes={"slices": slices})


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        (summed(1), summed(1), True),
        (summed(1), summed(2), False),
        (summed(1), summed(1, "other"), None),
        (summed(1), summed(None), None),
        (summed(1), var("w"), None),
        (var("w"), var("w"), None),
        (summed(1), summed(1, dtype="int32"), None),
        (summed(1), summed(1, shape=(3, 2)), None),
        (summed(1), summed(2, shape=(3, 2)), None),
        (summed(1), summed(1, nbytes=20), None),
        (summed(1, shape=None), summed(1, shape=None), None),
        (parted(1, 2), parted(1, 2), True),
        (parted(1, 2), parted(1, 3), False),
        (parted(1, 2), parted(1, None), None),
        (parted(1, 2), parted(3, None), False),
        (parted(1, 2), parted(1, 2, width=2), None),
        (parted(1, 2), parted(1), None),
        (parted(1), summed(1), None),
        (parted(), parted(), None),
    ],
)
def test_what_checksums_say(a: Variable, b: Variable, same: bool | None) -> None:
    assert stored_same(a, b) is stored_same(b, a) is same


def test_a_difference_is_an_error_or_not() -> None:
    a: Kept = kept([1.0])
    (failed,) = compare_all(a.model, model(var("w")), [(a.variable, var("w", (1,)), None)])
    assert isinstance(failed, ScopecliError)


def test_a_tile_is_turned_with_its_tensor() -> None:
    assert Tile((1, 2, 3), (4, 5, 6)).transposed((2, 0, 1)) == Tile((3, 1, 2), (6, 4, 5))
