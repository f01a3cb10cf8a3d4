from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest

from scopecli.binary.source import Source
from scopecli.formats.hdf5 import structure as hdf5_structure
from scopecli.formats.keras import config as keras_config
from scopecli.formats.keras import h5
from scopecli.formats.keras.h5 import Owners
from scopecli.formats.keras.model import placed
from tests.models import by_key
from tests.samples import SAMPLES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from scopecli.model.model import Model

    Layers = Mapping[str, Sequence[str]]


def write_layers(holder: h5py.Group, layers: Layers) -> None:
    holder.attrs["layer_names"] = [name.encode() for name in layers]
    for layer, weights in layers.items():
        group = holder.create_group(layer)
        group.attrs["weight_names"] = [weight.encode() for weight in weights]
        for weight in weights:
            group[weight] = np.zeros((2, 3), "f4")


def weights_file(path: Path, layers: Layers) -> Model:
    with h5py.File(path / "w.h5", "w") as file:
        write_layers(file, layers)
    return h5.read(str(path / "w.h5"))


def whole_file(
    path: Path,
    layers: Layers,
    config: Sequence[dict[str, Any]] | str,
    optimizer: Mapping[str, Any] | None = None,
) -> Model:
    with h5py.File(path / "m.h5", "w") as file:
        document = {"class_name": "Functional", "config": {"name": "m", "layers": config}}
        file.attrs["model_config"] = config if isinstance(config, str) else json.dumps(document)
        file.attrs["training_config"] = json.dumps({"optimizer_config": {"class_name": "Adam"}})
        file.attrs["keras_version"] = b"2.3.1"
        write_layers(file.create_group("model_weights"), layers)
        if optimizer:
            group = file.create_group("optimizer_weights")
            group.attrs["weight_names"] = [name.encode() for name in optimizer]
            for name, value in optimizer.items():
                group[name] = value
    return h5.read(str(path / "m.h5"))


def layer(class_name: str, name: str, **config: Any) -> dict[str, Any]:
    return {"class_name": class_name, "name": name, "config": {"name": name, **config}}


def names(model: Model, collection: str) -> list[str]:
    variables = by_key(model)
    return [variables[key].name for key in model.collections[collection].members]


def test_names_come_from_weight_names(tmp_path: Path) -> None:
    model = weights_file(
        tmp_path, {"dense_1": ["dense_1/kernel:0", "dense_1/bias:0"], "old": ["old_W", "old_b"]}
    )
    assert {v.key: (v.name, v.path, v.trainable) for v in model.variables} == {
        "dense_1/dense_1/bias:0": ("dense_1/bias", "dense_1/bias", None),
        "dense_1/dense_1/kernel:0": ("dense_1/kernel", "dense_1/kernel", None),
        "old/old_W": ("old/old_W", "old/old_W", None),
        "old/old_b": ("old/old_b", "old/old_b", None),
    }
    assert model.collections == {}
    assert model.metadata["has_config"] is False


@pytest.mark.parametrize(
    ("group", "weight", "path"),
    [
        ("encoder", "d1/kernel:0", "encoder/d1/kernel"),
        ("batch_normalization_1", "batch_normalization_1_1/beta:0", "batch_normalization_1_1/beta"),
        ("dense", "dense_4/kernel:0", "dense_4/kernel"),
        ("dense", "net/dense/kernel:0", "net/dense/kernel"),
        ("conv1/bn", "conv1/bn/gamma:0", "conv1/bn/gamma"),
    ],
)
def test_without_config_a_group_of_other_names_is_a_model(
    tmp_path: Path, group: str, weight: str, path: str
) -> None:
    (variable,) = weights_file(tmp_path, {group: [weight]}).variables
    assert variable.name == weight.removesuffix(":0")
    assert variable.path == path


@pytest.mark.parametrize(
    ("name", "parent", "path"),
    [
        ("d/kernel", "", "d/kernel"),
        ("d/kernel", "enc", "enc/d/kernel"),
        ("enc/d/kernel", "enc", "enc/d/kernel"),
        ("b/d/kernel", "a/b", "a/b/d/kernel"),
        ("a/b/d/kernel", "a/b", "a/b/d/kernel"),
        ("td/kernel", "td", "td/kernel"),
        ("bd/kernel", "a/b", "a/b/bd/kernel"),
    ],
)
def test_a_parent_is_never_said_twice(name: str, parent: str, path: str) -> None:
    assert placed(name, parent) == path


def test_nested_models_wrappers_and_frozen_layers(tmp_path: Path) -> None:
    inner = [layer("Dense", "d1"), layer("BatchNormalization", "bn"), layer("Dense", "d2")]
    weights = ["d1/kernel:0", "bn_1/gamma:0", "d2/kernel:0", "bn_1/moving_mean:0"]
    model = whole_file(
        tmp_path,
        {
            "enc": weights,
            "both": ["both/forward_lstm/lstm_cell/kernel:0"],
            "td": ["td/kernel:0"],
            "frozen": ["frozen/kernel:0"],
        },
        [
            layer("Functional", "enc", layers=inner),
            layer("Bidirectional", "both", layer=layer("LSTM", "lstm")),
            layer("TimeDistributed", "td", layer=layer("Dense", "dense")),
            layer("Dense", "frozen", trainable=False),
        ],
    )
    found = {v.name: (v.path, v.attributes["layer"], v.trainable) for v in model.variables}
    assert found == {
        "d1/kernel": ("enc/d1/kernel", "enc/d1", True),
        "d2/kernel": ("enc/d2/kernel", "enc/d2", True),
        "bn_1/gamma": ("enc/bn_1/gamma", "enc/bn", True),
        "bn_1/moving_mean": ("enc/bn_1/moving_mean", "enc/bn", False),
        "both/forward_lstm/lstm_cell/kernel": (
            "both/forward_lstm/lstm_cell/kernel",
            "both/forward_lstm",
            True,
        ),
        "td/kernel": ("td/kernel", "td/dense", True),
        "frozen/kernel": ("frozen/kernel", "frozen", False),
    }
    # The file has a model's trainable weights first; `model.weights` goes layer by layer.
    assert names(model, "variables")[:4] == [
        "d1/kernel",
        "bn_1/gamma",
        "bn_1/moving_mean",
        "d2/kernel",
    ]
    assert names(model, "non_trainable_variables") == ["bn_1/moving_mean", "frozen/kernel"]
    assert names(model, "moving_average_variables") == ["bn_1/moving_mean"]
    assert "regularization_losses" not in model.collections


@pytest.mark.parametrize("prefix", ["", "enc/"])
def test_layers_in_a_model_that_differ_in_a_number(tmp_path: Path, prefix: str) -> None:
    inner = [layer("Dense", "dense", trainable=False), layer("Dense", "dense_1")]
    weights = [f"{prefix}{name}/kernel:0" for name in ("dense", "dense_1")]
    model = whole_file(tmp_path, {"enc": weights}, [layer("Sequential", "enc", layers=inner)])
    assert {v.path: (v.attributes["layer"], v.trainable) for v in model.variables} == {
        "enc/dense/kernel": ("enc/dense", False),
        "enc/dense_1/kernel": ("enc/dense_1", True),
    }


@pytest.mark.parametrize("name", ["/a" * 20_000, "_" * 1_000_000])
def test_a_name_of_very_many_parts_is_looked_up_at_once(name: str) -> None:
    layers = keras_config.walk({"config": {"layers": [layer("Dense", "d"), layer("Dense", "e")]}})
    owner = Owners(layers.layers, "").of(f"d{name}")
    assert owner is not None
    assert owner.name == "d"


def test_a_regularizer_is_for_its_own_weight(tmp_path: Path) -> None:
    l2 = {"class_name": "L2", "config": {"l2": 0.1}}
    model = whole_file(
        tmp_path,
        {
            "a": ["a/kernel:0", "a/bias:0"],
            "b": ["b/kernel:0", "b/bias:0"],
            "g": ["g/gru_cell/kernel:0", "g/gru_cell/recurrent_kernel:0", "g/gru_cell/bias:0"],
            "old": ["old_W", "old_b"],
        },
        [
            layer("Dense", "a", kernel_regularizer=l2, bias_regularizer=None),
            layer("Dense", "b", kernel_regularizer=None, bias_regularizer=l2),
            layer("GRU", "g", recurrent_regularizer=l2),
            layer("Dense", "old", W_regularizer={"name": "WeightRegularizer", "l2": 0.1}),
        ],
    )
    assert names(model, "regularization_losses") == [
        "a/kernel",
        "b/bias",
        "g/gru_cell/recurrent_kernel",
        "old/old_W",
    ]


@pytest.mark.parametrize(
    ("slot", "slot_name"),
    [
        ("Adam/dense/kernel/m:0", "m"),
        ("Adam/v/dense/kernel:0", "v"),
        ("training/Adam/dense/kernel/m:0", "m"),
        ("adam/dense_kernel_velocity", "velocity"),
        ("rmsprop/dense_kernel_average_gradient", "average_gradient"),
    ],
)
def test_slots_are_led_to_their_weights(tmp_path: Path, slot: str, slot_name: str) -> None:
    state = {
        slot: np.zeros((2, 3), "f4"),
        "Adam/iterations:0": np.int64(3),
        "other/Variable_1:0": np.zeros(3, "f4"),
        "unknown:0": np.float32(0),
    }
    weights = {"dense": ["dense/kernel:0"]}
    model = whole_file(tmp_path, weights, [layer("Dense", "dense")], state)
    found = by_key(model)
    variable = found[f"optimizer_weights/{slot}"]
    assert variable.kind == "slot"
    assert variable.name == slot.removesuffix(":0")
    assert variable.attributes["slot_of"] == "model_weights/dense/dense/kernel:0"
    assert variable.attributes["slot_name"] == slot_name
    kinds = {v.name: v.kind for v in model.variables if "slot_of" not in v.attributes}
    assert kinds == {
        "dense/kernel": "variable",
        "Adam/iterations": "bookkeeping",
        "other/Variable_1": "slot",
        "unknown": "bookkeeping",
    }


def test_a_flattened_name_that_two_weights_share_leads_nowhere(tmp_path: Path) -> None:
    model = whole_file(
        tmp_path,
        {"a": ["a/b_c:0"], "a_b": ["a_b/c:0"]},
        [layer("X", "a"), layer("X", "a_b")],
        {"adam/a_b_c_momentum": np.zeros((2, 3), "f4")},
    )
    (slot,) = [v for v in model.variables if v.kind == "slot"]
    assert "slot_of" not in slot.attributes


def test_keras_0_has_no_names(tmp_path: Path) -> None:
    path = str(tmp_path / "old.h5")
    with h5py.File(path, "w") as file:
        file.attrs["nb_layers"] = 2
        group = file.create_group("layer_0")
        group.attrs["nb_params"] = 1
        group["param_0"] = np.zeros((2, 2), "f4")
    with Source(path) as source:
        assert hdf5_structure.identify(source) == "keras-h5"
    (variable,) = h5.read(path).variables
    assert variable.name == variable.key == "layer_0/param_0"


def test_datasets_without_a_name_are_kept_and_names_without_one_noted(tmp_path: Path) -> None:
    path = str(tmp_path / "x.h5")
    with h5py.File(path, "w") as file:
        write_layers(file, {"dense": ["dense/kernel:0"]})
        file["stray/data"] = np.zeros(3)
        file["dense"].attrs["weight_names"] = [b"dense/kernel:0", b"missing:0"]
    model = h5.read(path)
    assert {v.key: v.name for v in model.variables} == {
        "dense/dense/kernel:0": "dense/kernel",
        "stray/data": "stray/data",
    }
    assert [(note.code, note.subject) for note in model.notes] == [
        ("missing-weight", "dense/missing:0")
    ]


@pytest.mark.parametrize("config", ["{", "[]", "[" * 5000, '"x"', "null"])
def test_a_config_that_is_no_json_object_is_noted(tmp_path: Path, config: str) -> None:
    model = whole_file(tmp_path, {"d": ["d/kernel:0"]}, config)
    assert [note.code for note in model.notes] == ["bad-config"]
    assert [v.name for v in model.variables] == ["d/kernel"]
    assert model.collections == {}


def test_layers_that_the_config_does_not_have(tmp_path: Path) -> None:
    model = whole_file(tmp_path, {"d": ["d/kernel:0"]}, [layer("Dense", "other")])
    (variable,) = model.variables
    assert variable.trainable is None
    assert "layer" not in variable.attributes
    assert names(model, "variables") == ["d/kernel"]
    assert names(model, "trainable_variables") == []


def test_attributes_of_other_types_are_as_good_as_absent(tmp_path: Path) -> None:
    path = str(tmp_path / "x.h5")
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = np.arange(3)
        file.attrs["model_config"] = 3.5
        file.attrs["training_config"] = "[]"
        file["x"] = 1.0
    model = h5.read(path)
    assert [v.key for v in model.variables] == ["x"]
    assert model.metadata == {"has_config": False}


def test_the_functional_sample() -> None:
    model = h5.read(str(SAMPLES / "keras2_functional.h5"))
    paths = {v.path for v in model.variables if v.kind == "variable"}
    assert "shared/kernel" in paths
    assert any(path.startswith("encoder/") for path in paths)
    assert [reuse.scope for reuse in model.reuse] == ["shared"]
    assert model.metadata["keras_version"] == "2.21.0"
    slots = [v for v in model.variables if v.kind == "slot"]
    assert slots
    assert all(v.attributes["slot_name"] in {"m", "v"} for v in slots)
    owners = {v.attributes["slot_of"] for v in slots}
    assert owners == set(model.collections["trainable_variables"].members)
    assert [(layer.name, len(layer.weights)) for layer in model.layer_weights] == [
        ("sequence", 0),
        ("per_step", 2),
        ("both_ways", 6),
        ("encoder", 6),
        ("shared", 2),
        ("frozen", 2),
        ("score", 2),
        ("", 0),  # of the model itself
    ]
    assert model.layer_weights[4].weights == (
        "model_weights/shared/shared/kernel:0",
        "model_weights/shared/shared/bias:0",
    )


def test_split_attributes_are_put_together() -> None:
    model = h5.read(str(SAMPLES / "keras2_split_attributes.h5"))
    with h5py.File(model.path) as file:
        assert "layer_names" not in file.attrs
    assert all(v.name != v.key and not v.name.endswith(":0") for v in model.variables)
