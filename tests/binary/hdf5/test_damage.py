"""HDF5 files that are damaged, or made to do harm: one error, in bounded time."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scopecli.binary.hdf5.checksum import lookup3
from scopecli.binary.hdf5.dataset import Dataset
from scopecli.binary.hdf5.pages import LibraryNeededError
from scopecli.binary.hdf5.reader import Hdf5Reader
from scopecli.binary.source import Source
from scopecli.errors import DamagedFileError, NotAModelError, ScopecliError, UnsupportedError
from tests.binary.hdf5.asking import PLACE, ask, common, everything, reader
from tests.damage import mutated
from tests.hdf5_readers import differences, ours, theirs

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("plain") / "x.h5"
    with h5py.File(path, "w") as file:
        common(file)
        file["chunked"] = np.zeros(1)
        file.create_dataset("in/chunks", data=np.zeros((9, 2)), chunks=(1, 2))
    return path.read_bytes()


@pytest.fixture(scope="module")
def latest(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("latest") / "x.h5"
    with h5py.File(path, "w", libver="latest") as file:
        common(file)
    return path.read_bytes()


def test_a_cut_file_says_so(plain: bytes) -> None:
    with pytest.raises(DamagedFileError, match=f"truncated: has 5000 bytes of {len(plain)}"):
        reader(plain[:5000])


def test_what_is_no_hdf5_file(plain: bytes) -> None:
    with pytest.raises(NotAModelError):
        reader(b"x" * 5000)


@pytest.mark.parametrize(
    ("magic", "question", "problem"),
    [
        (b"TREE", "objects", "no node of a B-tree"),
        (b"SNOD", "objects", "no node of a group"),
        (b"HEAP", "objects", "no heap of names"),
        (b"GCOL", "@a4", "no heap of strings"),
    ],
)
def test_structures_are_known_by_their_magic(
    plain: bytes, magic: bytes, question: str, problem: str
) -> None:
    assert magic in plain
    answer = everything(plain.replace(magic, b"SPAM"))[question]
    assert isinstance(answer, DamagedFileError)
    assert problem in str(answer)


@pytest.mark.parametrize("magic", [b"\x89HDF", b"OHDR", b"OCHK"])
def test_checksums_are_held_against_what_they_are_of(latest: bytes, magic: bytes) -> None:
    at = latest.rindex(magic) + 20
    damaged = latest[:at] + bytes([latest[at] ^ 1]) + latest[at + 1 :]
    with pytest.raises(DamagedFileError, match="another checksum"):
        ask(damaged)


def test_values_are_in_the_file_whatever_their_layout_claims(build: Callable[..., str]) -> None:
    """As for h5py: the place and the size by shape count, and not the size that is stored."""
    path = build(lambda file: file.update({f"x{i}": np.zeros(7) for i in range(3)}))
    with open(path, "rb") as file:
        data = file.read()
    for _, _, at in everything_in(path):
        start, size = at.to_bytes(8, "little"), (56).to_bytes(8, "little")
        assert start + size in data
        beyond = data.replace(start + size, (len(data) - 10).to_bytes(8, "little") + size)
        large = data.replace(start + size, start + (1 << 40).to_bytes(8, "little"))
        with pytest.raises(DamagedFileError, match="has values up to"):
            list(reader(beyond).objects())
        for damaged in (beyond, large):
            rewrite(path, damaged)
            mine, other = ours(path), theirs(path)
            assert mine is not None
            refused = isinstance(mine["objects"], DamagedFileError)
            assert refused == (damaged is beyond)
            if h5py.version.hdf5_version_tuple >= (
                2,
            ):  # older ones look at the place when they read
                assert refused == isinstance(other["objects"], DamagedFileError)
            assert refused or differences(mine, other) == []


def rewrite(path: str, data: bytes) -> None:
    with open(path, "wb") as file:
        file.write(data)


def everything_in(path: str) -> list[Any]:
    with Source(path) as source:
        return list(Hdf5Reader(source, PLACE).objects())


@pytest.mark.parametrize("libver", ["earliest", "latest"])
def test_headers_that_differ_in_one_number_are_told_apart(
    build: Callable[..., str], libver: str
) -> None:
    """Datasets that look alike are not read in full, and one that does not is."""

    def fill(file: h5py.File) -> None:
        for i in range(40):
            file[f"a{i:02}"] = np.full((3, 2), i, "f4")
            file[f"b{i:02}"] = np.full(3, i, ">f4" if i == 30 else "f4")
        file.create_dataset("c", (3, 2), "f4")  # nothing is written, so there is no address

    path = build(fill, libver=libver)
    found = everything_in(path)
    kinds = [what for _, what, _ in found if isinstance(what, Dataset)]
    assert len({id(what) for what in kinds}) == 4
    assert differences(ours(path), theirs(path)) == []
    with open(path, "rb") as file:
        data = file.read()
    for name, _, at in found[:-1]:
        kind = ">f4" if name == b"b30" else "f4"
        assert data[at : at + 4] == np.array(int(name[1:]), kind).tobytes()


def test_a_short_header_at_the_end_of_a_file_is_not_taken_for_a_longer_one(
    build: Callable[..., str],
) -> None:
    """Both begin with the time at which they were made."""

    def fill(file: h5py.File) -> None:
        for name in "ab":
            file.create_dataset(name, data=np.ones((2, 2), "f4"), track_times=True)
        file.create_group("/".join("c" * 20))

    path = build(fill, libver="latest")
    mine = ours(path)
    assert mine is not None
    assert isinstance(mine["objects"], list)
    assert differences(mine, theirs(path)) == []


def test_an_attribute_that_claims_more_than_it_has(build: Callable[..., str]) -> None:
    path = build(lambda file: file.attrs.create("names", np.zeros(77, "S100")))
    with open(path, "rb") as file:
        data = file.read()
    at = data.index((77).to_bytes(8, "little"), data.index(b"names\0"))
    damaged = reader(data[:at] + (1 << 40).to_bytes(8, "little") + data[at + 8 :])
    root = damaged.group("")
    assert root is not None
    with pytest.raises(DamagedFileError, match=r"claims .*attribute names"):
        damaged.one_attribute(root, "names")


def test_a_group_in_itself_ends(build: Callable[..., str]) -> None:
    def fill(file: h5py.File) -> None:
        file["a/x"] = 1.0
        file["a/a"] = file["a"]
        file["a/root"] = file["/"]

    found = [(name, what) for name, what, _ in everything_in(build(fill))]
    assert [name for name, _ in found] == [b"a/a", b"a/root", b"a/x"]


def test_structures_that_share_bytes_are_refused(build: Callable[..., str]) -> None:
    """A chain of B-trees that leads back to itself, and a header that goes on in itself."""

    def fill(file: h5py.File) -> None:
        for i in range(600):
            file[f"x{i}"] = i
        for i in range(40):
            file["x1"].attrs[f"a{i}"] = "x" * 40

    path = build(fill)
    with open(path, "rb") as file:
        data = bytearray(file.read())
    at = data.index(b"TREE\0\1")  # the root of the tree: its first child is at 24 + 8
    cyclic = bytes(data[: at + 5] + b"\2" + data[at + 6 :])
    with pytest.raises(DamagedFileError):
        list(reader(cyclic).objects())
    where = next(i for i in range(0, len(data) - 24, 8) if data[i : i + 4] == b"\x10\0\x10\0")
    again = where.to_bytes(8, "little")
    looped = bytes(data[: where + 8] + again + data[where + 16 :])
    with pytest.raises(DamagedFileError, match=r"overlap|cut short"):
        list(reader(looped).objects())


def test_names_that_share_bytes_are_refused(build: Callable[..., str]) -> None:
    """Many links by one long name would take as much memory as the file has, many times over."""

    def fill(file: h5py.File) -> None:
        for i in range(400):
            file[f"{i:03}" + "n" * 3000] = h5py.SoftLink("x")
        file["0"] = 1.0

    path = build(fill)
    with open(path, "rb") as file:
        data = bytearray(file.read())
    heap = data.index(b"HEAP")
    size, start = (int.from_bytes(data[heap + at : heap + at + 8], "little") for at in (8, 24))
    data[start : start + size - 1] = b"n" * (size - 1)
    with pytest.raises(DamagedFileError, match="overlap"):
        reader(bytes(data)).group("x")


def test_a_deep_chain_of_groups_is_refused(build: Callable[..., str]) -> None:
    path = build(lambda file: file.create_group("/".join("g" * 700)), libver="latest")
    with pytest.raises(UnsupportedError, match="nested more than 500 deep"):
        everything_in(path)


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_damage_has_one_error(plain: bytes, latest: bytes, data: st.DataObject) -> None:
    damaged = data.draw(mutated(data.draw(st.sampled_from([plain, latest]))))
    with suppress(ScopecliError, LibraryNeededError):
        everything(damaged)


def rechecked(data: bytes) -> bytes:
    """The file with the checksums of all headers that are where they were computed anew."""
    out = bytearray(data)
    at = data.find(b"OHDR")
    while at >= 0:
        flags = data[at + 5] if at + 5 < len(data) else 0
        width = 1 << (flags & 3)
        head = 6 + (16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0) + width
        end = at + head + int.from_bytes(data[at + head - width : at + head], "little")
        if end + 4 <= len(out):
            out[end : end + 4] = lookup3(bytes(out[at:end])).to_bytes(4, "little")
        at = data.find(b"OHDR", at + 1)
    return bytes(out)


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_damage_behind_checksums_has_one_error(latest: bytes, data: st.DataObject) -> None:
    first = 48  # the superblock has a checksum of its own
    damaged = latest[:first] + data.draw(mutated(latest[first:]))
    with suppress(ScopecliError, LibraryNeededError):
        everything(rechecked(damaged.ljust(len(latest), b"\0")))
