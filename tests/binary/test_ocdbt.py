"""Databases of one leaf and of two levels, and damaged ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from scopecli.binary import ocdbt
from scopecli.errors import DamagedFileError, ScopecliError, UnsupportedError
from tests.ocdbt import interior, leaf, manifest, write

if TYPE_CHECKING:
    from pathlib import Path


def test_a_leaf(tmp_path: Path) -> None:
    root = leaf({"a/.zarray": b"{}", "a/0": (0, 3), "b": b""})
    write(tmp_path, b"xyz" + root, manifest(3, len(root)))
    found = ocdbt.entries(str(tmp_path))
    assert found == {b"a/.zarray": b"{}", b"a/0": ocdbt.Place("d/0", 0, 3), b"b": b""}
    assert [ocdbt.read(str(tmp_path), value) for value in found.values()] == [b"{}", b"xyz", b""]


def test_two_levels(tmp_path: Path) -> None:
    first, second = leaf({"x": b"1", "y": b"2"}), leaf({"z": b"3"})
    root = interior([("a/", 0, len(first)), ("b/", len(first), len(second))])
    data = first + second
    write(tmp_path, data + root, manifest(len(data), len(root), height=1))
    assert ocdbt.entries(str(tmp_path)) == {b"a/x": b"1", b"a/y": b"2", b"b/z": b"3"}


def test_a_node_in_two_places(tmp_path: Path) -> None:
    """A tree of little bytes could otherwise have endless keys."""
    first = leaf({"x": b"1"})
    root = interior([("a/", 0, len(first)), ("b/", 0, len(first))])
    write(tmp_path, first + root, manifest(len(first), len(root), height=1))
    with pytest.raises(DamagedFileError, match="in two places"):
        ocdbt.entries(str(tmp_path))


def test_another_height_than_was_said(tmp_path: Path) -> None:
    root = leaf({"x": b"1"})
    write(tmp_path, root, manifest(0, len(root), height=1))
    with pytest.raises(DamagedFileError, match="height 0"):
        ocdbt.entries(str(tmp_path))


@pytest.mark.parametrize("path", ["../d/0", "/d/0", "d/../../x"])
def test_data_outside_of_the_folder(tmp_path: Path, path: str) -> None:
    root = leaf({"x": b"1"})
    write(tmp_path / "m", root, manifest(0, len(root), path=path))
    with pytest.raises(DamagedFileError, match="outside of its folder"):
        ocdbt.entries(str(tmp_path / "m"))


def test_numbered_manifests(tmp_path: Path) -> None:
    root = leaf({"x": b"1"})
    write(tmp_path, root, manifest(0, len(root), kind=1))
    with pytest.raises(UnsupportedError, match="numbered manifests"):
        ocdbt.entries(str(tmp_path))


@pytest.mark.parametrize("name", ["manifest.ocdbt", "d/0"])
def test_every_byte_is_covered(tmp_path: Path, name: str) -> None:
    root = leaf({"x": b"1"})
    write(tmp_path, root, manifest(0, len(root)))
    good = (tmp_path / name).read_bytes()
    for at in range(len(good)):
        changed = bytearray(good)
        changed[at] ^= 1
        (tmp_path / name).write_bytes(changed)
        with pytest.raises(ScopecliError):
            ocdbt.entries(str(tmp_path))
        (tmp_path / name).write_bytes(good[:at])
        with pytest.raises(ScopecliError):
            ocdbt.entries(str(tmp_path))
