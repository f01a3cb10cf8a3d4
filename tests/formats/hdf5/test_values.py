"""Values of HDF5 datasets: any layout, order of bytes and part of them."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopecli.errors import DamagedFileError, UnsupportedError
from scopecli.formats.hdf5 import reader as hdf5
from scopecli.formats.hdf5.values import Block, Hdf5Values, _spaces, blocks
from tests.models import by_key, data_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from scopecli.model.model import Model

    Build = Callable[[Callable[[h5py.File], None]], Model]


@pytest.mark.parametrize("stored", ["<f4", ">f4", ">i8", "<u2", ">c16", "?", "<f2"])
def test_values_are_little_endian_whatever_the_file_has(build: Build, stored: str) -> None:
    array = np.arange(24).reshape(2, 3, 4).astype(stored)
    model = build(lambda file: file.update({"x": array}))
    expected = array.astype(array.dtype.newbyteorder("<")).tobytes()
    assert data_of(model, "x") == expected
    size = array.dtype.itemsize
    assert model.tensors is not None
    for start, count in ((0, 0), (5, 1), (3, 9), (11, 13), (1, 22)):
        run = model.tensors.read(by_key(model)["x"], start, count)
        assert run == expected[start * size : (start + count) * size]


@given(
    st.lists(st.integers(1, 5), max_size=4).flatmap(
        lambda shape: st.tuples(
            st.just(tuple(shape)),
            st.integers(0, int(np.prod(shape, dtype=int))),
            st.integers(0, int(np.prod(shape, dtype=int))),
        )
    )
)
def test_blocks_are_the_run_in_order_and_few(drawn: tuple[tuple[int, ...], int, int]) -> None:
    shape, a, b = drawn
    start, end = sorted((a, b))
    array = np.arange(np.prod(shape, dtype=int)).reshape(shape)
    found = list(blocks(shape, start, end - start))
    seen = [
        array[tuple(slice(i, i + n) for i, n in zip(block.start, block.extents, strict=True))]
        for block in found
    ]
    assert [int(i) for part in seen for i in part.ravel()] == list(range(start, end))
    assert [part.size for part in seen] == [block.elements for block in found]
    assert len(found) <= max(1, 2 * len(shape) - 1)


def test_strings_of_fixed_and_variable_length(build: Build) -> None:
    def fill(file: h5py.File) -> None:
        file["fixed"] = np.array([[b"abc", b"d"], [b"", b"ef"]])
        file.create_dataset("free", data=["ä", "b" * 9000, ""], dtype=h5py.string_dtype())
        file.create_dataset("unset", (2,), dtype=h5py.string_dtype())
        file.create_dataset("one", data="alone", dtype=h5py.string_dtype())

    model = build(fill)
    assert model.tensors is not None
    read = {key: model.tensors.strings(variable) for key, variable in by_key(model).items()}
    assert read == {
        "fixed": [b"abc", b"d", b"", b"ef"],
        "free": ["ä".encode(), b"b" * 9000, b""],
        "unset": [b"", b""],
        "one": [b"alone"],
    }


def test_chunked_and_compressed_values(build: Build) -> None:
    array = np.arange(35 * 11, dtype="f8").reshape(35, 11)

    def fill(file: h5py.File) -> None:
        for name in ("gzip", "lzf", None):
            file.create_dataset(
                str(name), data=array, chunks=(4, 3), compression=name, shuffle=True
            )

    model = build(fill)
    assert {data_of(model, key) for key in ("gzip", "lzf", "None")} == {array.tobytes()}
    storage = by_key(model)["gzip"].storage
    assert storage is not None
    assert storage.offset is None
    assert 0 < storage.length < array.nbytes


def test_a_filter_that_needs_a_plugin_is_named(build: Build) -> None:
    def fill(file: h5py.File) -> None:
        properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        properties.set_chunk((2,))
        properties.set_filter(32015, h5py.h5z.FLAG_OPTIONAL, (3,))
        space = h5py.h5s.create_simple((4,))
        h5py.h5d.create(file.id, b"x", h5py.h5t.IEEE_F32LE, space, properties)

    model = build(fill)
    assert by_key(model)["x"].shape == (4,)
    with pytest.raises(UnsupportedError, match="zstd"):
        data_of(model, "x")


@pytest.mark.parametrize("stored", [np.dtype([("a", "i4")]), h5py.vlen_dtype("i4"), "V2"])
def test_values_that_are_no_numbers_are_refused(build: Build, stored: Any) -> None:
    model = build(lambda file: file.create_dataset("x", (2,), dtype=stored) and None)
    with pytest.raises(UnsupportedError, match="cannot be read as numbers"):
        data_of(model, "x")


@pytest.mark.parametrize("how", [{}, {"chunks": (10,), "compression": "gzip"}])
def test_threads_read_one_file(build: Build, how: dict[str, Any]) -> None:
    arrays = {f"d{i}": np.arange(i, i + 500, dtype="<i4") for i in range(20)}

    def fill(file: h5py.File) -> None:
        for name, data in arrays.items():
            file.create_dataset(name, data=data, **how)

    model = build(fill)
    with ThreadPoolExecutor(4) as pool:
        for _ in range(5):
            model = hdf5.read(model.path)
            found = pool.map(partial(data_of, model), arrays)
            assert list(found) == [data.tobytes() for data in arrays.values()]


def test_threads_open_the_file_once(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    model = build(lambda file: file.update({"x": np.arange(4)}))
    made: list[Hdf5Values] = []
    both = threading.Barrier(2)

    class Counted(Hdf5Values):
        def __init__(self, open_file: Any) -> None:
            time.sleep(0.05)  # as an import does, it lets others run
            super().__init__(open_file)
            made.append(self)

    monkeypatch.setattr("scopecli.formats.hdf5.values.Hdf5Values", Counted)

    def read(_: int) -> bytes:
        both.wait()
        return data_of(model, "x")

    with ThreadPoolExecutor(2) as pool:
        assert len(set(pool.map(read, range(2)))) == 1
    assert len(made) == 1


def test_plain_runs_are_read_without_libhdf5(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    array = np.arange(12, dtype="<f4").reshape(3, 4)

    def fill(file: h5py.File) -> None:
        file["plain"], file["big"] = array, array.astype(">f4")
        file.create_dataset("chunked", data=array, chunks=(2, 2))
        file.create_dataset("unwritten", (2, 2), "<f4", fillvalue=7)

    model = build(fill)
    read: list[int] = []

    def noted(dataset: Any, block: Block) -> tuple[Any, Any]:
        read.append(block.elements)
        return _spaces(dataset, block)

    monkeypatch.setattr("scopecli.formats.hdf5.values._spaces", noted)
    for key in ("plain", "big", "chunked"):
        assert data_of(model, key) == array.tobytes()
    assert data_of(model, "unwritten") == np.full(4, 7, "<f4").tobytes()
    assert read == [12, 12, 4]
    assert model.tensors is not None
    part = model.tensors.read(by_key(model)["plain"], 5, 4)
    assert part == array.ravel()[5:9].tobytes()


def test_plain_runs_are_not_looked_up(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    """libhdf5 would read the names of a large group again for each dataset in it."""
    array = np.arange(12, dtype="<i2")
    model = build(lambda file: file.create_dataset("group/plain", data=array))
    monkeypatch.delattr("scopecli.formats.hdf5.values._dataset")
    assert data_of(model, "group/plain") == array.tobytes()
    assert model.tensors is not None
    cut = by_key(model)["group/plain"]._replace(shape=(1 << 20,))
    with pytest.raises(DamagedFileError, match="needs bytes"):
        model.tensors.read(cut, 0, 1 << 20)
