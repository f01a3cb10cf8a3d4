"""Predictions held against what the loaders of Keras 2 and 3 really do.

Keras 3 and tf_keras (Keras 2) are needed: `pip install scopecli[oracle]`.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections import Counter
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest

from scopecli.analysis.restore.predict import predict
from scopecli.formats.opening import load
from tests import rename_searches
from tests.oracle.keras_models import frozen_inside, functional, needs_keras_3

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
pytest.importorskip("tensorflow", reason="the oracle extra is not installed")
tf_keras = pytest.importorskip("tf_keras", reason="the oracle extra is not installed")
keras = pytest.importorskip("keras", reason="the oracle extra is not installed")

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from scopecli.analysis.restore.prediction import Attempt, Prediction

pytestmark = pytest.mark.filterwarnings("ignore")


Dense = tuple[str, int]
LAYERS: tuple[Dense, ...] = (("a", 3), ("b", 3), ("c", 2))


def sequential(k: Any, layers: Sequence[Dense]) -> Any:
    made = [k.layers.Dense(units, name=name) for name, units in layers]
    return k.Sequential([k.Input((3,)), *made])


# The model's layers, and what positional and by-name loading come to.
KERAS: dict[str, tuple[tuple[Dense, ...], str, str]] = {
    "the same": (LAYERS, "restored", "restored"),
    "swapped names": ((("b", 3), ("a", 3), ("c", 2)), "differs", "restored"),
    "no name in common": ((("x", 3), ("y", 3), ("z", 2)), "differs", "nothing"),
    "some names in common": ((("a", 3), ("y", 3), ("c", 2)), "differs", "differs"),
    "another shape": ((("a", 3), ("b", 3), ("c", 5)), "fails", "fails"),
    "another shape under another name": ((("a", 3), ("b", 3), ("z", 5)), "fails", "differs"),
    "a layer more": ((*LAYERS, ("d", 1)), "fails", "differs"),
    "a layer less": (LAYERS[:2], "fails", "restored"),
}


def held_against_loading(attempt: Attempt, model: Any, load_weights: Callable[[], None]) -> None:
    """The real model's weights after loading are those that the prediction says."""
    untouched = 7.5
    model.set_weights([np.full(w.shape, untouched) for w in model.get_weights()])
    if attempt.error is not None:
        with pytest.raises(ValueError) as raised:  # noqa: PT011 - the message is compared below
            load_weights()
        assert attempt.error.message.split(" (")[0].split(" in layer")[0] in str(raised.value)
        return
    load_weights()
    targets = [e.target for e in attempt.entries if e.status in {"restored", "drift"}]
    loaded = {"/".join(target.split("/")[-2:]) for target in targets}
    for layer in model.layers:
        for weight, value in zip(layer.weights, layer.get_weights(), strict=True):
            short = weight.name.removesuffix(":0").rpartition("/")[2]
            assert (f"{layer.name}/{short}" in loaded) == bool((value != untouched).any())


@pytest.mark.parametrize("k", [tf_keras, pytest.param(keras, marks=needs_keras_3)])
@pytest.mark.parametrize("case", KERAS)
def test_legacy_keras(case: str, k: Any, tmp_path: Path) -> None:
    layers, *verdicts = KERAS[case]
    weights, path = str(tmp_path / "weights.h5"), str(tmp_path / "model.h5")
    sequential(k, LAYERS).save(weights)
    model = sequential(k, layers)
    model.save(path)
    prediction: Prediction = predict(load(path), load(weights), rename_searches.nothing)
    assert [attempt.verdict for attempt in prediction.attempts] == verdicts
    positional, by_name = prediction.attempts
    held_against_loading(positional, model, lambda: model.load_weights(weights))
    held_against_loading(by_name, model, lambda: model.load_weights(weights, by_name=True))


@needs_keras_3
@pytest.mark.parametrize("case", KERAS)
def test_keras_3(case: str, tmp_path: Path) -> None:
    layers, *_ = KERAS[case]
    verdict = {
        "no name in common": "differs",
        "some names in common": "differs",
        "swapped names": "differs",
        "the same": "restored",
        "a layer less": "restored",
    }.get(case, "fails")
    weights, path = str(tmp_path / "saved.weights.h5"), str(tmp_path / "model.keras")
    sequential(keras, LAYERS).save_weights(weights)
    model = sequential(keras, layers)
    model.save(path)
    (attempt,) = predict(load(path), load(weights), rename_searches.nothing).attempts
    assert attempt.verdict == verdict
    held_against_loading(attempt, model, lambda: model.load_weights(weights))


def weights_loaded(path: str, model: Any, load_weights: Callable[[], None]) -> Counter[str]:
    """Names of the model's weights that loading changes; what it raises is let go by."""
    untouched = 7.5
    model.set_weights([np.full(w.shape, untouched) for w in model.get_weights()])
    with contextlib.suppress(ValueError):
        load_weights()
    ours = load(path)
    names = {variable.key: variable.name for variable in ours.variables}
    keys = ours.collections["variables"].members
    values = model.get_weights()
    assert len(keys) == len(values)
    return Counter(
        names[key]
        for key, value in zip(keys, values, strict=True)
        if bool((value != untouched).any())
    )


def to_load(attempt: Attempt) -> Counter[str]:
    return Counter(e.target for e in attempt.entries if e.status in {"restored", "drift"})


@pytest.mark.parametrize("make", [functional, frozen_inside])
@pytest.mark.parametrize("k", [tf_keras, pytest.param(keras, marks=needs_keras_3)])
def test_models_that_nest(make: Callable[[Any], Any], k: Any, tmp_path: Path) -> None:
    model, path = make(k), str(tmp_path / "model.h5")
    model.save(path)
    positional, by_name = predict(load(path), load(path), rename_searches.nothing).attempts
    assert positional.verdict == by_name.verdict == "restored"
    assert weights_loaded(path, model, lambda: model.load_weights(path)) == to_load(positional)
    found = weights_loaded(path, model, lambda: model.load_weights(path, by_name=True))
    assert found == to_load(by_name)


DAMAGE: dict[str, tuple[str, ...]] = {
    "nothing": (),
    "no bias": ("layers/dense/vars/1",),
    "no layer": ("layers/dense",),
    "no cell": ("layers/bidirectional/forward_layer/cell",),
    "two layers": ("layers/dense/vars/0", "layers/functional/layers/batch_normalization/vars/3"),
    "another shape": ("shape layers/gru/cell/vars/1",),
    "another shape of the last": ("shape layers/dense/vars/1", "layers/dense_1"),
}


@needs_keras_3
@pytest.mark.parametrize("case", DAMAGE)
def test_a_nesting_model_and_a_file_that_lacks_something(case: str, tmp_path: Path) -> None:
    model, path = functional(keras), str(tmp_path / "model.keras")
    weights = str(tmp_path / "saved.weights.h5")
    model.save(path)
    model.save_weights(weights)
    with h5py.File(weights, "r+") as file:
        for key in DAMAGE[case]:
            place = key.removeprefix("shape ")
            del file[place]
            if place != key:
                file[place] = np.zeros((3, 1, 1), "f4")
    (attempt,) = predict(load(path), load(weights), rename_searches.nothing).attempts
    assert weights_loaded(path, model, lambda: model.load_weights(weights)) == to_load(attempt)
    if attempt.error is None:
        assert case == "nothing"
        model.load_weights(weights)
    else:
        with pytest.raises(ValueError, match=attempt.error.message):
            model.load_weights(weights)


@needs_keras_3
@pytest.mark.parametrize("make", [functional, frozen_inside])
def test_a_keras_archive_and_the_legacy_layout(make: Callable[[Any], Any], tmp_path: Path) -> None:
    model, path, weights = make(keras), str(tmp_path / "m.keras"), str(tmp_path / "m.h5")
    model.save(path)
    model.save(weights)
    positional, by_name = predict(load(path), load(weights), rename_searches.nothing).attempts
    assert positional.verdict == by_name.verdict == "restored"
    before = model.get_weights()
    model.load_weights(weights)
    ours = load(path)
    names = [
        {v.key: v.name for v in ours.variables}[key]
        for key in ours.collections["variables"].members
    ]
    with h5py.File(weights) as file:
        stored = {e.target: np.asarray(file[e.source]) for e in positional.entries}
    for name, value in zip(names, before, strict=True):
        assert np.array_equal(stored[name], value)


@needs_keras_3
def test_names_of_files_that_lead_to_the_other_layout(tmp_path: Path) -> None:
    model = sequential(keras, LAYERS)
    model.save(tmp_path / "legacy.h5")
    model.save_weights(tmp_path / "own.weights.h5")
    shutil.move(tmp_path / "legacy.h5", tmp_path / "legacy.weights.h5")
    shutil.move(tmp_path / "own.weights.h5", tmp_path / "own.h5")
    for name in ("legacy.weights.h5", "own.h5"):
        with pytest.raises(ValueError, match=r"could not be loaded|found 0 saved layers"):
            model.load_weights(tmp_path / name)


@pytest.mark.parametrize("k", [tf_keras, pytest.param(keras, marks=needs_keras_3)])
def test_numbers_that_keras_gave(k: Any, tmp_path: Path) -> None:
    """Two models made one after the other: only the numbers of their layers differ."""

    def made() -> Any:
        dense = k.layers.Dense
        return k.Sequential([k.Input((3,)), dense(3), dense(3), dense(2)])

    one, two = made(), made()
    weights, path = str(tmp_path / "weights.h5"), str(tmp_path / "model.h5")
    one.save_weights(weights) if k is tf_keras else one.save(weights)
    two.save(path)
    positional, by_name = predict(load(path), load(weights), rename_searches.nothing).attempts
    assert (positional.verdict, by_name.verdict) == ("restored", "nothing")
