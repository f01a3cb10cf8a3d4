"""Chunks that are read and unpacked without libhdf5, held against h5py."""

from __future__ import annotations

import zlib
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest
from h5py import _objects
from hypothesis import given, settings
from hypothesis import strategies as st

from scopecli.errors import DamagedFileError
from scopecli.formats.hdf5 import chunks as hdf5_chunks
from scopecli.formats.hdf5 import reader as hdf5
from scopecli.formats.hdf5 import values as hdf5_values
from scopecli.formats.hdf5.file import Hdf5File

if TYPE_CHECKING:
    from pathlib import Path

    from scopecli.model.model import Model

CHUNK = (4, 3)


@pytest.fixture(autouse=True)
def chunks_are_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hdf5_chunks, "_SMALLEST", 1)


@pytest.fixture
def left(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many elements libhdf5 was asked for, each time."""
    asked: list[int] = []
    spaces = hdf5_values._spaces

    def noted(dataset: Any, block: hdf5_values.Block) -> tuple[Any, Any]:
        asked.append(block.elements)
        return spaces(dataset, block)

    monkeypatch.setattr(hdf5_values, "_spaces", noted)
    return asked


def read(model: Model, start: int, count: int) -> bytes:
    (variable,) = model.variables
    assert model.tensors is not None
    return model.tensors.read(variable, start, count)


def numbers(shape: tuple[int, ...], dtype: str = "<f4") -> Any:
    return (np.arange(prod(shape)).reshape(shape) * 7 % 101).astype(dtype)


axes = st.lists(st.tuples(st.integers(1, 9), st.integers(1, 5)), min_size=1, max_size=3)


@settings(max_examples=60, deadline=None)
@given(
    axes,
    st.sampled_from(["<f4", "<f8", "<i2", "u1", "<c16", ">f4"]),
    st.sampled_from(["gzip", None]),
    st.booleans(),
    st.booleans(),
    st.integers(1, 200),
    st.data(),
)
def test_any_run_is_what_was_written(
    tmp_path_factory: pytest.TempPathFactory,
    sides: list[tuple[int, int]],
    dtype: str,
    compression: str | None,
    shuffle: bool,
    checked: bool,
    kept: int,
    data: st.DataObject,
) -> None:
    shape, chunks = zip(*((extent, min(extent, side)) for extent, side in sides), strict=True)
    array = numbers(shape, dtype)
    path = str(tmp_path_factory.mktemp("chunks") / "x.h5")
    with h5py.File(path, "w") as file:
        how: Any = {"compression": compression, "shuffle": shuffle, "fletcher32": checked}
        file.create_dataset("x", data=array, chunks=chunks, **how)
    model = hdf5.read(path)
    plain = array.astype(array.dtype.newbyteorder("<")).ravel()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hdf5_chunks, "_KEPT", kept)
        for _ in range(4):
            start = data.draw(st.integers(0, plain.size))
            count = data.draw(st.integers(0, plain.size - start))
            assert read(model, start, count) == plain[start : start + count].tobytes()


@pytest.mark.parametrize("compression", ["gzip", None])
@pytest.mark.parametrize("shuffle", [False, True])
def test_libhdf5_is_not_asked(
    tmp_path: Path, left: list[int], shuffle: bool, compression: str | None
) -> None:
    array, path = numbers((9, 7)), str(tmp_path / "x.h5")
    with h5py.File(path, "w") as file:
        how: Any = {"compression": compression, "shuffle": shuffle}
        file.create_dataset("x", data=array, chunks=CHUNK, **how)
    assert read(hdf5.read(path), 0, array.size) == array.tobytes()
    assert left == []


@pytest.mark.parametrize("compression", ["gzip", None])
@pytest.mark.parametrize(("user_block", "most"), [(512, 9), (0, 8)])
def test_places_that_are_not_known(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    compression: str | None,
    user_block: int,
    most: int,
) -> None:
    """A user block moves them, and of too many chunks they are not asked for."""
    monkeypatch.setattr(hdf5_chunks, "_MOST", most)
    array, path = numbers((9, 7)), str(tmp_path / "x.h5")
    with h5py.File(path, "w", userblock_size=user_block) as file:
        file.create_dataset("x", data=array, chunks=CHUNK, compression=compression)
    monkeypatch.setattr(Hdf5File, "read", None)  # it is not read at any place
    assert read(hdf5.read(path), 0, array.size) == array.tobytes()


def test_a_chunk_outside_the_file_is_libhdf5s_to_complain_of(tmp_path: Path) -> None:
    array, path = numbers((8, 3)), tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        x = file.create_dataset("x", data=array, chunks=CHUNK)
        places = [x.id.get_chunk_info(number).byte_offset for number in range(2)]
    data = path.read_bytes()
    stored = places[1].to_bytes(8, "little")
    assert data.count(stored) == 1
    path.write_bytes(data.replace(stored, len(data).to_bytes(8, "little")))
    with pytest.raises(DamagedFileError):
        read(hdf5.read(str(path)), 0, array.size)


def test_only_chunks_that_were_used_in_part_are_kept() -> None:
    asked: list[tuple[int, ...]] = []

    def fetch(corner: tuple[int, ...]) -> tuple[int, bytes]:
        asked.append(corner)
        return 0, bytes(48)

    chunks = hdf5_chunks.Chunks(fetch, CHUNK, 4, [])
    for start, rows in [(0, 4), (0, 4), (4, 2), (6, 2)]:
        assert list(chunks.read((start, 0), np.ones((rows, 3, 4), np.uint8))) == []
    assert asked == [(0, 0), (0, 0), (4, 0)]


def test_libhdf5_has_the_chunks_that_were_never_written(tmp_path: Path, left: list[int]) -> None:
    path = str(tmp_path / "x.h5")
    with h5py.File(path, "w") as file:
        x = file.create_dataset("x", (9, 7), "<f4", chunks=CHUNK, compression="gzip", fillvalue=5)
        x[4:8, 3:6] = 1
        expected = x[...].tobytes()
    assert read(hdf5.read(path), 0, 63) == expected
    assert sum(left) == 63 - 12


def test_a_filter_that_was_skipped(tmp_path: Path, left: list[int]) -> None:
    """Writers keep a chunk as it is where packing does not make it smaller."""
    array, path = numbers((8, 6)), str(tmp_path / "x.h5")
    with h5py.File(path, "w") as file:
        x = file.create_dataset("x", (8, 6), "<f4", chunks=CHUNK, compression="gzip", shuffle=True)
        for row, column in product((0, 4), (0, 3)):
            part = np.ascontiguousarray(array[row : row + 4, column : column + 3])
            planes = part.view(np.uint8).reshape(-1, 4).T.tobytes()
            data, mask = {
                (0, 0): (part.tobytes(), 0b11),
                (0, 3): (planes, 0b10),
                (4, 0): (zlib.compress(part.tobytes()), 0b01),
                (4, 3): (zlib.compress(planes), 0b00),
            }[row, column]
            x.id.write_direct_chunk((row, column), data, mask)
        assert np.array_equal(x[...], array)
    assert read(hdf5.read(path), 0, array.size) == array.tobytes()
    assert left == []


@pytest.mark.parametrize(
    "stored",
    [
        zlib.compress(bytes(48))[:-3] + b"abc",
        zlib.compress(bytes(48))[:-6],
        b"no stream at all",
    ],
)
def test_what_cannot_be_unpacked_is_libhdf5s_to_complain_of(tmp_path: Path, stored: bytes) -> None:
    path = str(tmp_path / "x.h5")
    with h5py.File(path, "w") as file:
        x = file.create_dataset("x", CHUNK, "<f4", chunks=CHUNK, compression="gzip")
        x.id.write_direct_chunk((0, 0), stored)
    with pytest.raises(DamagedFileError, match="libhdf5 cannot read it"):
        read(hdf5.read(path), 0, 12)


def test_a_chunk_that_unpacks_to_more_is_not_unpacked_here(tmp_path: Path, left: list[int]) -> None:
    path = str(tmp_path / "x.h5")
    with h5py.File(path, "w") as file:
        x = file.create_dataset("x", CHUNK, "<f4", chunks=CHUNK, compression="gzip")
        x.id.write_direct_chunk((0, 0), zlib.compress(bytes(1 << 20)))
    assert read(hdf5.read(path), 0, 12) == bytes(48)
    assert left == [12]


def test_libhdf5_is_entered_with_its_lock() -> None:
    """Two threads in it at once crash the process, now and then."""

    class Dataset:
        def read_direct_chunk(self, corner: tuple[int, ...]) -> tuple[int, bytes]:
            assert _objects.phil._is_owned()
            return 0, zlib.compress(bytes(range(sum(corner), 48 + sum(corner))))

    steps = [hdf5_chunks._Filter(1, 0)]
    block = np.zeros((*CHUNK, 4), np.uint8)
    fetch = hdf5_chunks._from_library(Dataset())
    assert list(hdf5_chunks.Chunks(fetch, CHUNK, 4, steps).read((0, 0), block)) == []
    assert block.ravel().tolist() == list(range(48))
    assert not _objects.phil._is_owned()
