"""The structure of HDF5 files: as h5py has it, or left to h5py."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopecli.binary.hdf5.checksum import first_wrong, lookup3
from scopecli.binary.hdf5.pages import LibraryNeededError, Pages
from scopecli.errors import DamagedFileError
from tests import hdf5_files
from tests.binary.hdf5.asking import common, reader
from tests.hdf5_readers import GAVE_UP, differences, ours, theirs
from tests.samples import ALL, SAMPLES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Fill = Callable[[h5py.File], Any]


@pytest.mark.parametrize(
    ("data", "checksum"),
    [
        (b"", 0xDEADBEEF),
        # From the author's own self-test.
        (b"Four score and seven years ago", 0x17770551),
    ],
)
def test_the_checksum(data: bytes, checksum: int) -> None:
    assert lookup3(data) == checksum


@given(st.data(), st.integers(0, 60), st.integers(1, 30))
def test_checksums_side_by_side_are_those_one_by_one(
    data: st.DataObject, length: int, lanes: int
) -> None:
    texts = [data.draw(st.binary(min_size=length, max_size=length)) for _ in range(lanes)]
    pieces = [text + lookup3(text).to_bytes(4, "little") for text in texts]
    assert first_wrong(pieces) is None
    wrong, at = data.draw(st.integers(0, lanes - 1)), data.draw(st.integers(0, length + 3))
    broken = bytearray(pieces[wrong])
    broken[at] ^= 1 << data.draw(st.integers(0, 7))
    assert first_wrong([*pieces[:wrong], bytes(broken), *pieces[wrong + 1 :]]) == wrong


@pytest.mark.parametrize("sample", [name for name in ALL if name.endswith(".h5")])
def test_samples_are_as_h5py_has_them(sample: str) -> None:
    path = str(SAMPLES / sample)
    mine = ours(path)
    assert mine is not None
    assert differences(mine, theirs(path)) == []
    assert GAVE_UP not in mine.values()


@pytest.mark.parametrize("seed", range(18))
def test_files_of_all_sorts_are_as_h5py_has_them(seed: int, tmp_path: Path) -> None:
    path = str(tmp_path / "x.h5")
    hdf5_files.write(path, seed, hdf5_files.LIBVERS[seed % len(hdf5_files.LIBVERS)])
    assert differences(ours(path), theirs(path)) == []


def many(file: h5py.File) -> None:
    """So many that B-trees have levels, heaps have grown, and there are holes in both."""
    for i in range(600):
        file[f"many/{i:05}/with a rather long name"] = i
    for i in range(0, 600, 7):
        del file[f"many/{i:05}"]
    file.create_dataset("chunked", data=np.zeros((300, 4)), chunks=(1, 4), compression="gzip")
    file.create_dataset("resizable", (4, 4), "f8", maxshape=(None, 4))
    for i in range(12):
        file.attrs[f"a{i}"] = "x" * i
    file.attrs["names0"], file.attrs["names1"] = ["a"], ["b"]


def dense(file: h5py.File) -> None:
    """Heaps with tables of tables, holes and large objects, and B-trees of three levels."""
    for i in range(4000):
        name = f"many/{i:05}" + "n" * 170
        file[name] = h5py.SoftLink("/x") if i % 50 else h5py.ExternalLink("a.h5", "b")
        if i % 7 == 0:
            del file[name]
        if i % 7 == 1:
            file.move(name, f"many/moved {i}")
    for i in range(40):
        file[f"long/{i}" + "n" * 250 * i] = h5py.SoftLink("t" * (300 * i + 1))
        file[f"emptied/{i}"] = i
    for i in range(40):
        del file[f"emptied/{i}"]


def many_attributes(file: h5py.File) -> None:
    """Of all types, and of all sizes up to more than a header takes."""
    for i, value in enumerate([1, 2.5, "text", ["a", "ä"], np.arange(9000), np.ones(3, ">f2")]):
        file.attrs[f"a{i}"] = value
    for i in range(6, 24):
        file.attrs[f"a{i}"] = "x" * 2**i if i < 16 else i
    for i in range(900):
        file.attrs[f"other {i}"] = i
    for i in range(0, 900, 2):
        del file.attrs[f"other {i}"]


def chunks(file: h5py.File) -> None:
    """In all indexes that there are since HDF5 1.10, with and without filters."""
    number = 0
    for compression, size in product([None, "gzip"], [1, 7, 100, 3000]):
        for maximum in (None, (None, 2), (None, None), (4 * size, 2)):
            name, shape, many = str(number), (size, 2), min(size, 2)
            how: dict[str, Any] = {"chunks": (many, 1 + number % 2), "maxshape": maximum}
            dataset = file.create_dataset(name, shape, "f4", compression=compression, **how)
            dataset[size // 2 :] = 1
            number += 1
    file.create_dataset("none", (0, 2), "f4", chunks=(1, 2), maxshape=(None, 2))
    early = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    early.set_chunk((3, 2))
    early.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    for name, maxima in (("all", None), ("more", (20, 9)), ("endless", (h5py.h5s.UNLIMITED, 9))):
        space = h5py.h5s.create_simple((10, 3), maxima)
        h5py.h5d.create(file.id, name.encode(), h5py.h5t.IEEE_F32LE, space, early)


@pytest.mark.parametrize(
    ("fill", "how"),
    [
        (common, {"libver": "earliest"}),
        (common, {"libver": "latest"}),
        (common, {"libver": ("v108", "v108")}),
        (common, {"userblock_size": 1024}),
        (common, {"track_order": True}),
        (many, {"libver": "earliest"}),
        (dense, {"libver": "latest"}),
        (dense, {"libver": ("v108", "v108"), "userblock_size": 512}),
        (dense, {"track_order": True}),
        (dense, {"libver": "latest", "fs_strategy": "page", "fs_persist": True}),
        (common, {"fs_strategy": "page", "fs_page_size": 8192}),
        (common, {"fs_strategy": "none", "userblock_size": 512}),
        (many_attributes, {"libver": "latest"}),
        (many_attributes, {"libver": ("v108", "v108")}),
        (chunks, {"libver": "latest"}),
        (chunks, {"libver": "earliest", "userblock_size": 512}),
    ],
)
def test_what_is_common_is_not_left_to_h5py(
    build: Callable[..., str], fill: Fill, how: dict[str, Any]
) -> None:
    path = build(fill, **how)
    mine = ours(path)
    assert mine is not None
    assert [question for question, answer in mine.items() if answer == GAVE_UP] == []
    assert differences(mine, theirs(path)) == []


def named_type(file: h5py.File) -> None:
    file["type"] = np.dtype("f4")
    file.create_dataset("x", (2,), file["type"])


def external(file: h5py.File) -> None:
    file.create_dataset("x", (2,), "f4", external=[("raw.bin", 0, 8)])


def virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((3,), "f8")
    layout[:] = h5py.VirtualSource("other.h5", "d", (3,))
    file.create_virtual_dataset("x", layout)


def text_in_compound(file: h5py.File) -> None:
    file.create_dataset("x", (2,), np.dtype([("s", h5py.string_dtype())]))


@pytest.mark.parametrize(
    ("fill", "how", "question"),
    [
        (named_type, {}, "objects"),
        (external, {}, "objects"),
        (virtual, {}, "objects"),
        (text_in_compound, {}, "objects"),
    ],
)
def test_what_is_not_known_is_left_to_h5py(
    build: Callable[..., str], fill: Fill, how: dict[str, Any], question: str
) -> None:
    path = build(fill, **how)
    mine = ours(path)
    assert mine is not None
    assert mine[question] == GAVE_UP
    assert differences(mine, theirs(path)) == []


def test_files_that_are_being_written_are_left_to_h5py(tmp_path: Path) -> None:
    path = tmp_path / "x.h5"
    with h5py.File(path, "w", libver="latest") as file:
        file["x"] = 1.0
        file.swmr_mode = True
        file.flush()
        data = path.read_bytes()
    with pytest.raises(LibraryNeededError):
        reader(data)


def test_files_in_several_parts_are_left_to_h5py(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What tells it is a message behind the superblock, where another one is, which is known."""
    path = tmp_path / "x.h5"
    with h5py.File(path, "w", libver="latest", fs_strategy="page", fs_persist=True) as file:
        file["x"] = 1.0
    data = bytearray(path.read_bytes())
    assert ours(str(path)) is not None
    where = data.index(b"\x17", int.from_bytes(data[20:28], "little"))
    data[where] = 0x14
    monkeypatch.setattr(Pages, "verify", lambda *_: None)
    with pytest.raises(LibraryNeededError):
        reader(bytes(data))


@pytest.mark.parametrize("oldest", [h5py.h5f.LIBVER_EARLIEST, h5py.h5f.LIBVER_LATEST])
def test_addresses_of_other_sizes_are_left_to_h5py(oldest: int, tmp_path: Path) -> None:
    creation, access = h5py.h5p.create(h5py.h5p.FILE_CREATE), h5py.h5p.create(h5py.h5p.FILE_ACCESS)
    creation.set_sizes(4, 4)
    access.set_libver_bounds(oldest, h5py.h5f.LIBVER_LATEST)
    path = tmp_path / "x.h5"
    h5py.h5f.create(str(path).encode(), fcpl=creation, fapl=access).close()
    data = path.read_bytes()
    with pytest.raises(LibraryNeededError):
        reader(data)
    if data[8] > 1:
        with pytest.raises(DamagedFileError, match="another checksum"):
            reader(data[:14] + b"\1" + data[15:])
