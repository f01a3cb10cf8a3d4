from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING, Any

import h5py
import ml_dtypes
import numpy as np
import pytest

from scopecli.analysis import values
from scopecli.binary.source import Source
from scopecli.errors import DamagedFileError, NotAModelError, ScopecliError, UnsupportedError
from scopecli.formats import zip_archive
from scopecli.formats.hdf5 import structure as hdf5_structure
from scopecli.formats.keras import v3, weights_h5
from tests.samples import SAMPLES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from scopecli.model.model import Model

    Weights = Mapping[str, tuple[str | None, int]]


def write_weights(path: Path, objects: Weights) -> Path:
    """A weights file: for each object its name, where it is written, and its variables' number."""
    file_path = path / "model.weights.h5"
    with h5py.File(file_path, "w") as file:
        for place, (name, count) in objects.items():
            group = file.create_group(f"{place}/vars" if place else "vars")
            if name is not None:
                group.attrs["name"] = name
            for number in range(count):
                group[str(number)] = np.full((2, number + 1), number, "f4")
    return file_path


def archive(
    path: Path,
    objects: Weights,
    layers: Sequence[dict[str, Any]],
    method: int = zipfile.ZIP_STORED,
) -> str:
    weights = write_weights(path, objects)
    config = {"class_name": "Functional", "config": {"name": "m", "layers": layers}}
    file_path = str(path / "m.keras")
    with zipfile.ZipFile(file_path, "w", method) as writer:
        writer.writestr("metadata.json", json.dumps({"keras_version": "3.1.0", "date_saved": 1}))
        writer.writestr("config.json", json.dumps(config))
        writer.write(weights, "model.weights.h5")
    return file_path


def layer(class_name: str, name: str, **config: Any) -> dict[str, Any]:
    return {"class_name": class_name, "config": {"name": name, **config}}


def names(model: Model) -> dict[str, str]:
    return {v.key: v.name for v in model.variables}


def test_names_come_from_vars_where_written(tmp_path: Path) -> None:
    weights = write_weights(
        tmp_path,
        {
            "layers/dense": ("head", 2),
            "layers/dense_1": ("tail", 1),
            "layers/functional": ("enc", 0),
            "layers/functional/layers/conv2d": ("stem", 2),
            "layers/bidirectional": ("both", 0),
            "layers/bidirectional/forward_layer": ("forward_lstm", 0),
            "layers/bidirectional/forward_layer/cell": ("lstm_cell", 3),
            "layers/my_layer": ("mine", 2),
        },
    )
    model = weights_h5.read(str(weights))
    assert names(model) == {
        "layers/bidirectional/forward_layer/cell/vars/0": "both/forward_lstm/lstm_cell/kernel",
        "layers/bidirectional/forward_layer/cell/vars/1": (
            "both/forward_lstm/lstm_cell/recurrent_kernel"
        ),
        "layers/bidirectional/forward_layer/cell/vars/2": "both/forward_lstm/lstm_cell/bias",
        "layers/dense/vars/0": "head/kernel",
        "layers/dense/vars/1": "head/bias",
        "layers/dense_1/vars/0": "tail/kernel",
        "layers/functional/layers/conv2d/vars/0": "stem/kernel",
        "layers/functional/layers/conv2d/vars/1": "stem/bias",
        "layers/my_layer/vars/0": "mine/0",
        "layers/my_layer/vars/1": "mine/1",
    }
    stem = next(v for v in model.variables if v.name.startswith("stem/"))
    assert stem.path.startswith("enc/stem/")
    assert model.collections == {}


def test_names_come_from_the_config_where_vars_has_none(tmp_path: Path) -> None:
    inner = [layer("Dense", "d1"), layer("BatchNormalization", "bn", center=False)]
    path = archive(
        tmp_path,
        {
            "layers/dense": (None, 1),
            "layers/dense_1": (None, 2),
            "layers/functional": (None, 0),
            "layers/functional/layers/dense": (None, 2),
            "layers/functional/layers/batch_normalization": (None, 3),
            "layers/time_distributed": (None, 0),
            "layers/time_distributed/layer": (None, 2),
        },
        [
            layer("InputLayer", "in"),
            layer("Dense", "first", use_bias=False),
            layer("Functional", "enc", layers=inner),
            layer("Dense", "second", trainable=False),
            layer("TimeDistributed", "td", layer=layer("Dense", "step")),
        ],
    )
    model = v3.read(path)
    by_path = {v.path: v for v in model.variables}
    assert list(by_path) == [
        "first/kernel",
        "second/kernel",
        "second/bias",
        "enc/bn/gamma",
        "enc/bn/moving_mean",
        "enc/bn/moving_variance",
        "enc/d1/kernel",
        "enc/d1/bias",
        "td/step/kernel",
        "td/step/bias",
    ]
    assert by_path["enc/bn/gamma"].name == "bn/gamma"
    assert by_path["enc/bn/gamma"].attributes["layer"] == "enc/bn"
    assert by_path["enc/bn/gamma"].attributes["layer_class"] == "BatchNormalization"
    assert [v.trainable for v in model.variables][:6] == [True, False, False, True, False, False]
    paths = {v.key: v.path for v in model.variables}
    assert [paths[key] for key in model.collections["variables"].members] == [
        "first/kernel",
        "enc/d1/kernel",
        "enc/d1/bias",
        "enc/bn/gamma",
        "enc/bn/moving_mean",
        "enc/bn/moving_variance",
        "second/kernel",
        "second/bias",
        "td/step/kernel",
        "td/step/bias",
    ]


def test_a_count_that_the_table_does_not_have_keeps_the_numbers(tmp_path: Path) -> None:
    path = archive(tmp_path, {"layers/dense": ("d", 3)}, [layer("Dense", "d")])
    assert sorted(names(v3.read(path)).values()) == ["d/0", "d/1", "d/2"]


def test_entries_that_are_no_numbers_keep_their_names(tmp_path: Path) -> None:
    weights = write_weights(tmp_path, {"layers/dense": ("d", 1)})
    with h5py.File(weights, "a") as file:
        file["layers/dense/vars/extra"] = 1.0
    assert sorted(names(weights_h5.read(str(weights))).values()) == ["d/0", "d/extra"]


def test_ten_and_more_variables_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    path = archive(tmp_path, {"layers/mine": ("d", 12)}, [layer("Mine", "d")])
    model = v3.read(path)
    keys = names(model)
    assert [keys[key] for key in model.collections["variables"].members] == [
        f"d/{number}" for number in range(12)
    ]


def test_the_optimizer(tmp_path: Path) -> None:
    weights = write_weights(tmp_path, {"layers/dense": ("d", 2), "optimizer": ("adam", 0)})
    with h5py.File(weights, "a") as file:
        state = file["optimizer/vars"]
        state["0"], state["1"], state["2"] = np.int64(1), np.float32(1), np.zeros((2, 1), "f4")
    model = weights_h5.read(str(weights))
    assert {v.name: v.kind for v in model.variables if v.key.startswith("optimizer")} == {
        "adam/iteration": "bookkeeping",
        "adam/learning_rate": "bookkeeping",
        "adam/2": "slot",
    }


def test_an_archive_of_keras_2(tmp_path: Path) -> None:
    path = archive(
        tmp_path,
        {
            "_layer_checkpoint_dependencies/gru/cell": (None, 3),
            "_layer_checkpoint_dependencies/gru": (None, 0),
            "metrics/mean": (None, 2),
        },
        [layer("GRU", "g")],
    )
    model = v3.read(path)
    assert {v.name: v.kind for v in model.variables} == {
        "g/gru_cell/kernel": "variable",
        "g/gru_cell/recurrent_kernel": "variable",
        "g/gru_cell/bias": "variable",
        "metrics/mean/0": "bookkeeping",
        "metrics/mean/1": "bookkeeping",
    }
    assert len(model.collections["variables"].members) == 3


def test_a_custom_model_has_no_collections(tmp_path: Path) -> None:
    model = v3.read(archive(tmp_path, {"blocks/dense": (None, 2)}, []))
    assert [v.name for v in model.variables] == ["dense/kernel", "dense/bias"]
    assert model.collections == {}
    assert model.layer_weights == ()


def test_layers_have_their_trainable_weights_first(tmp_path: Path) -> None:
    inner = [layer("BatchNormalization", "bn"), layer("Dense", "deep")]
    layers = [
        layer("InputLayer", "in"),
        layer("Sequential", "inside", layers=inner),
        layer("Dense", "head"),
    ]
    places: dict[str, tuple[str | None, int]] = {
        "layers/dense": (None, 2),
        "layers/sequential": (None, 0),
        "layers/sequential/layers/batch_normalization": (None, 4),
        "layers/sequential/layers/dense": (None, 2),
    }
    model = v3.read(archive(tmp_path, places, layers))
    by_key = names(model)
    assert [
        (layer.name, [by_key[key] for key in layer.weights]) for layer in model.layer_weights
    ] == [
        ("in", []),
        (
            "inside",
            [
                "bn/gamma",
                "bn/beta",
                "deep/kernel",
                "deep/bias",
                "bn/moving_mean",
                "bn/moving_variance",
            ],
        ),
        ("head", ["head/kernel", "head/bias"]),
    ]


def test_attributes_and_lists_of_a_subclassed_model(tmp_path: Path) -> None:
    weights = write_weights(
        tmp_path,
        {
            "": ("net", 1),
            "head": ("the_head", 2),
            "blocks/dense": ("block", 2),
            "drop/seed_generator": ("seed_generator", 1),
        },
    )
    assert names(weights_h5.read(str(weights))) == {
        "blocks/dense/vars/0": "block/kernel",
        "blocks/dense/vars/1": "block/bias",
        "drop/seed_generator/vars/0": "seed_generator/seed_generator_state",
        "head/vars/0": "the_head/0",
        "head/vars/1": "the_head/1",
        "vars/0": "0",
    }


@pytest.mark.parametrize("libver", ["earliest", "latest"])
def test_bfloat16_is_told_by_an_attribute(tmp_path: Path, libver: str) -> None:
    """The newest layout with many objects in a group is read through h5py."""
    path = str(tmp_path / "m.weights.h5")
    numbers = np.array([1.5, -2.0, 3.0], ml_dtypes.bfloat16)
    with h5py.File(path, "w", libver=libver) as file:
        stored = file.create_group("layers/dense/vars")
        for number in range(12):
            stored.create_dataset(str(number), data=numbers.view("V2"))
            if number != 1:
                stored[str(number)].attrs["dtype"] = "bfloat16" if number else "other"
        stored.create_dataset("12", data=np.zeros(3, "V4")).attrs["dtype"] = "bfloat16"
    model = weights_h5.read(path)
    dtypes = {v.key.rpartition("/")[2]: v.dtype for v in model.variables}
    assert [key for key, dtype in dtypes.items() if dtype == "opaque"] == ["0", "1", "12"]
    assert set(dtypes.values()) == {"opaque", "bfloat16"}
    last = next(v for v in model.variables if v.key.endswith("/11"))
    assert values.preview(model, last).tolist() == [1.5, -2.0, 3.0]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_values_are_read_from_the_archive(tmp_path: Path, method: int) -> None:
    path = archive(tmp_path, {"layers/dense": ("d", 2)}, [layer("Dense", "d")], method)
    with Source(path) as source:
        assert zip_archive.identify(source) == "keras-v3"
    model = v3.read(path)
    (bias,) = [v for v in model.variables if v.name == "d/bias"]
    assert model.tensors is not None
    assert model.tensors.read(bias, 1, 2) == np.ones(2, "<f4").tobytes()
    assert bias.storage is not None
    assert bias.storage.shard == "m.keras"
    if method == zipfile.ZIP_STORED:
        with open(path, "rb") as file:
            assert bias.storage.offset is not None
            file.seek(bias.storage.offset)
            assert file.read(bias.storage.length) == np.ones(4, "<f4").tobytes()
    else:
        assert bias.storage.offset is None


def test_metadata(tmp_path: Path) -> None:
    model = v3.read(archive(tmp_path, {}, [layer("Dense", "d")]))
    assert model.metadata == {
        "keras_version": "3.1.0",
        "has_config": True,
        "layers": 1,
        "class_name": "Functional",
        "model_name": "m",
    }


def test_an_archive_without_weights_or_config_is_noted(tmp_path: Path) -> None:
    path = str(tmp_path / "x.keras")
    with zipfile.ZipFile(path, "w") as writer:
        writer.writestr("config.json", "[1]")
        writer.writestr("metadata.json", "{}")
    model = v3.read(path)
    assert [note.code for note in model.notes] == ["bad-config", "no-weights"]
    assert model.variables == ()
    assert model.tensors is None


def test_two_members_of_one_name_are_refused() -> None:
    path = str(SAMPLES / "broken/duplicate_member.keras")
    with pytest.raises(DamagedFileError, match=r"two members called model\.weights\.h5"):
        v3.read(path)


def test_pickled_weights_are_refused() -> None:
    with pytest.raises(UnsupportedError, match="pickled"):
        v3.read(str(SAMPLES / "keras3_npz.keras"))


@pytest.mark.parametrize(
    ("members", "error", "words"),
    [
        (["a.np", "b.txt"], NotAModelError, r"zip archive of a\.np, b\.txt"),
        (["readme.txt", "x/y"], NotAModelError, r"zip archive of readme\.txt, x/y"),
        ([], NotAModelError, "zip archive of nothing"),
        ([f"f{i}" for i in range(9)], NotAModelError, "and 4 more"),
    ],
)
def test_other_archives_are_named(
    tmp_path: Path, members: list[str], error: type[ScopecliError], words: str
) -> None:
    path = str(tmp_path / "x.zip")
    with zipfile.ZipFile(path, "w") as writer:
        for member in members:
            writer.writestr(member, b"")
    with Source(path) as source, pytest.raises(error, match=words):
        zip_archive.identify(source)


@pytest.mark.parametrize("sample", ["keras3_functional.keras", "keras3_model.weights.h5"])
def test_the_samples_have_keras_names(sample: str) -> None:
    path = str(SAMPLES / sample)
    reader = v3 if sample.endswith(".keras") else weights_h5
    model = reader.read(path)
    found = {v.path for v in model.variables if v.kind == "variable"}
    assert {"shared/kernel", "shared/bias"} <= found
    assert any(path.startswith("encoder/") for path in found)
    numbered = [path for path in found if path.rpartition("/")[2].isdigit()]
    assert bool(numbered) == sample.endswith(".weights.h5")


def test_a_weights_file_is_told_from_other_hdf5() -> None:
    for sample, expected in (
        ("keras3_model.weights.h5", "keras-weights-h5"),
        ("keras2_weights.h5", "keras-h5"),
        ("keras3_legacy.h5", "keras-h5"),
        ("plain.h5", "hdf5"),
    ):
        with Source(str(SAMPLES / sample)) as source:
            assert hdf5_structure.identify(source) == expected
