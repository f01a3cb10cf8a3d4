from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest

from scopecli.errors import UnsupportedError
from scopecli.formats.keras import h5_writer
from scopecli.formats.opening import load
from tests.hdf5_renames import contents, moves, renamed
from tests.samples import SAMPLES

if TYPE_CHECKING:
    from pathlib import Path

FUNCTIONAL = "keras2_functional.h5"
LEGACY_ADAM = "keras2_legacy_adam.h5"
KERAS_3 = "keras3_legacy.h5"
WEIGHTS = "keras2_weights.h5"
SPLIT = "keras2_split_attributes.h5"


def config(path: Any, attribute: str = "model_config") -> Any:
    with h5py.File(path) as file:
        return json.loads(file.attrs[attribute])


def strings(path: Any, group: str, name: str) -> list[str]:
    with h5py.File(path) as file:
        return [str(value) for value in file[group].attrs[name]]


def by_rules(tmp_path: Path, sample: str, *rules: tuple[str, str]) -> str:
    path = SAMPLES / sample
    return renamed(h5_writer, path, tmp_path / "out.h5", moves(h5_writer, path, *rules))


def by_names(tmp_path: Path, sample: str, changes: dict[str, str], *drops: str) -> str:
    return renamed(h5_writer, SAMPLES / sample, tmp_path / "out.h5", changes, drops)


def test_layers_weights_and_slots_are_subjects() -> None:
    found = {s.name: s for s in h5_writer.subjects(load(str(SAMPLES / FUNCTIONAL)))}
    assert found["encoder/"][1:] == ("layer", "", "layers")
    assert found["encoder/encoder_dense/"][1:] == ("layer", "encoder/", "layers")
    kernel = "encoder/encoder_dense/kernel"
    assert found[kernel][1:] == ("variable", "encoder/encoder_dense/", "")
    assert found["Adam/m/encoder_dense/kernel"][1:] == ("slot", kernel, "optimizer")
    assert found["iteration"][1:] == ("slot", "", "optimizer")  # is loaded with them or not at all
    assert found["both_ways/forward_lstm/lstm_cell/bias"].follows == "both_ways/forward_lstm/"


def test_a_layer_is_renamed_wherever_it_is_named(tmp_path: Path) -> None:
    out = by_rules(tmp_path, FUNCTIONAL, ("shared/", "twin/"))
    before, after = contents(SAMPLES / FUNCTIONAL), contents(out)
    assert {name for name in after if name not in before} == {
        "model_weights/twin",
        "model_weights/twin/twin",
        *(f"model_weights/twin/twin/{w}:0" for w in ("kernel", "bias")),
        *(f"optimizer_weights/Adam/{s}/twin" for s in "mv"),
        *(f"optimizer_weights/Adam/{s}/twin/{w}:0" for s in "mv" for w in ("kernel", "bias")),
    }
    assert not any("shared" in name for name in after)
    assert strings(out, "model_weights", "layer_names")[4:6] == ["twin", "frozen"]
    assert strings(out, "model_weights/twin", "weight_names") == ["twin/kernel:0", "twin/bias:0"]
    slots = strings(out, "optimizer_weights", "weight_names")
    assert slots == [
        name.replace("shared", "twin")
        for name in strings(SAMPLES / FUNCTIONAL, "optimizer_weights", "weight_names")
    ]
    text = json.dumps(config(SAMPLES / FUNCTIONAL))
    assert json.dumps(config(out)) == text.replace('"shared"', '"twin"')
    key = "model_weights/{0}/{0}/kernel:0"
    assert after[key.format("twin")] == before[key.format("shared")]


def test_a_model_in_the_model_and_a_layer_in_that(tmp_path: Path) -> None:
    rules = (("encoder/encoder_dense/", "enc/first/"), ("encoder/", "enc/"))
    out = by_rules(tmp_path, FUNCTIONAL, *rules)
    names = strings(out, "model_weights/enc", "weight_names")
    assert names[:3] == ["first/kernel:0", "first/bias:0", "encoder_norm/gamma:0"]
    layers = config(out)["config"]["layers"]
    model = next(layer for layer in layers if layer["class_name"] == "Functional")
    assert (model["name"], model["config"]["name"]) == ("enc", "enc")
    norm = model["config"]["layers"][2]
    assert norm["inbound_nodes"] == [[["first", 0, 0, {}]]]
    assert {v.path for v in load(out).variables if v.path.startswith("enc/")} == {
        *(f"enc/first/{name}" for name in ("kernel", "bias")),
        *(f"enc/encoder_norm/{n}" for n in ("gamma", "beta", "moving_mean", "moving_variance")),
    }


def test_a_layer_that_has_no_weights(tmp_path: Path) -> None:
    out = by_names(tmp_path, FUNCTIONAL, {"sequence/": "tokens/"})
    assert strings(out, "model_weights", "layer_names")[0] == "tokens"
    settings = config(out)["config"]
    assert settings["input_layers"] == [["tokens", 0, 0]]
    assert settings["layers"][1]["inbound_nodes"] == [[["tokens", 0, 0, {}]]]


def test_the_layer_alone_takes_its_weights_along(tmp_path: Path) -> None:
    whole = contents(by_rules(tmp_path, FUNCTIONAL, ("encoder/", "enc/")))
    assert contents(by_names(tmp_path, FUNCTIONAL, {"encoder/": "enc/"})) == whole
    weights = {
        name: name.replace("encoder/", "enc/", 1)
        for name in moves(h5_writer, SAMPLES / FUNCTIONAL, ("encoder/", "enc/"))
        if not name.endswith("/")
    }
    assert contents(by_names(tmp_path, FUNCTIONAL, weights)) == whole


def test_one_weight(tmp_path: Path) -> None:
    out = by_names(tmp_path, FUNCTIONAL, {"score/kernel": "score/weights"})
    assert strings(out, "model_weights/score", "weight_names") == [
        "score/weights:0",
        "score/bias:0",
    ]
    assert config(out) == config(SAMPLES / FUNCTIONAL)
    assert "optimizer_weights/Adam/m/score/weights:0" in contents(out)


def test_both_directions_have_one_name(tmp_path: Path) -> None:
    rules = [(f"both_ways/{d}_lstm/", f"both_ways/{d}_cells/") for d in ("forward", "backward")]
    out = by_rules(tmp_path, FUNCTIONAL, *rules)
    assert config(out)["config"]["layers"][2]["config"]["layer"]["config"]["name"] == "cells"
    assert "both_ways/backward_cells/lstm_cell/bias" in {v.path for v in load(out).variables}
    for wrong in (rules[:1], [(old, new.replace("ward_", "_")) for old, new in rules]):
        with pytest.raises(UnsupportedError, match="forward_NAME and backward_NAME"):
            by_rules(tmp_path, FUNCTIONAL, *wrong)


def test_slots_of_keras_3_have_no_slashes(tmp_path: Path) -> None:
    out = by_rules(tmp_path, KERAS_3, ("per_step/step_dense/", "per_step/dense/"))
    assert "optimizer_weights/adam/per_step_dense_kernel_velocity" in contents(out)
    names = strings(out, "optimizer_weights", "weight_names")
    assert "adam/per_step_dense_bias_momentum" in names


def test_a_slot_can_be_told_another_name(tmp_path: Path) -> None:
    changes = {"shared/": "twin/", "Adam/m/shared/bias": "Adam/m/other"}
    found = contents(by_names(tmp_path, FUNCTIONAL, changes))
    assert {"optimizer_weights/Adam/m/other:0", "optimizer_weights/Adam/v/twin/bias:0"} <= set(
        found
    )


@pytest.mark.parametrize(
    ("sample", "rules"),
    [
        (FUNCTIONAL, [("encoder/", "e/"), ("shared/", "frozen/"), ("frozen/", "shared/")]),
        (FUNCTIONAL, [("per_step/", "each/step/")]),
        (LEGACY_ADAM, [("hidden/", "score/"), ("score/", "hidden/")]),
        (KERAS_3, [("encoder/encoder_norm/", "encoder/n/"), ("score/", "s/")]),
        (WEIGHTS, [(f"block_{n}/", f"block_{(n + 1) % 6}/") for n in range(6)]),
        (SPLIT, [("tower/fc_03/", "tower/layer/"), ("act_11/", "linear/")]),
    ],
)
def test_there_and_back_is_the_same_file(
    tmp_path: Path, sample: str, rules: list[tuple[str, str]]
) -> None:
    out = by_rules(tmp_path, sample, *rules)
    assert contents(out) != contents(SAMPLES / sample)
    back = moves(h5_writer, out, *((new, old) for old, new in rules))
    again = renamed(h5_writer, out, tmp_path / "back.h5", back)
    assert contents(again) == contents(SAMPLES / sample)


def test_lists_are_split_and_made_whole_as_keras_would(tmp_path: Path) -> None:
    (long,) = (
        s.name for s in h5_writer.subjects(load(str(SAMPLES / SPLIT))) if s.name.startswith("conv_")
    )
    short = by_names(tmp_path, SPLIT, {long: "conv/"})
    names = strings(short, "/", "layer_names")
    assert (len(names), names[-1]) == (24, "conv")
    with h5py.File(short) as file:
        assert "layer_names0" not in file.attrs
        assert {"weight_names0", "weight_names1"} == set(file["tower"].attrs)
        # Keras leaves one whole list to h5py, which writes strings of any length.
        assert h5py.check_string_dtype(file.attrs.get_id("layer_names").dtype).length is None
    again = renamed(h5_writer, short, tmp_path / "again.h5", {"conv/": long})
    assert contents(again) == contents(SAMPLES / SPLIT)


@pytest.mark.parametrize(
    ("sample", "changes", "problem"),
    [
        (FUNCTIONAL, {"score/kernel": "shared/w"}, "move the whole layer: score/=NEW/"),
        (FUNCTIONAL, {"score/": "shared/"}, "score would both be|shared and score would both be"),
        (FUNCTIONAL, {"score/": "encoder/score/"}, "score is not in encoder"),
        (FUNCTIONAL, {"encoder/codes/": "codes/"}, "is a part of encoder, and cannot become codes"),
        (LEGACY_ADAM, {"Adam/iter": "Adam/score/bias/v"}, "would both be"),
        (KERAS_3, {"score/": "a/score/"}, "Keras 3 allows no / in a layer's name"),
        (WEIGHTS, {"score/kernel": "score/bias"}, "would both be score/score/bias:0"),
    ],
)
def test_what_is_no_change_of_names_is_refused(
    tmp_path: Path, sample: str, changes: dict[str, str], problem: str
) -> None:
    with pytest.raises(UnsupportedError, match=problem):
        by_names(tmp_path, sample, changes)


def test_the_optimizer_is_dropped_whole(tmp_path: Path) -> None:
    subjects = h5_writer.subjects(load(str(SAMPLES / FUNCTIONAL)))
    slots = [subject.name for subject in subjects if subject.kind == "slot"]
    expected = contents(by_names(tmp_path, FUNCTIONAL, {"encoder/": "enc/"}))
    kept = {k: v for k, v in expected.items() if k.split("/")[0] != "optimizer_weights"}
    out = by_names(tmp_path, FUNCTIONAL, {"encoder/": "enc/"}, *slots)
    assert contents(out) == kept
    assert os.path.getsize(out) < 0.6 * os.path.getsize(SAMPLES / FUNCTIONAL)
    with pytest.raises(UnsupportedError, match=r"all of an optimizer's state or none.*iteration"):
        by_names(tmp_path, FUNCTIONAL, {}, *(name for name in slots if name != "iteration"))


def test_layers_are_dropped_whole_and_from_weights_only(tmp_path: Path) -> None:
    out = by_names(tmp_path, WEIGHTS, {"block_1/": "b/"}, "score/kernel", "score/bias")
    assert strings(out, "/", "layer_names") == [
        "block_0",
        "b",
        *(f"block_{n}" for n in (2, 3, 4, 5)),
    ]
    assert "score" not in contents(out)
    with pytest.raises(UnsupportedError, match="all weights of a layer or none"):
        by_names(tmp_path, WEIGHTS, {}, "score/kernel")
    with pytest.raises(UnsupportedError, match="does not load the model without it"):
        by_names(tmp_path, FUNCTIONAL, {}, "score/kernel", "score/bias")


def test_outputs_by_name_in_the_training_config(tmp_path: Path) -> None:
    path = tmp_path / "two.h5"
    layers = [
        {"class_name": "InputLayer", "config": {"name": "i"}, "name": "i", "inbound_nodes": []},
        *(
            {
                "class_name": "Dense",
                "config": {"name": name},
                "name": name,
                "inbound_nodes": [[["i", 0, 0, {}]]],
            }
            for name in ("out", "aux")
        ),
    ]
    settings = {"layers": layers, "output_layers": [["out", 0, 0], ["aux", 0, 0]]}
    loss = {"out": "mse", "aux": "out"}
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps({"class_name": "Model", "config": settings})
        file.attrs["training_config"] = json.dumps({"loss": loss, "metrics": {"aux": ["out"]}})
        weights = file.create_group("model_weights")
        weights.attrs["layer_names"] = ["i", "out", "aux"]
    out = renamed(h5_writer, path, tmp_path / "o.h5", {"out/": "head/", "aux/": "out/"})
    assert config(out)["config"]["output_layers"] == [["head", 0, 0], ["out", 0, 0]]
    assert config(out, "training_config") == {
        "loss": {"head": "mse", "out": "out"},
        "metrics": {"out": ["out"]},
    }


def test_weights_of_keras_1_have_the_layer_in_their_names(tmp_path: Path) -> None:
    path = tmp_path / "old.h5"
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = np.array([b"dense_1"])
        group = file.create_group("dense_1")
        group.attrs["weight_names"] = np.array([b"dense_1_W", b"dense_1_b"])
        group["dense_1_W"] = np.zeros((2, 2))
        group["dense_1_b"] = np.zeros(2)
    rules = moves(h5_writer, path, ("dense_1/", "encoder/"))
    out = renamed(h5_writer, path, tmp_path / "new.h5", rules)
    assert {"encoder/encoder_W", "encoder/encoder_b"} < set(contents(out))
    with h5py.File(out) as file:
        assert file["encoder"].attrs["weight_names"].tolist() == [b"encoder_W", b"encoder_b"]


def test_keras_0_has_no_names(tmp_path: Path) -> None:
    path = tmp_path / "old.h5"
    with h5py.File(path, "w") as file:
        file.attrs["nb_layers"] = 1
        file["layer_0/param_0"] = np.zeros(3)
    with pytest.raises(UnsupportedError, match="only numbers"):
        h5_writer.subjects(load(str(path)))


def test_names_beyond_ascii(tmp_path: Path) -> None:
    out = by_rules(tmp_path, FUNCTIONAL, ("shared/", "größe/"))
    assert "größe/kernel" in {v.path for v in load(out).variables}
    assert strings(out, "model_weights", "layer_names")[4] == "größe"
    back = moves(h5_writer, out, ("größe/", "shared/"))
    again = renamed(h5_writer, out, tmp_path / "back.h5", back)
    assert {v.path for v in load(again).variables} == {
        v.path for v in load(str(SAMPLES / FUNCTIONAL)).variables
    }
