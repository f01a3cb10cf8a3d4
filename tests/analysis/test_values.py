"""Values as arrays, a bounded run at a time."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopecli.analysis import values
from scopecli.errors import DamagedFileError, UnknownNameError, UnsupportedError
from scopecli.model.dtypes import BITS, ML_DTYPES
from scopecli.model.model import File
from tests.analysis.models import kept, model, var


@pytest.mark.parametrize("dtype", sorted(BITS))
def test_every_dtype_is_numbers_or_said_not_to_be(dtype: str) -> None:
    if not BITS[dtype]:
        with pytest.raises(UnsupportedError, match="are not numbers"):
            values.numpy_dtype(dtype)
        return
    if dtype in ML_DTYPES and not hasattr(ml_dtypes, dtype):  # an older one is installed
        with pytest.raises(UnsupportedError, match="installed ml_dtypes"):
            values.numpy_dtype(dtype)
        return
    assert values.numpy_dtype(dtype).itemsize == max(BITS[dtype] // 8, 1)


def test_an_unknown_dtype() -> None:
    with pytest.raises(UnsupportedError, match="values of dtype float12 are not numbers"):
        values.numpy_dtype("float12")


def test_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(values, "CHUNK_BYTES", 16)
    data = kept(np.arange(10))
    parts = list(values.chunks(data.model, data.variable))
    assert [part.tolist() for part in parts] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert data.memory.asked == [(0, 4), (4, 4), (8, 2)]


def test_chunks_of_nothing() -> None:
    data = kept(np.zeros((0, 5)))
    assert list(values.chunks(data.model, data.variable)) == []


def test_preview_reads_no_more_than_it_shows() -> None:
    data = kept(np.arange(1000))
    assert values.preview(data.model, data.variable).tolist() == list(range(8))
    assert data.memory.asked == [(0, 8)]


def test_a_model_without_values() -> None:
    for read in (values.preview, values.strings):
        with pytest.raises(UnsupportedError, match="has no values"):
            read(model("w"), var("w"))


CUBE = np.arange(6 * 5 * 4).reshape(6, 5, 4)


@pytest.mark.parametrize(
    "text",
    [
        "0", "-1", "5", ":", "1:3", "::2", "::-1", "4:1:-2", "-2:", ":0", "3:3", "10:", ":99",
        "0,0", "0,:,1", "1:3,2", ":,-1", ":,:,::-3", "2,3,1", "::-2,1:,0", "-6,-5,-4",
    ],
)  # fmt: skip
def test_sections_are_numpys(text: str) -> None:
    data = kept(CUBE)
    index = values.parse_index(text)
    expected: Any = CUBE[index]
    found = values.section(data.model, data.variable, index)
    np.testing.assert_array_equal(found, expected)
    assert found.shape == np.shape(expected)


def test_a_section_reads_its_rows_only() -> None:
    data = kept(CUBE)
    values.section(data.model, data.variable, values.parse_index("2,3"))
    assert data.memory.asked == [(40, 20)]


def test_a_section_reads_little_of_long_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(values, "CHUNK_BYTES", 16)  # two elements
    data = kept(CUBE, "int64")
    found = values.section(data.model, data.variable, values.parse_index("::3,1,:3"))
    np.testing.assert_array_equal(found, CUBE[::3, 1, :3])
    assert data.memory.asked == [(4, 2), (6, 1), (64, 2), (66, 1)]


def test_a_section_that_is_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(values, "_MAX_SECTION", 8 * 20)
    data = kept(CUBE, "int64")
    assert values.section(data.model, data.variable, (0,)).size == 20
    with pytest.raises(UnsupportedError, match="has 320 bytes"):
        values.section(data.model, data.variable, (slice(0, 2),))


def test_what_no_file_can_hold_is_not_read() -> None:
    """Fill values and strides of zero let a few bytes claim any shape."""
    data = kept([0.0])
    files = (File("m", 1 << 20, "model"),)
    claims = data.variable._replace(shape=(1 << 40,), nbytes=4 << 40)
    with pytest.raises(DamagedFileError, match="claims 4398046511104 bytes"):
        next(values.chunks(data.model._replace(files=files), claims))
    unlisted = (File("m", 1 << 20, "index"),)
    next(values.chunks(data.model._replace(files=unlisted), claims))
    may_be_packed = claims._replace(shape=(1 << 30,), nbytes=4 << 30)
    next(values.chunks(data.model._replace(files=files), may_be_packed))


bounds = st.none() | st.integers(-8, 8)
slices = st.builds(slice, bounds, bounds, st.none() | st.integers(-3, 3).filter(bool))


axis_indices = [st.integers(-size, size - 1) | slices for size in CUBE.shape]


@given(st.tuples(*axis_indices), st.sampled_from([8, 24, 100, 4 << 20]))
def test_any_section(index: values.Index, most: int) -> None:
    data = kept(CUBE, "int64")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(values, "CHUNK_BYTES", most)
        found = values.section(data.model, data.variable, index)
    np.testing.assert_array_equal(found, CUBE[index])
    assert sum(count for _, count in data.memory.asked) <= CUBE.size


@pytest.mark.parametrize("text", ["6", "-7", "0,5", "0,0,0,0", ":,:,:,0"])
def test_a_section_that_does_not_fit(text: str) -> None:
    data = kept(CUBE)
    with pytest.raises(UnknownNameError, match="does not fit the shape"):
        values.section(data.model, data.variable, values.parse_index(text))


def test_sections_of_a_scalar() -> None:
    data = kept(7.0)
    assert values.section(data.model, data.variable, ()).item() == 7
    with pytest.raises(UnknownNameError, match="does not fit"):
        values.section(data.model, data.variable, (0,))


@pytest.mark.parametrize(
    "text", ["", "a", "1;2", "1,", "1:2:3:4", "::0", "1.5", "...", "None", "--", "0x1", "1 2"]
)
def test_texts_that_are_no_index(text: str) -> None:
    with pytest.raises(UnknownNameError, match="is not a slice") as caught:
        values.parse_index(text)
    assert "0,:5" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("text", "index"),
    [
        ("0", (0,)),
        (" 1 , :5 ", (1, slice(None, 5))),
        ("2:8:2,-1", (slice(2, 8, 2), -1)),
        ("::", (slice(None, None, None),)),
    ],
)
def test_parse_index(text: str, index: values.Index) -> None:
    assert values.parse_index(text) == index
