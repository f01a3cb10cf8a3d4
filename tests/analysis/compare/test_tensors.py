"""Tensors compared, one pair or many; what is no numbers; what stored checksums say."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from scopecli import load
from scopecli.analysis.compare.tensors import ValueDifference, compare, compare_all, stored_same
from scopecli.errors import DamagedFileError, ScopecliError, TruncatedError, UnsupportedError
from scopecli.model.dtypes import BLOCKS
from scopecli.model.variable import Checksum, Slice, StoredAt, Variable
from tests.analysis.compare.pairs import difference
from tests.analysis.models import Kept, Memory, kept, model, var

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from scopecli.model.model import Model


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
        UnsupportedError if i == 3 else TruncatedError if i == 5 else ValueDifference
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
