"""The JSON document of a tree, read back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from scopecli.analysis import values
from scopecli.errors import DamagedFileError, UnsupportedError
from scopecli.formats.opening import load
from tests.samples import GOOD, SAMPLES

if TYPE_CHECKING:
    from pathlib import Path

    from tests.commands import Run


@pytest.mark.parametrize("sample", GOOD)
def test_a_tree_survives_the_way_there_and_back(tmp_path: Path, run: Run, sample: str) -> None:
    path = tmp_path / "model.json"
    written = run("tree", "--all", "--format", "json", str(SAMPLES / sample))
    path.write_text(written.out, "utf-8")
    model, original = load(path), load(SAMPLES / sample)
    assert model.format == "scopecli-json"
    assert model.metadata["source_format"] == original.format
    assert sorted(v[:7] for v in model.variables) == sorted(v[:7] for v in original.variables)
    again = json.loads(run("tree", "--all", "--format", "json", str(path)).out)
    first = json.loads(written.out)
    for part in ("scopes", "collections", "reuse", "notes"):
        assert again[part] == first[part]


@pytest.mark.parametrize("sample", ["tf1_partitioned", "tf1_v1_sharded"])
def test_a_lock_of_partitioned_variables(tmp_path: Path, run: Run, sample: str) -> None:
    lock = tmp_path / "model.lock.json"
    lock.write_text(run("tree", "--format", "json", str(SAMPLES / sample)).out, "utf-8")
    slices = [v.attributes["slices"] for v in load(lock).variables if "slices" in v.attributes]
    assert slices
    for original in (lock, SAMPLES / sample):
        assert run("diff", str(original), str(lock)).code == 0
    assert run("validate", str(lock)).code == 0


def document(**changes: Any) -> dict[str, Any]:
    row = {
        "key": "a/w",
        "name": "a/w",
        "shape": [2, None],
        "dtype": "float32",
        "bytes": 8,
        "kind": "variable",
        "trainable": True,
    }
    row.update(changes.pop("row", {}))
    inner = {"variables": [row], "children": []}
    return {
        "schema": "scopecli/model/1",
        "format": "hdf5",
        "separator": "/",
        "metadata": {},
        "scopes": {"variables": [], "children": [inner]},
        "collections": {},
        "reuse": [],
        "notes": [],
        **changes,
    }


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "model.json"
    path.write_text(text, "utf-8")
    return path


def test_the_smallest_document(tmp_path: Path) -> None:
    (variable,) = load(written(tmp_path, json.dumps(document()))).variables
    assert (variable.shape, variable.trainable) == ((2, None), True)


@pytest.mark.parametrize(
    "changes",
    [
        {"separator": "//"},
        {"separator": ""},
        {"separator": "\x1b"},
        {"separator": "\U0010ffff"},
        {"metadata": []},
        {"metadata": 3},
        {"scopes": []},
        {"scopes": {"variables": []}},
        {"collections": {"a": [1]}},
        {"collections": {"a": [[]]}},
        {"reuse": [{"scope": "a", "entries": [1]}]},
        {"reuse": [{}]},
        {"notes": [{"code": 1, "message": "m", "subject": ""}]},
        {"notes": [{"code": "c", "message": None, "subject": ""}]},
        {"row": {"kind": "weight"}},
        {"row": {"kind": []}},
        {"row": {"key": 1}},
        {"row": {"name": None}},
        {"row": {"dtype": []}},
        {"row": {"shape": [-1]}},
        {"row": {"shape": [10**400]}},
        {"row": {"shape": 3}},
        {"row": {"shape": ["3"]}},
        {"row": {"bytes": -1}},
        {"row": {"bytes": 1e300}},
        {"row": {"bytes": "8"}},
        {"row": {"attributes": 3}},
        {"row": {"attributes": {"aliases": [1]}}},
        {"row": {"attributes": {"slices": [1]}}},
        {"row": {"attributes": {"slices": ["0,1,2"]}}},
        {"row": {"attributes": {"slices": ["0,-1"]}}},
        {"metadata": {"only_in_graph": [None]}},
        {"metadata": {"only_in_checkpoint": [1]}},
        {"metadata": {"optimizer": [1]}},
        {"metadata": {"optimizer": [{"name": "Adam", "variables": 1, "hyperparameters": 3}]}},
        {"metadata": {"optimizer": [{"name": 1, "variables": 1, "hyperparameters": {}}]}},
    ],
)
def test_documents_that_are_not_valid(tmp_path: Path, changes: dict[str, Any]) -> None:
    path = written(tmp_path, json.dumps(document(**changes)))
    with pytest.raises(DamagedFileError, match="not a valid scopecli/model/1 document") as caught:
        load(path)
    assert caught.value.path == str(path)


@pytest.mark.parametrize("field", sorted(set(document()) - {"schema"}))
def test_a_field_that_is_missing(tmp_path: Path, field: str) -> None:
    less = document()
    del less[field]
    with pytest.raises(DamagedFileError, match=f"'{field}' is missing"):
        load(written(tmp_path, json.dumps(less)))


@pytest.mark.parametrize(
    "text",
    [
        '{"schema": "scopecli/model/1"',
        '{"schema": "scopecli/model/2"}',
        '{"schema": "scopecli/model/1", "scopes": ' + "[" * 100_000,
        '{"a": "scopecli/model/1"}',
        '{"schema": "scopecli/model/1"} trailing',
    ],
)
def test_texts_that_are_not_documents(tmp_path: Path, text: str) -> None:
    with pytest.raises(DamagedFileError):
        load(written(tmp_path, text))


def test_it_has_no_values(tmp_path: Path) -> None:
    model = load(written(tmp_path, json.dumps(document())))
    with pytest.raises(UnsupportedError, match="has no values"):
        values.preview(model, model.variables[0])
