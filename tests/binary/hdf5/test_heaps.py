"""HDF5's fractal heaps and the B-trees of version 2 beside them, damaged: one error of ours.

What is changed has its checksums right, or so it seems: they are not looked at. libhdf5 crashes on
some of this, so that none of it may get there.
"""

from __future__ import annotations

import struct
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scopecli.binary.hdf5.pages import LibraryNeededError, Pages
from scopecli.errors import DamagedFileError, ScopecliError, UnsupportedError
from scopecli.formats.hdf5 import structure
from scopecli.formats.hdf5.driver import InMemory
from tests.binary.hdf5.asking import PLACE, ask, everything, reader
from tests.damage import mutated

if TYPE_CHECKING:
    from collections.abc import Callable

NOT_THERE = b"\xff" * 8
# In a header: the kind of B-tree and what follows; of a heap, what precedes its table.
DEPTH, ROOT, ROOT_COUNT, TOTAL = 12, 16, 24, 26
LARGEST_OBJECT, HUGE_TREE, WIDTH, FIRST, LARGEST, BITS, HEAP_ROOT, ROWS = (
    *(10, 22, 110, 112, 120, 128),
    *(132, 140),
)


def fill(file: h5py.File) -> None:
    for i in range(400):
        file[f"many/{i:03}"] = h5py.SoftLink("t" * 30) if i % 3 else file["/"]
    file["many/" + "n" * 5000] = h5py.SoftLink("x")
    for i in range(20):
        file.attrs[f"a{i}"] = "x" * 400
    file.attrs["layer_names"] = ["a"] * 400


@pytest.fixture(scope="module")
def heaps(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("heaps") / "x.h5"
    with h5py.File(path, "w", libver="latest") as file:
        fill(file)
    return path.read_bytes()


@pytest.fixture
def unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Pages, "verify", lambda *_: None)


def changed(data: bytes, at: int, layout: str, *values: Any) -> bytes:
    new = struct.pack(f"<{layout}", *values)
    assert data[at : at + len(new)] != new
    return data[:at] + new + data[at + len(new) :]


def links_tree(data: bytes) -> int:
    return data.index(b"BTHD\0\5")


def heap(data: bytes) -> int:
    """Where the heap of the links is, which has the smaller identifiers."""
    return data.index(b"FRHP\0\7")


@pytest.mark.parametrize("magic", [b"FRHP", b"FHDB", b"FHIB", b"BTHD", b"BTLF", b"BTIN"])
def test_a_flipped_bit_is_told_by_the_checksum(heaps: bytes, magic: bytes) -> None:
    first = heaps.index(magic)
    for at in (first, heaps.index(magic, first + 1) if heaps.count(magic) > 1 else first):
        ask(heaps)
        with pytest.raises(DamagedFileError, match=rf"another checksum.*offset {at}|offset {at}"):
            ask(heaps[: at + 7] + bytes([heaps[at + 7] ^ 16]) + heaps[at + 8 :])


@pytest.mark.parametrize(
    ("at", "layout", "value", "problem"),
    [
        (5, "B", 6, "no B-tree of this kind"),
        (4, "B", 1, "no B-tree of this kind"),
        (10, "H", 12, "no B-tree of this kind"),
        (6, "I", 20, "nodes too small"),
        (6, "I", 100, "a node of a B-tree has"),
        (DEPTH, "B", 200, "levels too many"),
        (DEPTH, "B", 0, "no node of a B-tree"),
        (DEPTH, "B", 2, "no node of a B-tree|has .* records"),
        (ROOT, "Q", 48, "no node of a B-tree"),
        (ROOT, "Q", 1 << 60, "needs bytes up to"),
        (ROOT_COUNT, "H", 400, "has 400 records"),
        (ROOT_COUNT, "H", 1, "needs bytes up to"),
        (TOTAL, "Q", 402, "has 401 records of 402"),
        (TOTAL, "Q", 3, "a node of a B-tree has"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_a_tree_that_cannot_be(
    heaps: bytes, at: int, layout: str, value: int, problem: str
) -> None:
    with pytest.raises(DamagedFileError, match=rf"({problem}).*offset \d+"):
        ask(changed(heaps, links_tree(heaps) + at, layout, value))


@pytest.mark.parametrize(
    ("at", "layout", "value", "problem"),
    [
        (4, "B", 1, "is none, or of another kind"),
        (5, "H", 9, "is none, or of another kind"),
        (WIDTH, "H", 0, "a table that cannot be"),
        (WIDTH, "H", 3, "a table that cannot be"),
        (FIRST, "Q", 0, "a table that cannot be"),
        (FIRST, "Q", 1 << 17, "a table that cannot be"),
        (LARGEST, "Q", (1 << 16) + 1, "a table that cannot be"),
        (BITS, "H", 3000, "a table that cannot be"),
        (BITS, "H", 40, "no block of this heap"),
        (ROWS, "H", 60000, "a table that cannot be"),
        (ROWS, "H", 0, "no block of this heap"),
        (ROWS, "H", 20, "no block of this heap|needs bytes"),
        (HEAP_ROOT, "Q", 48, "no block of this heap"),
        (HEAP_ROOT, "Q", (1 << 64) - 1, "no block where an object should be"),
        (HUGE_TREE, "Q", 48, "no B-tree of this kind"),
        (HUGE_TREE, "Q", (1 << 64) - 1, "needs bytes up to"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_a_heap_that_cannot_be(
    heaps: bytes, at: int, layout: str, value: int, problem: str
) -> None:
    with pytest.raises(DamagedFileError, match=rf"({problem}).*offset \d+"):
        ask(changed(heaps, heap(heaps) + at, layout, value))


@pytest.mark.usefixtures("unchecked")
def test_blocks_of_a_size_that_no_file_has(heaps: bytes) -> None:
    with pytest.raises(UnsupportedError, match=f"blocks of {1 << 30} bytes"):
        ask(changed(heaps, heap(heaps) + LARGEST, "Q", 1 << 30))


@pytest.mark.usefixtures("unchecked")
def test_filtered_heaps_are_left_to_h5py(heaps: bytes) -> None:
    with pytest.raises(LibraryNeededError):
        list(reader(changed(heaps, heap(heaps) + 7, "H", 30)).objects())


@pytest.mark.parametrize(
    ("identifier", "problem"),
    [
        (b"\x00" + b"\xff" * 6, "has no 65535 bytes at 4294967295"),
        (b"\x00\0\0\0\0\x20\0", "has no 32 bytes at 0"),
        (b"\x10\7\7\7\7\7\7", "has no large object 7"),
        (b"\x30\0\0\0\0\0\0", "no objects of the kind 3"),
        (b"\x40\0\0\0\0\0\0", "no objects of the kind 4"),
        (b"\x20\1\0\0\0\0\0", "cut short"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_what_the_heap_does_not_have(heaps: bytes, identifier: bytes, problem: str) -> None:
    leaf = heaps.index(b"BTLF\0\5") + 6
    damaged = heaps[: leaf + 4] + identifier + heaps[leaf + 11 :]
    with pytest.raises(DamagedFileError, match=problem):
        ask(damaged)


@pytest.mark.usefixtures("unchecked")
def test_links_that_cannot_be(heaps: bytes) -> None:
    link = heaps.index(b"\1\x08\1\x03" + b"001")
    for at, value in ((0, 2), (1, 0x28), (2, 7), (3, 0), (4, ord("/"))):
        with pytest.raises(DamagedFileError, match=r"a link of a version|cut short"):
            ask(changed(heaps, link + at, "B", value))


@pytest.mark.usefixtures("unchecked")
def test_a_table_in_itself_and_blocks_that_are_there_twice(heaps: bytes) -> None:
    table = heaps.index(b"FHIB")
    first = table + 13 + 4
    (one, two) = struct.unpack_from("<QQ", heaps, first)
    for address in (table, two):
        with pytest.raises(DamagedFileError, match="no block of this heap"):
            ask(changed(heaps, first, "Q", address))
    assert one != two


@pytest.mark.usefixtures("unchecked")
def test_a_tree_that_leads_back_to_itself(heaps: bytes) -> None:
    root = heaps.index(b"BTIN\0\5")
    (count,) = struct.unpack_from("<H", heaps, links_tree(heaps) + ROOT_COUNT)
    deeper = changed(heaps, links_tree(heaps) + DEPTH, "B", 9)
    deeper = changed(deeper, root + 6 + 11 * count, "QB", root, count)
    with pytest.raises(DamagedFileError, match=r"B-tree.*offset \d+"):
        ask(deeper)


@pytest.mark.parametrize("magic", [b"FRHP", b"BTLF", b"FHDB"])
def test_damage_does_not_get_to_h5py(
    magic: bytes, build: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even that of a file which has something else that only h5py reads."""

    def odd(file: h5py.File) -> None:
        file["a type"] = np.dtype("f4")
        file.create_dataset("a value", (3,), file["a type"])
        fill(file)

    with open(build(odd, libver="latest"), "rb") as file:
        data = file.read()
    opened: list[object] = []
    monkeypatch.setattr(structure, "opened", opened.append)
    at = data.index(magic) + 30
    damaged = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
    with pytest.raises(DamagedFileError, match="another checksum"):
        structure.described(
            structure.Content(InMemory(damaged, "x.h5"), PLACE), lambda file: list(file.objects())
        )
    assert not opened


@settings(max_examples=100, suppress_health_check=list(HealthCheck), deadline=None)
@given(st.data())
@pytest.mark.usefixtures("unchecked")
def test_damage_has_one_error(heaps: bytes, data: st.DataObject) -> None:
    with suppress(ScopecliError, LibraryNeededError):
        everything(data.draw(mutated(heaps)))
