"""Held against Keras itself: names, trainable lists, values, and the table of variable names.

Keras 3 and tf_keras (Keras 2) are needed: `pip install scopecli[oracle]`.
"""

from __future__ import annotations

import os
import zlib
from typing import TYPE_CHECKING, Any

import h5py
import ml_dtypes
import numpy as np
import pytest

from scopecli.formats.keras import h5, v3, weights_h5
from scopecli.formats.keras import names as keras_names
from scopecli.formats.opening import load
from tests.oracle.keras_models import KERAS_3, frozen_inside, functional, needs_keras_3

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
pytest.importorskip("tensorflow", reason="the oracle extra is not installed")
tf_keras = pytest.importorskip("tf_keras", reason="the oracle extra is not installed")
keras = pytest.importorskip("keras", reason="the oracle extra is not installed")

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from scopecli.model.model import Model

pytestmark = pytest.mark.filterwarnings("ignore")


def numbered_inside(k: Any) -> Any:
    """A model in a model whose layers have the names that Keras gives them, one of them frozen."""
    inner = k.Sequential([k.Input((3,)), k.layers.Dense(4), k.layers.Dense(2)], name="encoder")
    inner.layers[0].trainable = False
    inputs = k.Input((3,))
    return k.Model(inputs, k.layers.Dense(1)(inner(inputs)))


MODELS: list[Callable[[Any], Any]] = [functional, frozen_inside, numbered_inside]


def trained(k: Any, make: Callable[[Any], Any]) -> Any:
    model = make(k)
    model.compile(k.optimizers.Adam(), "mse")
    shapes = [tuple(n or 2 for n in tensor.shape) for tensor in model.inputs]
    outputs = np.zeros([n or 2 for n in model.outputs[0].shape])
    model.fit([np.random.rand(*shape) for shape in shapes], outputs, verbose=0)
    return model


def checksums(model: Model) -> dict[str, int]:
    """By key, of the values that our reader gives."""
    assert model.tensors is not None
    return {v.key: zlib.crc32(model.tensors.read(v, 0, v.params)) for v in model.variables}


def h5py_facts(path: Any) -> dict[str, tuple[tuple[int, ...], str, int]]:
    found = {}

    def visit(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            found[name] = (item.shape, str(item.dtype), zlib.crc32(item[()].tobytes()))

    with h5py.File(path) as file:
        file.visititems(visit)
    return found


def held_against_h5py(model: Model, path: Any) -> None:
    sums = checksums(model)
    assert {v.key: (v.shape, v.dtype, sums[v.key]) for v in model.variables} == h5py_facts(path)


def names(model: Model, collection: str) -> list[str]:
    by_key = {v.key: v.name for v in model.variables}
    return [by_key[key] for key in model.collections[collection].members]


def plain(weights: Sequence[Any]) -> list[str]:
    return [weight.name.removesuffix(":0") for weight in weights]


@pytest.mark.parametrize("make", MODELS)
def test_a_keras_2_model_is_what_keras_2_says(make: Callable[[Any], Any], tmp_path: Path) -> None:
    model = trained(tf_keras, make)
    path = str(tmp_path / "m.h5")
    model.save(path)
    ours = h5.read(path)
    held_against_h5py(ours, path)
    assert names(ours, "variables") == plain(model.weights)
    assert names(ours, "trainable_variables") == plain(model.trainable_weights)
    assert set(names(ours, "non_trainable_variables")) == set(plain(model.non_trainable_weights))
    sums = checksums(ours)
    keys = ours.collections["variables"].members
    assert [sums[key] for key in keys] == [zlib.crc32(w.numpy().tobytes()) for w in model.weights]


def test_regularizers_moving_averages_and_reuse_of_keras_2(tmp_path: Path) -> None:
    model = trained(tf_keras, functional)
    path = str(tmp_path / "m.h5")
    model.save(path)
    ours = h5.read(path)
    assert names(ours, "regularization_losses") == ["d1/kernel", "shared/bias"]
    assert len(model.losses) == 2
    assert names(ours, "moving_average_variables") == [
        name for name in plain(model.weights) if "moving_" in name
    ]
    called = {layer.name for layer in model.layers if len(layer.inbound_nodes) > 1}
    # A nested model has a node more, from when it was built.
    assert {reuse.scope for reuse in ours.reuse} == called == {"encoder", "shared"}


@pytest.mark.parametrize("legacy", [False, True])
def test_every_slot_of_adam_is_led_to_its_variable(legacy: bool, tmp_path: Path) -> None:
    model = functional(tf_keras)
    optimizers = tf_keras.optimizers.legacy if legacy else tf_keras.optimizers
    model.compile(optimizers.Adam(), "mse")
    model.fit([np.zeros((2, 4)), np.zeros((2, 4))], np.zeros((2, 1)), verbose=0)
    path = str(tmp_path / "m.h5")
    model.save(path)
    ours = h5.read(path)
    slots = [v for v in ours.variables if v.kind == "slot"]
    trainable = ours.collections["trainable_variables"].members
    assert sorted((v.attributes["slot_of"], v.attributes["slot_name"]) for v in slots) == sorted(
        (key, slot) for key in trainable for slot in ("m", "v")
    )
    shapes = {v.key: v.shape for v in ours.variables}
    assert all(v.shape == shapes[str(v.attributes["slot_of"])] for v in slots)


def test_weights_of_keras_2_have_the_names_of_the_whole_model(tmp_path: Path) -> None:
    model = functional(tf_keras)
    path = str(tmp_path / "w.h5")
    model.save_weights(path)
    ours = h5.read(path)
    held_against_h5py(ours, path)
    assert sorted(v.name for v in ours.variables) == sorted(plain(model.weights))
    assert {v.trainable for v in ours.variables} == {None}


@needs_keras_3
@pytest.mark.parametrize("make", MODELS)
def test_a_keras_archive_is_what_keras_3_says(make: Callable[[Any], Any], tmp_path: Path) -> None:
    model = trained(keras, make)
    path = str(tmp_path / "m.keras")
    model.save(path)
    weights_path = str(tmp_path / "m.weights.h5")
    model.save_weights(weights_path)
    ours = v3.read(path)
    facts = h5py_facts(weights_path)
    sums = checksums(ours)
    assert {v.key: (v.shape, v.dtype, sums[v.key]) for v in ours.variables} == facts

    # Keras's paths have the Sequential model a layer was built in, and no Functional one.
    for collection, theirs in (
        ("variables", model.weights),
        ("trainable_variables", model.trainable_weights),
    ):
        found = names(ours, collection)
        assert len(found) == len(theirs)
        for name, weight in zip(found, theirs, strict=True):
            assert f"/{weight.path}".endswith(f"/{name}")
    keys = ours.collections["variables"].members
    assert [sums[key] for key in keys] == [zlib.crc32(w.numpy().tobytes()) for w in model.weights]


@needs_keras_3
def test_weights_of_keras_3_have_the_names_of_the_archive(tmp_path: Path) -> None:
    model = functional(keras)
    model.save(str(tmp_path / "m.keras"))
    model.save_weights(str(tmp_path / "m.weights.h5"))
    whole = {v.key: v.path for v in v3.read(str(tmp_path / "m.keras")).variables}
    weights = weights_h5.read(str(tmp_path / "m.weights.h5"))
    # What is in a wrapper has a class only in the config.
    told = {v.key: v.path for v in weights.variables if not v.key.startswith("layers/time_dist")}
    assert told == {key: path for key, path in whole.items() if key in told}
    assert len(whole) - len(told) == 2


@needs_keras_3
@pytest.mark.parametrize("make", MODELS)
def test_the_legacy_format_of_keras_3(make: Callable[[Any], Any], tmp_path: Path) -> None:
    model = trained(keras, make)
    path = str(tmp_path / "m.h5")
    model.save(path)
    ours = h5.read(path)
    held_against_h5py(ours, path)
    assert names(ours, "variables") == [weight.path for weight in model.weights]
    assert names(ours, "trainable_variables") == [w.path for w in model.trainable_weights]
    slots = [v for v in ours.variables if v.kind == "slot"]
    trainable = ours.collections["trainable_variables"].members
    assert sorted((v.attributes["slot_of"], v.attributes["slot_name"]) for v in slots) == sorted(
        (key, slot) for key in trainable for slot in ("momentum", "velocity")
    )


def layers_of_the_table() -> Iterator[Any]:
    """Each class of the table, with its settings on and off, and an input shape."""
    if not KERAS_3:
        return
    make = keras.layers
    for bias in (True, False):
        yield make.Dense(2, use_bias=bias), (None, 3)
        yield make.EinsumDense("ab,bc->ac", 2, bias_axes="c" if bias else None), (None, 3)
        for rank in (1, 2, 3):
            shape = (None, *[8] * rank, 3)
            yield getattr(make, f"Conv{rank}D")(2, 3, use_bias=bias), shape
            yield getattr(make, f"Conv{rank}DTranspose")(2, 3, use_bias=bias), shape
        for rank in (1, 2):
            shape = (None, *[8] * rank, 3)
            yield getattr(make, f"DepthwiseConv{rank}D")(3, use_bias=bias), shape
            yield getattr(make, f"SeparableConv{rank}D")(2, 3, use_bias=bias), shape
        for cell in (make.LSTMCell, make.GRUCell, make.SimpleRNNCell):
            yield cell(2, use_bias=bias), (None, 3)
        yield make.AdditiveAttention(use_scale=bias), [(None, 4, 3), (None, 4, 3)]
    for scale in (True, False):
        for center in (True, False):
            yield make.BatchNormalization(scale=scale, center=center), (None, 3)
            yield make.LayerNormalization(scale=scale, center=center), (None, 3)
            yield make.GroupNormalization(1, scale=scale, center=center), (None, 3)
    yield make.Embedding(4, 2), (None, 3)
    yield make.PReLU(), (None, 3)
    yield make.Normalization(), (None, 3)
    yield make.SpectralNormalization(make.Dense(2)), (None, 3)
    if hasattr(make, "RMSNormalization"):
        yield make.RMSNormalization(), (None, 3)


@needs_keras_3
@pytest.mark.parametrize(("layer", "shape"), [*layers_of_the_table()])
def test_the_table_of_names_is_that_of_keras(layer: Any, shape: Any) -> None:
    layer.build(shape)
    own = layer._trainable_variables + layer._non_trainable_variables
    expected = tuple(variable.name for variable in own)
    class_name = type(layer).__name__
    assert keras_names.variable_names(class_name, layer.get_config(), len(own)) == expected
    without = keras_names.variable_names(class_name, {}, len(own))
    assert without in {expected, None}
    for variable in own:
        assert variable.trainable or keras_names.is_never_trained(variable.name, class_name)


@needs_keras_3
def test_every_class_of_the_table_is_tried() -> None:
    tried = {type(layer).__name__ for layer, _ in layers_of_the_table()}
    inside = {"ConvLSTMCell", "SeedGenerator"}  # of ConvLSTM and Dropout: no layers by themselves
    assert tried | inside >= set(keras_names.VARIABLES)


@needs_keras_3
def test_class_names_are_spelt_as_keras_spells_them() -> None:
    from keras.src.utils.naming import to_snake_case

    for name in (*keras_names.VARIABLES, *keras_names.CELLS, "MyLSTM2D", "a_B", "Conv2DTranspose"):
        assert keras_names.snake_case(name) == to_snake_case(name)
        assert keras_names.snake_case(f"Package>{name}") == to_snake_case(name)


@needs_keras_3
def test_quantized_layers_have_their_scales(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, name="d")])
    model.quantize("int8")
    path = str(tmp_path / "q.keras")
    model.save(path)
    found = {v.name: (v.dtype, v.shape) for v in v3.read(path).variables}
    layer = model.layers[0]
    assert found == {
        "d/kernel": ("int8", tuple(layer._kernel.shape)),
        "d/bias": ("float32", (3,)),
        "d/kernel_scale": ("float32", tuple(layer.kernel_scale.shape)),
    }


@needs_keras_3
def test_layers_of_bfloat16(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, name="d", dtype="bfloat16")])
    for name in ("m.keras", "m.weights.h5"):
        path = str(tmp_path / name)
        (model.save if name == "m.keras" else model.save_weights)(path)
        found = load(path)
        for variable, theirs in zip(found.variables, model.layers[0].weights, strict=True):
            assert (variable.dtype, variable.shape) == ("bfloat16", tuple(theirs.shape))
            assert found.tensors is not None
            expected = keras.ops.convert_to_numpy(keras.ops.cast(theirs, "float32"))
            data = found.tensors.read(variable, 0, variable.params)
            read = np.frombuffer(data, ml_dtypes.bfloat16).astype("float32")
            assert read.tolist() == expected.ravel().tolist()


def test_weights_in_several_files_and_a_model_in_a_folder(tmp_path: Path) -> None:
    keras.utils.set_random_seed(0)
    layers = [keras.layers.Dense(300, name="a"), keras.layers.BatchNormalization(name="bn")]
    net = keras.Sequential([keras.layers.Input((20,)), *layers, keras.layers.Dense(200, name="b")])
    net.compile("adam", "mse")
    net.fit(np.ones((4, 20)), np.ones((4, 200)), verbose=0)
    net.save(tmp_path / "m.keras")
    net.save(tmp_path / "folder", zipped=False)
    net.save_weights(tmp_path / "whole.weights.h5")
    net.save_weights(tmp_path / "m.weights.json", max_shard_size=3e-4)
    assert len(list(tmp_path.glob("m_*.weights.h5"))) > 1

    def facts(path: Path) -> dict[str, tuple[object, ...]]:
        return {v.key: (v.name, v.shape, v.dtype, v.kind) for v in load(path).variables}

    assert facts(tmp_path / "m.weights.json") == facts(tmp_path / "whole.weights.h5")
    assert facts(tmp_path / "folder") == facts(tmp_path / "m.keras")
    theirs = {w.path.partition("/")[2]: w.numpy().tobytes() for w in net.weights}
    for path in (tmp_path / "m.weights.json", tmp_path / "folder"):
        model = load(path)
        assert model.tensors
        ours = {
            v.name: model.tensors.read(v, 0, v.params)
            for v in model.variables
            if v.kind == "variable"
        }
        assert ours == theirs
