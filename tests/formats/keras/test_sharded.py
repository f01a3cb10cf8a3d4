"""Keras 3's weights in several files, and models in a folder instead of an archive."""

from __future__ import annotations

import json
import shutil
import zipfile
from typing import TYPE_CHECKING, Any

import h5py
import pytest

from scopecli import renames
from scopecli.binary.hdf5.pages import LibraryNeededError
from scopecli.errors import DamagedFileError, ScopecliError, UnsupportedError
from scopecli.formats.keras import sharded
from scopecli.formats.opening import load
from tests.models import data_of, get
from tests.samples import SAMPLES

if TYPE_CHECKING:
    from pathlib import Path

SAMPLE = SAMPLES / "keras3_model.weights.h5"


def split(folder: Path, *, index: str = "m.weights.json", libver: str = "earliest") -> Path:
    """The sample in three files, with the variables of one object in two of them."""
    places: dict[str, list[str]] = {}
    with h5py.File(SAMPLE) as whole:
        datasets: list[str] = []
        whole.visititems(lambda name, one: datasets.append(name) if hasattr(one, "shape") else None)
        for number in range(3):
            shard = f"m_{number:05}.weights.h5"
            with h5py.File(folder / shard, "w", libver=libver) as file:
                for key in datasets[number::3]:
                    group, _, entry = key.rpartition("/")
                    held = file.require_group(group)
                    for name, value in whole[group].attrs.items():
                        held.attrs[name] = value
                    held[entry] = whole[key][()]
                    places.setdefault(f"/{group}", []).append(shard)
    document = {"metadata": {"total_size": 1.5}, "weight_map": places}
    (folder / index).write_text(json.dumps(document, indent=4))
    return folder / index


@pytest.mark.parametrize("libver", ["earliest", "latest"])
def test_several_files_are_one_model(tmp_path: Path, libver: str) -> None:
    whole, model = load(SAMPLE), load(split(tmp_path, libver=libver))
    assert model.format == "keras-weights-h5"
    ours, theirs = (
        {v.key: (v.shape, v.dtype, v.kind) for v in one.variables} for one in (model, whole)
    )
    assert ours == theirs
    # Keras writes no group without variables there, so not which layers others are in.
    for variable in model.variables:
        assert get(whole, variable.key).name.endswith(variable.name)
    assert get(model, "layers/dense/vars/0").name.endswith("/kernel")
    for variable in whole.variables:
        assert data_of(model, variable.key) == data_of(whole, variable.key)
    assert [file.role for file in model.files] == ["index", "data", "data", "data"]
    assert list(model.notes) == []


def test_h5py_answers_where_our_reader_gives_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = split(tmp_path)
    expected = [(v.key, v.name) for v in load(index).variables]

    def needs_the_library(*_: object) -> Any:
        raise LibraryNeededError

    monkeypatch.setattr(sharded, "Hdf5Reader", needs_the_library)
    assert [(v.key, v.name) for v in load(index).variables] == expected


def test_a_folder_with_an_index(tmp_path: Path) -> None:
    split(tmp_path)
    assert {v.key for v in load(tmp_path).variables} == {v.key for v in load(SAMPLE).variables}


def test_missing_and_doubled(tmp_path: Path) -> None:
    index = split(tmp_path)
    (tmp_path / "m_00001.weights.h5").unlink()
    shutil.copy(tmp_path / "m_00000.weights.h5", tmp_path / "m_00002.weights.h5")
    model = load(index)
    codes = {note.code for note in model.notes}
    assert codes == {"missing-shard", "weight-map-disagrees"}
    assert len({v.key for v in model.variables}) == len(model.variables)


@pytest.mark.parametrize(
    ("places", "problem"),
    [
        ({"/a/vars": []}, "without a weight_map"),
        ({"/a/vars": [1]}, "without a weight_map"),
        ({"/a/vars": {"x": "y"}}, "without a weight_map"),
        ({"/a/vars": ["../m.weights.h5"]}, "outside its folder"),
        ({"/a/vars": ["/m.weights.h5"]}, "outside its folder"),
        ({f"/{n}/vars": [f"{n}.weights.h5"] for n in range(501)}, "in 501 files"),
    ],
)
def test_indices_that_are_refused(tmp_path: Path, places: dict[str, Any], problem: str) -> None:
    path = tmp_path / "m.weights.json"
    path.write_text(json.dumps({"weight_map": places}))
    with pytest.raises(ScopecliError, match=problem):
        load(path)


def test_a_damaged_shard(tmp_path: Path) -> None:
    index = split(tmp_path)
    shard = tmp_path / "m_00001.weights.h5"
    shard.write_bytes(shard.read_bytes()[:200])
    with pytest.raises(DamagedFileError, match=r"m_00001\.weights\.h5"):
        load(index)


def test_what_cannot_be_renamed(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match="rename each of them"):
        renames.rename(split(tmp_path), tmp_path / "out.json", {"a": "b"})
    folder = tmp_path / "unpacked"
    zipfile.ZipFile(SAMPLES / "keras3_functional.keras").extractall(folder)
    with pytest.raises(UnsupportedError, match=r"zip what is in it to a \.keras"):
        renames.rename(folder, tmp_path / "out.keras", {"a": "b"})


class TestFolders:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        zipfile.ZipFile(SAMPLES / "keras3_functional.keras").extractall(tmp_path / "model")
        return tmp_path / "model"

    def test_is_what_the_archive_is(self, folder: Path) -> None:
        packed, model = load(SAMPLES / "keras3_functional.keras"), load(folder)
        assert model.format == "keras-v3"
        for field in ("metadata", "collections", "reuse", "layers", "notes"):
            assert getattr(model, field) == getattr(packed, field)
        plain = [(*v[:7], v.attributes) for v in model.variables]
        assert plain == [(*v[:7], v.attributes) for v in packed.variables]
        key = model.variables[0].key
        assert data_of(model, key) == data_of(packed, key)
        storage = get(model, key).storage
        assert storage
        assert storage.shard == "model.weights.h5"
        held = (folder / storage.shard).read_bytes()
        assert storage.offset is not None
        assert held[storage.offset :][: storage.length] == data_of(model, key)

    def test_a_config_that_is_none(self, folder: Path) -> None:
        (folder / "config.json").write_text("[" * 100_000)
        assert [note.code for note in load(folder).notes] == ["bad-config"]

    def test_weights_that_are_none(self, folder: Path) -> None:
        (folder / "model.weights.h5").write_bytes(b"\x89HDF\r\n\x1a\n")
        with pytest.raises(DamagedFileError):
            load(folder)
