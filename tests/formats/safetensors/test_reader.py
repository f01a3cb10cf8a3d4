"""safetensors files, alone and in shards."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest

from scopecli.analysis import values
from scopecli.errors import DamagedFileError, PathError, UnsupportedError
from scopecli.formats.opening import load, survey
from tests.formats.safetensors.files import entry, write
from tests.models import codes, get
from tests.samples import SAMPLES

if TYPE_CHECKING:
    from pathlib import Path


SHARDED = SAMPLES / "sharded_safetensors"


class TestShards:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        """Two shards, `a` and `b` in the first, `c` in the other."""
        write(tmp_path / "m-1.safetensors", {"a": entry(0, 2), "b": entry(2, 3)}, b"\1\2\3")
        write(tmp_path / "m-2.safetensors", {"c": entry(0, 1)}, b"\4")
        self.index(tmp_path, {"a": 1, "b": 1, "c": 2})
        return tmp_path

    def index(self, folder: Path, places: dict[str, int]) -> Path:
        weight_map = {key: f"m-{number}.safetensors" for key, number in places.items()}
        path = folder / "m.safetensors.index.json"
        document = {"metadata": {"total_size": 4, "x": [1], "y": 0.5}, "weight_map": weight_map}
        path.write_text(json.dumps(document))
        return path

    def test_ways_to_name_it(self, folder: Path) -> None:
        for path in (folder, folder / "m.safetensors.index.json"):
            model = load(path)
            assert [(v.key, v.shape) for v in model.variables] == [
                ("a", (2,)),
                ("b", (1,)),
                ("c", (1,)),
            ]
            assert model.metadata == {"total_size": 4, "num_shards": 2}
            assert [file.role for file in model.files] == ["index", "data", "data"]
            assert list(model.notes) == []
            read = [values.preview(model, v).tolist() for v in model.variables]
            assert read == [[1, 2], [3], [4]]

    def test_one_shard_alone(self, folder: Path) -> None:
        assert [v.key for v in load(folder / "m-2.safetensors").variables] == ["c"]

    def test_a_relative_path(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(folder)
        for path in (".", "m.safetensors.index.json"):
            model = load(path)
            assert values.preview(model, model.variables[2]).tolist() == [4]

    def test_a_missing_shard(self, folder: Path) -> None:
        (folder / "m-2.safetensors").unlink()
        model = load(folder)
        assert codes(model) == [("missing-shard", "m-2.safetensors")]
        missing = get(model, "c")
        assert (missing.shape, missing.dtype, missing.storage) == (None, "unknown", None)
        with pytest.raises(UnsupportedError):
            values.preview(model, missing)
        assert values.preview(model, get(model, "a")).tolist() == [1, 2]
        assert model.files[2].size is None

    @pytest.mark.parametrize(
        ("places", "expected", "message"),
        [
            ({"a": 1, "b": 2, "c": 2}, "b", "is in m-1.safetensors, and the index says m-2"),
            ({"a": 1, "b": 1, "c": 2, "d": 1}, "d", "is in no shard, and the index says m-1"),
            ({"a": 1, "c": 2}, "b", "is in m-1.safetensors, and the index does not name it"),
        ],
    )
    def test_an_index_that_disagrees(
        self, folder: Path, places: dict[str, int], expected: str, message: str
    ) -> None:
        self.index(folder, places)
        model = load(folder)
        assert codes(model) == [("weight-map-disagrees", expected)]
        assert model.notes[0].message.startswith(message)
        assert [v.key for v in model.variables] == ["a", "b", "c"]

    @pytest.mark.parametrize("number", [1, 2])
    def test_a_key_in_two_shards(self, folder: Path, number: int) -> None:
        write(folder / "m-2.safetensors", {"c": entry(0, 1), "a": entry(1, 2)}, b"\4\5")
        self.index(folder, {"a": number, "b": 1, "c": 2})
        model = load(folder)
        assert codes(model) == [("weight-map-disagrees", "a")]
        expected = [[1, 2], [5]][number - 1]
        assert values.preview(model, get(model, "a")).tolist() == expected

    def test_a_damaged_shard(self, folder: Path) -> None:
        path = folder / "m-2.safetensors"
        path.write_bytes(path.read_bytes()[:-1])
        assert codes(survey(folder)) == [("short-data", "c")]
        with pytest.raises(DamagedFileError, match="c ends at byte"):
            load(folder)
        path.write_bytes(b"")
        with pytest.raises(DamagedFileError) as caught:
            load(folder)
        assert caught.value.path == str(path)

    @pytest.mark.parametrize(
        "shard", ["/etc/passwd", "../m-1.safetensors", "a/../../m.safetensors", "", "m\0"]
    )
    def test_shards_elsewhere_are_not_opened(self, folder: Path, shard: str) -> None:
        document = {"weight_map": {"a": shard, "b": "m-1.safetensors"}}
        path = folder / "m.safetensors.index.json"
        path.write_text(json.dumps(document))
        with pytest.raises(DamagedFileError, match="names a shard outside its folder"):
            load(path, input_format="safetensors")

    def test_shards_in_a_folder_below(self, folder: Path) -> None:
        (folder / "parts").mkdir()
        shutil.move(folder / "m-1.safetensors", folder / "parts" / "m-1.safetensors")
        path = folder / "m.safetensors.index.json"
        path.write_text(json.dumps({"weight_map": {"a": "parts/m-1.safetensors"}}))
        model = load(folder)
        assert values.preview(model, get(model, "a")).tolist() == [1, 2]

    @pytest.mark.parametrize(
        "text",
        [
            '{"weight_map": 1}',
            '{"weight_map": {"a": 1}}',
            '{"weight_map": {"a": "b"}',
            '{"x": {"weight_map": {}}}',
            '{"weight_map": ' * 50_000,
        ],
    )
    def test_what_is_no_index(self, folder: Path, text: str) -> None:
        (folder / "m.safetensors.index.json").write_text(text)
        for path in (folder, folder / "m.safetensors.index.json"):
            with pytest.raises(DamagedFileError):
                load(path)

    def test_an_index_of_another_format_beside_it(self, folder: Path) -> None:
        other = folder / "pytorch_model.bin.index.json"
        other.write_text('{"weight_map": {"a": "pytorch_model-1.bin"}}')
        assert len(load(folder).variables) == 3
        (folder / "m.safetensors.index.json").unlink()
        assert load(folder).format == "torch"
        other.write_text('{"weight_map": {"a": "tf_model-1.h5"}}')
        with pytest.raises(UnsupportedError, match="the index of 1 files such as tf_model"):
            load(folder)

    def test_two_indexes(self, folder: Path) -> None:
        path = folder / "m.safetensors.index.json"
        shutil.copy(path, folder / "n.safetensors.index.json")
        with pytest.raises(PathError, match=r"has 2 models: m\.safetensors.*, n\.safe"):
            load(folder)


def test_the_sample_in_shards() -> None:
    model = load(SHARDED)
    index = json.loads((SHARDED / "model.safetensors.index.json").read_text())
    assert {v.key: v.storage.shard for v in model.variables if v.storage} == index["weight_map"]
    total = sum(v.nbytes or 0 for v in model.variables)
    assert total == model.metadata["total_size"]
    first = load(SHARDED / "model-00001-of-00002.safetensors")
    for variable in first.variables:
        here = values.preview(model, get(model, variable.key))
        assert np.array_equal(here, values.preview(first, variable))


def test_the_header_is_all_that_is_read(tmp_path: Path) -> None:
    """A file of a terabyte, with nothing in it."""
    size = 1 << 40
    path = write(tmp_path / "m", {"a": entry(0, size)})
    start = path.stat().st_size
    try:
        os.truncate(path, start + size)
    except OSError:
        pytest.skip("the file system has no sparse files of this size")
    model = load(path)
    assert model.variables[0].nbytes == size
    assert values.preview(model, model.variables[0]).tolist() == [0] * 8
