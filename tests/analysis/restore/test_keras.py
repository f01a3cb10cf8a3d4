"""What loading weights into a Keras model would do; Keras itself is asked in `tests/oracle`."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import h5py
import numpy as np
import pytest

from scopecli.analysis.restore.assignment_map import assignment_map
from scopecli.analysis.restore.drift import drifted
from scopecli.analysis.restore.prediction import Complaint
from scopecli.errors import ScopecliError, UnsupportedError
from tests.analysis.restore.predictions import predicted
from tests.samples import SAMPLES

if TYPE_CHECKING:
    from pathlib import Path

    from scopecli.analysis.restore.prediction import Attempt


Layers = dict[str, dict[str, tuple[int, ...]]]
AB: Layers = {"a": {"kernel": (2, 2), "bias": (2,)}, "b": {"kernel": (2, 2), "bias": (2,)}}


def keras_h5(path: Path, layers: Layers, *, top: bool = True) -> str:
    """A file of weights in the legacy layout."""
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = np.array([name.encode() for name in layers], "S")
        file.attrs["keras_version"] = b"2.15.0"
        for name, weights in layers.items():
            group = file.create_group(name)
            names = [f"{name}/{weight}:0".encode() for weight in weights]
            group.attrs["weight_names"] = np.array(names, "S") if names else np.zeros(0, "S1")
            for weight, shape in weights.items():
                group[f"{name}/{weight}:0"] = np.zeros(shape, "f4")
        if top:
            file.create_group("top_level_model_weights").attrs["weight_names"] = np.zeros(0, "S1")
    return str(path)


def both_ways(folder: Path, model: Layers, weights: Layers) -> tuple[Attempt, ...]:
    own, stored = keras_h5(folder / "model.h5", model), keras_h5(folder / "saved.h5", weights)
    return predicted(own, stored).attempts


def test_swapped_layers(tmp_path: Path) -> None:
    positional, by_name = both_ways(tmp_path, {"b": AB["b"], "a": AB["a"]}, AB)
    assert positional.counts == {"drift": 4}
    assert positional.verdict == "differs"
    assert positional.entries[0].target == "b/kernel"
    assert positional.entries[0].source_name == "a/kernel"
    assert by_name.verdict == "restored"


def test_no_layer_in_common(tmp_path: Path) -> None:
    other = {"x": AB["a"], "y": AB["b"]}
    positional, by_name = both_ways(tmp_path, other, AB)
    assert positional.counts == {"drift": 4}
    assert by_name.counts == {"skipped": 4, "extra": 4}
    assert (by_name.verdict, by_name.error) == ("nothing", None)


def test_another_number_of_layers(tmp_path: Path) -> None:
    more: Layers = {"a": AB["a"], "new": {"kernel": (2, 2)}, "b": AB["b"], "no weights": {}}
    positional, by_name = both_ways(tmp_path, more, AB)
    assert positional.error == Complaint(
        "ValueError",
        "Layer count mismatch when loading weights from file."
        " Model expected 3 layers, found 2 saved layers.",
    )
    assert positional.counts == {"missing": 1, "skipped": 4}
    assert positional.notes[0] == (
        "the first difference is layer #1: new in the model, b in the file"
    )
    assert by_name.counts == {"restored": 4, "skipped": 1}
    assert by_name.verdict == "differs"


def test_another_number_of_weights(tmp_path: Path) -> None:
    fewer: Layers = {"a": {"kernel": (2, 2)}, "b": AB["b"]}
    for attempt in both_ways(tmp_path, AB, fewer):
        assert attempt.error is not None
        assert attempt.error.message.startswith("Weight count mismatch for layer #0 (named a")
        assert attempt.counts == {"restored": 2, "missing": 2, "extra": 1}


def test_a_layer_that_has_no_weights_where_the_file_has_some(tmp_path: Path) -> None:
    _, by_name = both_ways(tmp_path, {"a": {}, "b": AB["b"]}, AB)
    assert by_name.error is not None
    assert "expects 0 weight(s). Received 2 saved" in by_name.error.message


def test_another_shape_of_a_weight(tmp_path: Path) -> None:
    wide: Layers = {"a": {"kernel": (2, 9), "bias": (2,)}, "b": AB["b"]}
    for attempt in both_ways(tmp_path, wide, AB):
        assert attempt.counts == {"restored": 3, "shape": 1}
        assert attempt.error is not None
        assert attempt.error.message.startswith("Shape mismatch in layer #0 (named a)")


def test_files_without_weights_of_the_model_itself(tmp_path: Path) -> None:
    own = keras_h5(tmp_path / "model.h5", AB)
    stored = keras_h5(tmp_path / "saved.h5", AB, top=False)
    assert predicted(own, stored).would_restore


def test_a_file_that_lists_no_layers(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "old.h5", "w") as file:
        file.attrs["nb_layers"] = 1
        file["layer_0/param_0"] = np.zeros(3)
        file["layer_0"].attrs["nb_params"] = 1
    own = keras_h5(tmp_path / "model.h5", AB)
    with pytest.raises(ScopecliError):
        predicted(own, tmp_path / "old.h5")


@pytest.mark.parametrize(
    ("own", "saved", "expected"),
    [
        ("a b c", "a b c", set()),
        ("a b c", "a c b", {1, 2}),
        ("dense dense_1", "dense_7 dense_8", set()),
        ("dense_4 conv_2", "dense conv", set()),
        ("dense_1 dense_2", "dense_2 dense_1", {0, 1}),
        ("dense dense_1", "dense dense_2", {1}),
        ("block_01", "block_1", set()),
        ("x_9" * 999, "x_9" * 999, set()),
    ],
)
def test_drift(own: str, saved: str, expected: set[int]) -> None:
    assert drifted(list(zip(own.split(), saved.split(), strict=True))) == expected


def test_no_assignment_map_of_keras(tmp_path: Path) -> None:
    path = keras_h5(tmp_path / "m.h5", AB)
    with pytest.raises(UnsupportedError):
        assignment_map(predicted(path, path))


@pytest.mark.parametrize(
    ("name", "said"), [("w.weights.h5", True), ("w.keras", True), ("w.h5", False)]
)
def test_a_name_that_leads_keras_to_the_other_layout(name: str, said: bool, tmp_path: Path) -> None:
    own, stored = keras_h5(tmp_path / "model.h5", AB), keras_h5(tmp_path / name, AB)
    notes = predicted(own, stored).attempts[0].notes
    assert any("takes this file for its own layout" in note for note in notes) == said


def test_a_name_that_leads_keras_to_the_legacy_layout(tmp_path: Path) -> None:
    weights = tmp_path / "w.h5"
    shutil.copy(SAMPLES / "keras3_model.weights.h5", weights)
    (attempt,) = predicted(SAMPLES / "keras3_functional.keras", weights).attempts
    assert "until the file is renamed to .weights.h5" in attempt.notes[-1]
