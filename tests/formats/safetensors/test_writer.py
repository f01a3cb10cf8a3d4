"""safetensors files and npz archives under new names."""

from __future__ import annotations

import json
import shutil
import zipfile
from typing import TYPE_CHECKING

import numpy as np
import pytest

from scopecli.errors import PathError, UnsupportedError
from scopecli.formats.numpy import npz_writer
from scopecli.formats.opening import load, locate
from scopecli.formats.safetensors import writer as safetensors_writer
from scopecli.formats.staging import Staging
from scopecli.model.renaming import Renaming
from tests.samples import SAMPLES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from scopecli.formats.staging import DataMode
    from scopecli.model.model import Model

    Facts = dict[str, tuple[object, ...]]


def rename(
    path: Path,
    out: Path,
    moves: Mapping[str, str],
    drops: frozenset[str] = frozenset(),
    data: DataMode = "copy",
) -> None:
    model = locate(str(path))
    writer = npz_writer if model.format == "npz" else safetensors_writer
    with Staging(data) as staging:
        writer.write(model, Renaming(moves, drops), str(out), staging)
        staging.commit()


def facts(model: Model) -> Facts:
    """Everything about each tensor, its values too."""
    found: Facts = {}
    for variable in model.variables:
        data: object = "not numbers"
        if variable.dtype not in {"string", "compound", "object", "datetime64[D]"}:
            assert model.tensors is not None
            data = model.tensors.read(variable, 0, variable.params)
        checksum = variable.storage.checksum if variable.storage else None
        found[variable.key] = (variable.shape, variable.dtype, variable.attributes, checksum, data)
    return found


def renamed(old: Facts, moves: Mapping[str, str], drops: frozenset[str] = frozenset()) -> Facts:
    return {moves.get(key, key): fact for key, fact in old.items() if key not in drops}


@pytest.mark.parametrize("sample", ["dtypes.safetensors", "arrays.npz", "flax_params.npz"])
def test_everything_else_stays(tmp_path: Path, sample: str) -> None:
    old = load(SAMPLES / sample)
    keys = [variable.key for variable in old.variables]
    swapped = {keys[0]: keys[-1], keys[-1]: keys[0], keys[1]: "größe.\"new\\'\n/name" * 9}
    for moves, drops in (
        ({}, frozenset[str]()),
        (swapped, frozenset(keys[2:4])),
        ({}, frozenset(keys)),
    ):
        out = tmp_path / "out"
        rename(SAMPLES / sample, out, moves, drops)
        if sample.endswith(".npz") and len(drops) == len(keys):
            assert zipfile.ZipFile(out).namelist() == []
            continue
        new = load(out)
        assert facts(new) == renamed(facts(old), moves, drops)
        expected = [moves.get(key, key) for key in keys if key not in drops]
        assert [v.key for v in new.variables] == expected
        assert new.metadata == old.metadata
        assert [note.code for note in new.notes] == [note.code for note in old.notes]


def test_a_file_with_the_names_it_had_is_the_same(tmp_path: Path) -> None:
    rename(SAMPLES / "dtypes.safetensors", tmp_path / "out", {})
    assert (tmp_path / "out").read_bytes() == (SAMPLES / "dtypes.safetensors").read_bytes()
    rename(SAMPLES / "arrays.npz", tmp_path / "out.npz", {})
    old, new = (zipfile.ZipFile(p) for p in (SAMPLES / "arrays.npz", tmp_path / "out.npz"))
    for before, after in zip(old.infolist(), new.infolist(), strict=True):
        assert (before.filename, before.CRC, before.compress_type, before.external_attr) == (
            (after.filename, after.CRC, after.compress_type, after.external_attr)
        )


def test_shards(tmp_path: Path) -> None:
    sample = SAMPLES / "sharded_safetensors"
    moves = {"lm_head.weight": "model.norm.weight", "model.norm.weight": "lm_head.weight"}
    drops = frozenset({"model.embed_tokens.weight"})
    rename(sample, tmp_path / "new.safetensors.index.json", moves, drops)
    old, new = load(sample), load(tmp_path)
    assert facts(new) == renamed(facts(old), moves, drops)
    assert list(new.notes) == []
    index = json.loads((tmp_path / "new.safetensors.index.json").read_text("utf-8"))
    left = sum(variable.nbytes or 0 for variable in new.variables)
    assert index["metadata"] == {"total_size": left}
    assert left < int(str(old.metadata["total_size"]))
    assert "model.embed_tokens.weight" not in index["weight_map"]
    assert {v.key: v.storage.shard for v in new.variables if v.storage} == index["weight_map"]


def test_shards_are_not_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "m"
    shutil.copytree(SAMPLES / "sharded_safetensors", folder)
    index = folder / "model.safetensors.index.json"
    before = {path: path.read_bytes() for path in folder.iterdir()}
    for out in (index, folder / "other.index.json"):
        with pytest.raises(UnsupportedError, match="has 2 shards, which cannot be replaced"):
            rename(folder, out, {})
    other = tmp_path / "other"
    other.mkdir()
    (other / "model-00002-of-00002.safetensors").write_bytes(b"mine")
    with pytest.raises(PathError, match="is there already"):
        rename(folder, other / index.name, {})
    assert [path.read_bytes() for path in other.iterdir()] == [b"mine"]
    assert {path: path.read_bytes() for path in folder.iterdir()} == before
    (folder / "model-00001-of-00002.safetensors").unlink()
    with pytest.raises(UnsupportedError, match="is missing, and would be missing again"):
        rename(folder, tmp_path / index.name, {})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m", "other"]


@pytest.mark.parametrize("sample", ["dtypes.safetensors", "arrays.npz"])
@pytest.mark.parametrize("data", ["link", "reflink"])
def test_data_that_cannot_be_linked(tmp_path: Path, sample: str, data: DataMode) -> None:
    with pytest.raises(UnsupportedError, match="has names and values in one file"):
        rename(SAMPLES / sample, tmp_path / "out", {}, data=data)
    assert list(tmp_path.iterdir()) == []


def test_names_that_cannot_be() -> None:
    complaints = dict(safetensors_writer.complaints(["a", "", "__metadata__", "a\udcff", "é"]))
    assert sorted(complaints) == ["__metadata__", "a\udcff"]
    complaints = dict(npz_writer.complaints(["a", "é", "a\0", "x" * 65532, "x" * 65531]))
    assert sorted(complaints) == ["a\0", "x" * 65532]


def test_subjects_are_the_keys() -> None:
    model = load(SAMPLES / "dtypes.safetensors")
    found = safetensors_writer.subjects(model)
    assert [(s.name, s.kind) for s in found] == [(v.key, "variable") for v in model.variables]
    model = load(SAMPLES / "arrays.npz")
    assert [s.name for s in npz_writer.subjects(model)] == [v.key for v in model.variables]


def test_numpy_reads_it(tmp_path: Path) -> None:
    rename(SAMPLES / "flax_params.npz", tmp_path / "m.npz", {"params/Dense_0/bias": "b"})
    old, new = np.load(SAMPLES / "flax_params.npz"), np.load(tmp_path / "m.npz")
    assert np.array_equal(new["b"], old["params/Dense_0/bias"])
    assert len(new) == len(old)


def test_a_damaged_member_is_not_copied(tmp_path: Path) -> None:
    """The checksum of a deflated one is verified on the way."""
    path = tmp_path / "m.npz"
    np.savez_compressed(path, w=np.zeros(100))
    content = bytearray(path.read_bytes())
    at = content.index(b"PK\x01\x02") + 16
    content[at] ^= 1
    path.write_bytes(content)
    with pytest.raises(Exception, match="does not have the bytes that its checksum is of"):
        rename(path, tmp_path / "out.npz", {})
    assert [found.name for found in tmp_path.iterdir()] == ["m.npz"]
