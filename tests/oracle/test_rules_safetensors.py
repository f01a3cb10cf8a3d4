"""The rules about safetensors, on files that the library wrote, changed, and refuses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import scopecli

safetensors: Any = pytest.importorskip("safetensors", reason="pip install -e '.[oracle]'")
numpy_files: Any = pytest.importorskip("safetensors.numpy")

if TYPE_CHECKING:
    from pathlib import Path

    from scopecli.model.finding import Finding


def saved(path: Path, **arrays: Any) -> Path:
    numpy_files.save_file({name: np.asarray(value, "f4") for name, value in arrays.items()}, path)
    return path


def rewritten(path: Path, old: str, new: str, rest: bytes = b"") -> Path:
    """Change the header's text, and put something behind the data."""
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    header = data[8 : 8 + size].decode().replace(old, new)
    assert header != data[8 : 8 + size].decode() or rest
    path.write_bytes(len(header).to_bytes(8, "little") + header.encode() + data[8 + size :] + rest)
    return path


def codes(path: Path) -> list[str]:
    found: list[Finding] = scopecli.validate(path, select=["F"])
    return [finding.code for finding in found]


def test_a_whole_file(tmp_path: Path) -> None:
    path = saved(tmp_path / "m.safetensors", a=[1, 2], b=[3, 4])
    assert codes(path) == []
    assert set(numpy_files.load_file(path)) == {"a", "b"}


@pytest.mark.rules("F707")
def test_a_duplicate_key(tmp_path: Path) -> None:
    """F707: the library takes it, and has one tensor of two."""
    path = saved(tmp_path / "m.safetensors", a=[1, 2], b=[3, 4])
    assert codes(rewritten(path, '"b":', '"a":')) == ["F707", "F708"]
    data = path.read_bytes()
    with pytest.raises(safetensors.SafetensorError):  # for the hole that the first one left
        numpy_files.load(data)


@pytest.mark.rules("F708")
@pytest.mark.parametrize(
    ("old", "new", "rest", "expected"),
    [
        ('"data_offsets":[8,16]', '"data_offsets":[4,12]', b"", ["F708", "F708"]),
        ('"data_offsets":[8,16]', '"data_offsets":[9,17]', b"1", ["F708"]),
        ("__none__", "__none__", b"1234", ["F708"]),
    ],
)
def test_overlaps_and_holes(
    old: str, new: str, rest: bytes, expected: list[str], tmp_path: Path
) -> None:
    path = saved(tmp_path / "m.safetensors", a=[1, 2], b=[3, 4])
    assert codes(rewritten(path, old, new, rest)) == expected
    with pytest.raises(safetensors.SafetensorError):
        numpy_files.load_file(path)


def test_data_that_is_cut_short(tmp_path: Path) -> None:
    path = saved(tmp_path / "m.safetensors", a=[1, 2], b=[3, 4])
    path.write_bytes(path.read_bytes()[:-1])
    assert codes(path) == ["F703"]
    with pytest.raises(safetensors.SafetensorError):
        numpy_files.load_file(path)


@pytest.mark.rules("F709")
def test_a_map_of_shards(tmp_path: Path) -> None:
    """F709 and F704, which a loader meets when it opens the shard that the map names."""
    first = saved(tmp_path / "model-00001-of-00002.safetensors", a=[1, 2])
    second = saved(tmp_path / "model-00002-of-00002.safetensors", b=[3, 4])
    index = tmp_path / "model.safetensors.index.json"

    def mapped(**places: Path) -> Path:
        weight_map = {key: path.name for key, path in places.items()}
        index.write_text(json.dumps({"metadata": {}, "weight_map": weight_map}), "utf-8")
        return index

    assert codes(mapped(a=first, b=second)) == []
    assert codes(mapped(a=second, b=second)) == ["F709"]
    with safetensors.safe_open(second, "np") as file:
        assert list(file.keys()) == ["b"]
    mapped(a=first, b=second)
    second.unlink()
    assert codes(index) == ["F704"]
