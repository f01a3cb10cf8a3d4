"""Renamed files in Keras itself: they load, predict the same, and train on to the same weights.

Each is also held against the same model built with the new names from the beginning.
Keras 3 and tf_keras (Keras 2) are needed: `pip install scopecli[oracle]`.
"""

from __future__ import annotations

import os
import warnings
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pytest

from scopecli.formats.keras import h5_writer, v3_writer, weights_h5_writer
from scopecli.formats.opening import load
from tests.hdf5_renames import moves, renamed

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
pytest.importorskip("tensorflow", reason="the oracle extra is not installed")
tf_keras = pytest.importorskip("tf_keras", reason="the oracle extra is not installed")
keras = pytest.importorskip("keras", reason="the oracle extra is not installed")

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from scopecli.model.model import Model
    from tests.hdf5_renames import Writer

pytestmark = [
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.skipif(not keras.__version__.startswith("3"), reason="keras is not Keras 3"),
]

# New names by old ones, and what a user would ask for to get them.
NAMES = {
    "in_a": "left",
    "encoder": "enc",
    "d1": "first",
    "inner_in": "codes",
    "shared": "twin",
    "join": "joined",
    "both": "two_ways",
    "td": "each",
    "step": "stride",
    "mha": "attention",
    "out": "score",
    "other": "side",
}
RULES = (
    ("encoder/d1/", "enc/first/"),
    ("encoder/inner_in/", "enc/codes/"),
    ("encoder/", "enc/"),
    ("td/step/", "each/stride/"),
    ("td/", "each/"),
    *((f"{old}/", f"{NAMES[old]}/") for old in ("in_a", "shared", "join", "both", "mha")),
    ("out/", "score/"),
    ("other/", "side/"),
)
# What the Bidirectional's two directions are called comes from one name.
DIRECTIONS = (
    ("both/forward_lstm/", "two_ways/forward_cells/"),
    ("both/backward_lstm/", "two_ways/backward_cells/"),
)


def functional(k: Any, names: Mapping[str, str]) -> Any:
    """A model with all that nests or refers: two outputs, a shared layer, tensors as arguments."""

    def named(name: str) -> str:
        return names.get(name, name)

    layers = k.layers
    inner_in = k.Input((4,), name=named("inner_in"))
    x = layers.Dense(5, name=named("d1"))(inner_in)
    x = layers.BatchNormalization(name="bn")(x)
    x = k.Sequential([k.Input((5,)), layers.Dense(3, name="deep")], name="subsub")(x)
    encoder = k.Model(inner_in, x, name=named("encoder"))
    a, b = k.Input((4,), name=named("in_a")), k.Input((4,), name="in_b")
    shared = layers.Dense(2, name=named("shared"))
    x = layers.Concatenate(name=named("join"))([shared(encoder(a)), shared(encoder(b))])
    x = layers.Reshape((2, 2), name="shape")(x)
    both = layers.LSTM(3, return_sequences=True, name=named("lstm"))
    x = layers.Bidirectional(both, name=named("both"))(x)
    y = layers.TimeDistributed(layers.Dense(2, name=named("step")), name=named("td"))(x)
    x = layers.MultiHeadAttention(2, 2, name=named("mha"))(x, value=y)
    x = layers.Flatten(name="flat")(x)
    outputs = [layers.Dense(1, name=named("out"))(x), layers.Dense(2, name=named("other"))(x)]
    return k.Model([a, b], outputs, name="outer")


def sequential(k: Any, names: Mapping[str, str]) -> Any:
    return k.Sequential(
        [
            k.Input((4,), name="in_a"),
            k.layers.Dense(3, name=names.get("shared", "shared")),
            k.layers.Dropout(0.0, name=names.get("join", "join")),
            k.layers.Dense(1, name=names.get("out", "out")),
        ],
        name="stack",
    )


def data(model: Any) -> tuple[list[Any], list[Any]]:
    random = np.random.RandomState(3)
    shapes = [[[n or 6 for n in t.shape] for t in ts] for ts in (model.inputs, model.outputs)]
    inputs, outputs = ([random.rand(*shape).astype("f4") for shape in group] for group in shapes)
    return inputs, outputs


def fitted(model: Any) -> Any:
    inputs, outputs = data(model)
    model.fit(inputs, outputs, batch_size=3, shuffle=False, verbose=0)
    return model


def trained(k: Any, make: Callable[..., Any], optimizer: Any) -> Any:
    k.utils.set_random_seed(5)
    model = make(k, {})
    if len(model.outputs) == 1:  # Keras 3 takes no names of outputs for a Sequential model
        model.compile(optimizer, "mean_squared_error")
        return fitted(model)
    names = ("out", "other")
    model.compile(
        optimizer,
        dict.fromkeys(names, "mean_squared_error"),
        loss_weights=dict.fromkeys(names, 0.5),
        metrics={name: ["mean_absolute_error"] for name in names},
    )
    return fitted(model)


def predictions(model: Any) -> list[Any]:
    found = model.predict(data(model)[0], verbose=0)
    return list(found) if isinstance(found, (list, tuple)) else [found]


def equal(ours: Any, theirs: Any) -> None:
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(a, b)


class Kind(NamedTuple):
    """A way to save a model.

    Keras 3 does not build the optimizer of a model from an .h5 as it was (3.15 raises "Unknown
    variable" in `fit`), so that such a model can only be compiled anew.
    """

    keras: Any
    suffix: str
    writer: Writer
    optimizer: Callable[[], Any]
    trains_on: bool = True


KINDS = {
    "keras2_h5": Kind(tf_keras, ".h5", h5_writer, lambda: tf_keras.optimizers.Adam(0.01)),
    "keras2_legacy_adam_h5": Kind(
        tf_keras, ".h5", h5_writer, lambda: tf_keras.optimizers.legacy.Adam(0.01)
    ),
    "keras2_archive": Kind(tf_keras, ".keras", v3_writer, lambda: tf_keras.optimizers.Adam(0.01)),
    "keras3_h5": Kind(keras, ".h5", h5_writer, lambda: keras.optimizers.Adam(0.01), False),
    "keras3_archive": Kind(keras, ".keras", v3_writer, lambda: keras.optimizers.Adam(0.01)),
}


class Saved(NamedTuple):
    """A trained model in a file."""

    kind: Kind
    path: str


@pytest.fixture(params=KINDS, scope="module")
def saved(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Saved:
    kind = KINDS[request.param]
    path = str(tmp_path_factory.mktemp("saved") / f"old{kind.suffix}")
    trained(kind.keras, functional, kind.optimizer()).save(path)
    return Saved(kind, path)


def held_against_the_old(kind: Kind, old: str, new: str, fresh: Any) -> None:
    """The new file's model has the fresh one's names, and does what the old file's does."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)  # of optimizers that are not restored
        before, after = kind.keras.models.load_model(old), kind.keras.models.load_model(new)
    assert [layer.name for layer in after.layers] == [layer.name for layer in fresh.layers]
    assert [w.name for w in after.weights] == [w.name for w in fresh.weights]
    equal(predictions(after), predictions(before))
    if not kind.trains_on:
        for model in (before, after):
            model.compile(kind.optimizer(), "mean_squared_error")
    equal(fitted(after).get_weights(), fitted(before).get_weights())


def said_of(model: Model) -> Any:
    """Names of weights, what they are used for, and whose state the slots are."""
    slots = {(v.attributes.get("slot_of"), v.attributes.get("slot_name")) for v in model.variables}
    weights = {v.key: v.path for v in model.variables if v.kind == "variable"}
    return weights, model.collections, model.reuse, slots


def test_a_renamed_model_predicts_and_trains_on(saved: Saved, tmp_path: Path) -> None:
    kind = saved.kind
    new, built = str(tmp_path / f"new{kind.suffix}"), str(tmp_path / f"built{kind.suffix}")
    renamed(kind.writer, saved.path, new, moves(kind.writer, saved.path, *DIRECTIONS, *RULES))
    fresh = functional(kind.keras, {**NAMES, "lstm": "cells"})
    held_against_the_old(kind, saved.path, new, fresh)
    # And the file says what it would say of a model that was built with these names.
    fresh.compile(kind.optimizer(), "mean_squared_error")
    fitted(fresh).save(built)
    assert said_of(load(new)) == said_of(load(built))


@pytest.mark.parametrize("name", ["keras2_h5", "keras3_archive"])
def test_a_renamed_list_of_layers_predicts_and_trains_on(name: str, tmp_path: Path) -> None:
    kind = KINDS[name]
    old, new = str(tmp_path / f"old{kind.suffix}"), str(tmp_path / f"new{kind.suffix}")
    trained(kind.keras, sequential, kind.optimizer()).save(old)
    rules = [rule for rule in RULES if rule[0] != "in_a/"]
    renamed(kind.writer, old, new, moves(kind.writer, old, *rules))
    held_against_the_old(kind, old, new, sequential(kind.keras, NAMES))


def test_a_model_without_its_optimizer_state_loads_and_is_smaller(
    saved: Saved, tmp_path: Path
) -> None:
    kind, old = saved.kind, saved.path
    new = str(tmp_path / f"new{kind.suffix}")
    slots = [s.name for s in kind.writer.subjects(load(old)) if s.kind == "slot"]
    renamed(kind.writer, old, new, moves(kind.writer, old, *RULES), slots)
    assert os.path.getsize(new) < 0.85 * os.path.getsize(old)
    assert not any(v.kind == "slot" for v in load(new).variables)
    before, after = kind.keras.models.load_model(old), kind.keras.models.load_model(new)
    equal(predictions(after), predictions(before))
    if kind.trains_on:
        fitted(after)


def test_weights_of_keras_2_load_by_name(tmp_path: Path) -> None:
    tf_keras.utils.set_random_seed(1)
    model = functional(tf_keras, {})
    old, new = str(tmp_path / "old.h5"), str(tmp_path / "new.h5")
    model.save_weights(old)
    renamed(h5_writer, old, new, moves(h5_writer, old, *RULES))
    fresh = functional(tf_keras, NAMES)
    fresh.load_weights(new, by_name=True)
    equal(fresh.get_weights(), model.get_weights())
    fresh = functional(tf_keras, NAMES)
    fresh.load_weights(new)
    equal(fresh.get_weights(), model.get_weights())


def test_weights_of_keras_3_load_under_either_name(tmp_path: Path) -> None:
    keras.utils.set_random_seed(1)
    model = functional(keras, {})
    old, new = str(tmp_path / "old.weights.h5"), str(tmp_path / "new.weights.h5")
    model.save_weights(old)
    renamed(weights_h5_writer, old, new, moves(weights_h5_writer, old, *DIRECTIONS, *RULES))
    for names in ({**NAMES, "lstm": "cells"}, {}):
        fresh = functional(keras, names)
        fresh.load_weights(new)
        equal(fresh.get_weights(), model.get_weights())
    functional(keras, {**NAMES, "lstm": "cells"}).save_weights(str(tmp_path / "built.weights.h5"))
    assert said_of(load(new)) == said_of(load(str(tmp_path / "built.weights.h5")))


def test_attributes_that_were_split_load(tmp_path: Path) -> None:
    def stack(names: Mapping[int, str]) -> Any:
        inputs = tf_keras.Input((1,))
        x = inputs
        for number in range(2):
            name = names.get(number, "x" * 33_000 + str(number))
            x = tf_keras.layers.Dense(1, name=name)(x)
        return tf_keras.Model(inputs, x)

    old, new, back = (str(tmp_path / f"{name}.h5") for name in ("old", "new", "back"))
    model = stack({})
    model.save_weights(old)
    long = f"{'x' * 33_000}1/"
    renamed(h5_writer, old, new, moves(h5_writer, old, (long, "short/")))
    fresh = stack({1: "short"})
    fresh.load_weights(new, by_name=True)
    equal(fresh.get_weights(), model.get_weights())
    renamed(h5_writer, new, back, moves(h5_writer, new, ("short/", long)))
    fresh = stack({})
    fresh.load_weights(back, by_name=True)
    equal(fresh.get_weights(), model.get_weights())
