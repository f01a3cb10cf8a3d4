from __future__ import annotations

import json
import os
import zipfile
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest

from scopecli.errors import UnsupportedError
from scopecli.formats.keras import v3_writer, weights_h5_writer
from scopecli.formats.opening import load
from tests.hdf5_renames import contents, moves, renamed
from tests.samples import SAMPLES

if TYPE_CHECKING:
    from pathlib import Path

    from tests.hdf5_renames import Writer

ARCHIVE = SAMPLES / "keras3_functional.keras"
WEIGHTS = SAMPLES / "keras3_model.weights.h5"
BOTH = [(v3_writer, ARCHIVE), (weights_h5_writer, WEIGHTS)]
RULES = (("encoder/encoder_dense/", "enc/first/"), ("encoder/", "enc/"), ("shared/", "twin/"))


def by_rules(tmp_path: Path, writer: Writer, path: Path, *rules: tuple[str, str]) -> str:
    return renamed(writer, path, tmp_path / f"out{path.suffix}", moves(writer, path, *rules))


def members(path: Any) -> dict[str, Any]:
    """The members of an archive in their order: what its directory says, and their bytes."""
    with zipfile.ZipFile(path) as archive:
        return {
            info.filename: (
                (info.date_time, info.compress_type, info.external_attr, info.create_system),
                archive.read(info),
            )
            for info in archive.infolist()
        }


def weights(path: Any, tmp_path: Path) -> dict[str, Any]:
    if str(path).endswith(".h5"):
        return contents(path)
    inside = tmp_path / "inside.h5"
    inside.write_bytes(members(path)["model.weights.h5"][1])
    return contents(inside)


def written_names(path: Any, tmp_path: Path) -> dict[str, str]:
    found = weights(path, tmp_path)
    attributes = {key.removesuffix("/vars"): value[-1] for key, value in found.items()}
    return {key: value["name"][2] for key, value in attributes.items() if "name" in value}


@pytest.mark.parametrize(("writer", "path"), BOTH)
def test_layers_and_what_is_in_them_are_subjects(writer: Writer, path: Path) -> None:
    found = {subject.name: subject for subject in writer.subjects(load(str(path)))}
    assert found["encoder/encoder_dense/"][1:] == ("layer", "encoder/", "layers")
    assert found["average/"].kind == "layer"
    kernel = found["encoder/encoder_dense/kernel"]
    assert kernel[1:] == ("variable", "encoder/encoder_dense/", "")
    assert found["adam/iteration"].kind == found["adam/7"].kind == "slot"


@pytest.mark.parametrize(("writer", "path"), BOTH)
def test_names_change_and_paths_do_not(writer: Writer, path: Path, tmp_path: Path) -> None:
    out = by_rules(tmp_path, writer, path, *RULES)
    before, after = weights(path, tmp_path), weights(out, tmp_path)
    assert list(after) == list(before)
    changed = {name for name in before if after[name] != before[name]}
    assert changed == {
        "layers/dense/vars",
        "layers/functional/vars",
        "layers/functional/layers/dense/vars",
    }
    names = written_names(out, tmp_path)
    assert names["layers/functional/layers/dense"] == "'first'"
    assert names["layers/functional"] == "'enc'"
    assert {v.path for v in load(out).variables} == {
        v.path.replace("encoder/encoder_dense/", "enc/first/")
        .replace("encoder/", "enc/")
        .replace("shared/", "twin/")
        for v in load(str(path)).variables
    }


@pytest.mark.parametrize(("writer", "path"), BOTH)
@pytest.mark.parametrize(
    "rules",
    [
        RULES,
        (("shared/", "frozen/"), ("frozen/", "shared/")),
        (("per_step/step_dense/", "per_step/größe/"), ("score/", "s/")),
    ],
)
def test_there_and_back_is_the_same_file(
    writer: Writer, path: Path, rules: tuple[tuple[str, str], ...], tmp_path: Path
) -> None:
    out = by_rules(tmp_path, writer, path, *rules)
    back = moves(writer, out, *((new, old) for old, new in rules))
    again = renamed(writer, out, tmp_path / f"back{path.suffix}", back)
    if "größe" not in str(rules):
        assert weights(again, tmp_path) == weights(path, tmp_path)
    assert {v.key: v.path for v in load(again).variables} == {
        v.key: v.path for v in load(str(path)).variables
    }
    if path == ARCHIVE:
        ours, theirs = members(again), members(path)
        assert list(ours) == list(theirs)
        assert ours["config.json"] == theirs["config.json"]
        assert ours["metadata.json"] == theirs["metadata.json"]


def test_the_config_is_renamed_where_it_refers(tmp_path: Path) -> None:
    out = by_rules(tmp_path, v3_writer, ARCHIVE, *RULES)
    before, after = (members(path)["config.json"][1].decode() for path in (ARCHIVE, out))
    for old, new in (("shared", "twin"), ("encoder", "enc"), ("encoder_dense", "first")):
        before = before.replace(f'"{old}"', f'"{new}"')
    assert json.loads(after) == json.loads(before)


def test_assets_and_everything_else_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "assets.keras"
    with zipfile.ZipFile(ARCHIVE) as archive, zipfile.ZipFile(path, "w") as new:
        new.comment = b"a comment"
        for name in ("model.weights.h5", "metadata.json", "config.json"):
            info = zipfile.ZipInfo(name, (2021, 3, 4, 5, 6, 8))
            info.external_attr = 0o644 << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(info, archive.read(name))
        new.writestr(zipfile.ZipInfo("assets/words.txt", (2021, 1, 1, 0, 0, 0)), b"a\nb\n" * 999)
    out = by_rules(tmp_path, v3_writer, path, ("shared/", "twin/"))
    before, after = members(path), members(out)
    assert list(after) == list(before)
    assert {name: said for name, (said, _) in after.items()} == {
        name: said for name, (said, _) in before.items()
    }
    assert {name for name in after if after[name] != before[name]} == {
        "model.weights.h5",
        "config.json",
    }
    with zipfile.ZipFile(out) as archive:
        assert archive.comment == b"a comment"
        assert archive.testzip() is None


@pytest.mark.parametrize(("writer", "path"), BOTH)
def test_the_optimizer_is_dropped_whole(writer: Writer, path: Path, tmp_path: Path) -> None:
    slots = [s.name for s in writer.subjects(load(str(path))) if s.kind == "slot"]
    out = tmp_path / f"out{path.suffix}"
    renamed(writer, path, out, moves(writer, path, *RULES), slots)
    expected = weights(by_rules(tmp_path, writer, path, *RULES), tmp_path)
    renamed(writer, path, out, moves(writer, path, *RULES), slots)
    kept = {key: value for key, value in expected.items() if key.split("/")[0] != "optimizer"}
    assert weights(out, tmp_path) == kept
    assert os.path.getsize(out) < 0.8 * os.path.getsize(path)
    assert os.listdir(tmp_path).count("out" + path.suffix) == 1
    with pytest.raises(UnsupportedError, match="all of an optimizer's state or none"):
        renamed(writer, path, out, {}, slots[1:])
    with pytest.raises(UnsupportedError, match="does not load the model without it"):
        renamed(writer, path, out, {}, ["shared/kernel"])


@pytest.mark.parametrize(("writer", "path"), BOTH)
@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"shared/kernel": "shared/w"}, "numbers variables: only layers have names"),
        ({"adam/7": "adam/m"}, "numbers variables: only layers have names"),
        ({"shared/kernel": "score/kernel"}, "move the whole layer: shared/=NEW/"),
        ({"shared/": "a/shared/"}, "Keras 3 allows no / in a layer's name"),
        ({"shared/": "score/"}, "would both be score"),
        ({"encoder/encoder_dense/": "first/"}, "is a part of encoder, and cannot become first"),
    ],
)
def test_what_is_no_change_of_names_is_refused(
    writer: Writer, path: Path, changes: dict[str, str], problem: str, tmp_path: Path
) -> None:
    with pytest.raises(UnsupportedError, match=problem):
        renamed(writer, path, tmp_path / f"out{path.suffix}", changes)


def test_without_written_names_only_the_config_changes(tmp_path: Path) -> None:
    path = tmp_path / "m.keras"
    with h5py.File(tmp_path / "w.h5", "w") as file:
        file["layers/dense/vars/0"] = np.zeros((2, 2))
    layers = [{"class_name": "Dense", "config": {"name": "d"}}]
    config = {"class_name": "Sequential", "config": {"name": "m", "layers": layers}}
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": "3.1.0"}))
        archive.writestr("config.json", json.dumps(config, separators=(",", ":")))
        archive.write(tmp_path / "w.h5", "model.weights.h5")
    out = by_rules(tmp_path, v3_writer, path, ("d/", "encoder/"))
    layers[0]["config"] = {"name": "encoder"}
    found = members(out)
    assert found["config.json"][1].decode() == json.dumps(config, separators=(",", ":"))
    assert found["model.weights.h5"] == members(path)["model.weights.h5"]


def test_names_of_layers_that_nothing_names_cannot_change(tmp_path: Path) -> None:
    path = tmp_path / "m.weights.h5"
    with h5py.File(path, "w") as file:
        file["layers/dense/vars/0"] = np.zeros((2, 2))
    with pytest.raises(UnsupportedError, match="only layers have names"):
        by_rules(tmp_path, weights_h5_writer, path, ("dense/", "encoder/"))
