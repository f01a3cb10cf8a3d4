"""What restoring a checkpoint would do; what the frameworks really do is in `tests/oracle`."""

from __future__ import annotations

import contextlib
import shutil
from typing import TYPE_CHECKING

import h5py
import numpy as np
import pytest
from hypothesis import given, settings

from scopecli.analysis.restore.assignment_map import assignment_map
from scopecli.analysis.restore.drift import drifted
from scopecli.analysis.restore.predict import predict
from scopecli.analysis.restore.prediction import Complaint, Tensor
from scopecli.analysis.restore.slices import parsed
from scopecli.errors import ScopecliError, UnsupportedError
from scopecli.formats.opening import load
from tests import bundles, graphs, rename_searches
from tests.bundles import Tensor as Stored
from tests.damage import damaged
from tests.graphs import node, strings, variable
from tests.samples import SAMPLES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from scopecli.analysis.restore.prediction import Attempt, FindRenames, Prediction

FLOATS = bytes(4 * 6)


def predicted(
    graph: object, checkpoint: object, find: FindRenames = rename_searches.nothing
) -> Prediction:
    return predict(load(str(graph)), load(str(checkpoint)), find)


def sample(graph: str, checkpoint: str) -> Attempt:
    return predicted(SAMPLES / graph, SAMPLES / checkpoint).attempts[0]


def restoring(
    folder: Path, entries: Mapping[str, str], *nodes: bytes, specs: Sequence[str] = (), op: str = ""
) -> str:
    """A graph with a saver that restores these keys into these variables; its path."""
    keys = list(entries)
    op = op or "RestoreV2"
    made = [
        *nodes,
        *graphs.saver_nodes("save", entries),
        strings("save/keys", *keys),
        strings("save/specs", *(specs or [""] * len(keys))),
        node("save/Restore", op, ["save/Const", "save/keys", "save/specs"]),
    ]
    for number, target in enumerate(entries.values()):
        value = f"save/Restore:{number}" if number else "save/Restore"
        made.append(node(f"save/Assign_{number}", "Assign", [target, value]))
    path = folder / "graph.meta"
    saver = graphs.saver_def("save")
    path.write_bytes(graphs.meta_graph(graphs.graph(*made), saver=saver))
    return str(path)


def checkpoint(folder: Path, **tensors: Stored) -> str:
    named = {name.replace("__", "/"): tensor for name, tensor in tensors.items()}
    return bundles.write(folder / "model.ckpt", named)


SIX = Stored(shape=(2, 3), data=FLOATS)


@pytest.mark.parametrize(
    ("graph", "stored"),
    [
        ("tf1_gan/model.ckpt-200.meta", "tf1_gan"),
        ("tf1_averages/model.ckpt.meta", "tf1_averages"),
        ("tf1_batchnorm/model.ckpt.meta", "tf1_batchnorm"),
        ("tf1_partitioned/model.ckpt.meta", "tf1_partitioned"),
        ("tf1_v1/model.ckpt.meta", "tf1_v1/model.ckpt"),
        ("tf1_v1/model.ckpt.meta", "tf1_v1_sharded"),
        ("tf1_saved_model", "tf1_saved_model/variables/variables"),
        ("tf2_saved_model", "tf2_saved_model/variables/variables"),
        ("keras2_functional.h5", "keras2_functional.h5"),
        ("keras3_functional.keras", "keras3_functional.keras"),
        ("keras3_functional.keras", "keras3_model.weights.h5"),
        ("keras3_functional.keras", "keras3_legacy.h5"),
        ("keras3_legacy.h5", "keras3_legacy.h5"),
    ],
)
def test_samples_restore_what_they_saved(graph: str, stored: str) -> None:
    prediction = predicted(SAMPLES / graph, SAMPLES / stored)
    assert prediction.would_restore
    assert [attempt.error for attempt in prediction.attempts] == [None] * len(prediction.attempts)


def test_a_dictionary_and_what_it_leaves_out() -> None:
    attempt = sample("tf1_averages/model.ckpt.meta", "tf1_averages")
    assert {entry.key: entry.target for entry in attempt.entries} == {
        "net/w": "net/w/ExponentialMovingAverage",
        "raw/w": "net/w",
        "training/step": "global_step",
    }
    assert attempt.apart == ("net/scratch",)


def test_the_other_saver_of_an_imported_graph() -> None:
    attempt = sample("graphs/import_scope.meta", "tf1_averages")
    assert [(entry.key, entry.target) for entry in attempt.entries[:2]] == [
        ("layer/b", "imported/layer/b"),
        ("layer/w", "imported/layer/w"),
    ]
    assert attempt.apart == ("head/w", "head/b")
    (note,) = attempt.notes
    assert note == (
        "another saver is in the graph, in whole: it looks for head/b, head/w, imported/layer/b,"
        " imported/layer/w"
    )


def test_the_first_missing_key_is_that_of_the_first_name(tmp_path: Path) -> None:
    meta = restoring(tmp_path, {"z": "z", "b": "b", "a": "a"}, *map(variable, "abz"))
    attempt = predicted(meta, checkpoint(tmp_path, a=SIX, other=SIX)).attempts[0]
    assert attempt.verdict == "fails"
    assert attempt.error == Complaint("NotFoundError", "Key b not found in checkpoint")
    assert attempt.counts == {"restored": 1, "missing": 2, "extra": 1}
    found = {entry.key: entry for entry in attempt.entries}
    assert found["a"].expected == found["a"].found == Tensor("float32", (2, 3))
    assert found["other"].expected is None


def test_a_likely_rename(tmp_path: Path) -> None:
    names = ["new/a", "new/b", "c"]
    meta = restoring(tmp_path, dict(zip(names, names, strict=True)), *map(variable, names))
    prefix = checkpoint(tmp_path, a=SIX, c=SIX)
    prediction = predicted(meta, prefix, rename_searches.FindBelow("new/"))
    (attempt,) = prediction.attempts
    assert {entry.key: entry.rename for entry in attempt.entries} == {
        "new/a": "a",
        "new/b": "",
        "c": "",
        "a": "",
    }
    assert [(rule.old, rule.new, rule.variables) for rule in attempt.rules] == [("*", "new/*", 1)]
    assert assignment_map(prediction) == {"a": "new/a", "c": "c"}


SHAPES: dict[str, tuple[bytes, str]] = {
    "a reference": (variable("w", (3, 2)), "fails"),
    "a resource": (variable("w", (3, 2), "VarHandleOp"), "fails"),
    "of unknown shape": (variable("w", (-1, 3)), "restored"),
}


@pytest.mark.parametrize("case", SHAPES)
def test_another_shape(case: str, tmp_path: Path) -> None:
    made, verdict = SHAPES[case]
    meta = restoring(tmp_path, {"w": "w"}, made)
    attempt = predicted(meta, checkpoint(tmp_path, w=SIX)).attempts[0]
    assert attempt.verdict == verdict
    if verdict == "fails":  # the graph's Assign is one that compares
        assert attempt.entries[0].error == Complaint(
            "InvalidArgumentError",
            "Assign requires shapes of both tensors to match. lhs shape= [3,2] rhs shape= [2,3]",
        )


PARTS = {
    "parts that are there": (["2 3 0,1:0,3", "2 3 1,1:-"], "restored", ""),
    "of another whole": (
        ["4 3 0,2:0,3", "4 3 2,2:0,3"],
        "shape",
        "tensor_name = w; shape in shape_and_slice spec [4,3] does not match the shape stored",
    ),
    "not to be read": (["2 3 0,1", "2 3 x,y:0,3"], "partial", "the slice '2 3 0,1' of w"),
}


@pytest.mark.parametrize("case", PARTS)
def test_parts(case: str, tmp_path: Path) -> None:
    specs, status, said = PARTS[case]
    nodes = [variable("w/part_0", (1, 3)), variable("w/part_1", (1, 3))]
    meta = restoring(tmp_path, {"w": "w/part_0"}, *nodes, specs=specs[:1])
    attempt = predicted(meta, checkpoint(tmp_path, w=SIX)).attempts[0]
    (entry,) = attempt.entries
    assert entry.status == status
    assert entry.spec == specs[0]
    assert (entry.error.message if entry.error else "").startswith(said)


@pytest.mark.parametrize(
    ("spec", "starts", "lengths"),
    [("10 2 4,3:0,2", (4, 0), (3, 2)), ("10 2 -:1,1", (0, 1), (10, 1)), ("5 -", (0,), (5,))],
)
def test_slices(spec: str, starts: tuple[int, ...], lengths: tuple[int, ...]) -> None:
    part = parsed(spec)
    assert part is not None
    assert (part.starts, part.lengths) == (starts, lengths)


@pytest.mark.parametrize(
    "spec", ["x", "10 2 0,1", "10 0,1:0,1", "10 -1,1", "-1 0,1", "10 1;2", "9" * 5000 + " -"]
)
def test_what_is_no_slice(spec: str) -> None:
    assert parsed(spec) is None


def test_an_operation_that_reads_no_version_2(tmp_path: Path) -> None:
    meta = restoring(tmp_path, {"w": "w"}, variable("w"), op="RestoreSlice")
    error = predicted(meta, checkpoint(tmp_path, w=SIX)).attempts[0].error
    assert error is not None
    assert error.kind == "NotFoundError"
    assert error.message.startswith("Unsuccessful TensorSliceReader constructor")


def test_a_graph_without_saver_and_collections(tmp_path: Path) -> None:
    path = tmp_path / "graph.pb"
    path.write_bytes(graphs.graph(variable("a"), variable("b")))
    attempt = predicted(path, checkpoint(tmp_path, a=SIX, b=SIX)).attempts[0]
    assert attempt.verdict == "restored"
    assert len(attempt.notes) == 2
    assert attempt.notes[0] == "the graph has no saver: what Saver() would look for is assumed"


def test_an_object_based_checkpoint_given_to_a_saver() -> None:
    attempt = sample("tf1_batchnorm/model.ckpt.meta", "tf2_object")
    assert attempt.error is not None
    assert attempt.error.message.startswith("Existing variables not in the checkpoint: global_step")
    assert "object graph" in attempt.notes[0]


@pytest.mark.parametrize(
    ("graph", "stored", "said"),
    [
        ("graphs/frozen.pb", "tf1_gan", "has no variables, so there is nothing to restore"),
        ("tf1_gan", "tf1_gan", "has no graph or model to restore into: it is tf-v2-checkpoint"),
        ("tf1_gan/model.ckpt-200.meta", "keras2_weights.h5", "is no TensorFlow checkpoint"),
        ("keras2_functional.h5", "tf2_object", "is no file of Keras weights"),
        ("keras2_functional.h5", "keras3_model.weights.h5", "is in the legacy layout"),
        ("keras3_model.weights.h5", "keras3_model.weights.h5", "has no graph or model"),
        ("tf2_saved_model", "tf2_object", "has no path through objects in common"),
        ("tf2_saved_model", "tf1_gan", "has names, and the objects of a SavedModel"),
    ],
)
def test_what_cannot_be_predicted(graph: str, stored: str, said: str) -> None:
    with pytest.raises(UnsupportedError, match=said) as raised:
        sample(graph, stored)
    assert raised.value.path
    assert raised.value.hint


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


MAPS: dict[str, tuple[dict[str, str], tuple[str, ...], dict[str, str]]] = {
    "everything": ({"a/w": "a/w", "b": "b"}, (), {"/": "/"}),
    "a scope that is not whole": (
        {"a/w": "a/w", "b/w": "b/w"},
        ("a/v",),
        {"a/w": "a/w", "b/": "b/"},
    ),
    "one scope": ({"a/w": "x/w", "a/v": "x/v", "b": "y"}, (), {"x/": "a/", "y": "b"}),
    "all below another": ({"a/w": "x/a/w", "b": "x/b"}, (), {"x/": "/"}),
    "other names": ({"a/w": "a/kernel", "a/v": "a/v"}, (), {"a/kernel": "a/w", "a/v": "a/v"}),
}


@pytest.mark.parametrize("case", MAPS)
def test_assignment_maps(case: str) -> None:
    from scopecli.analysis.restore.prediction import Attempt, Entry, Prediction

    pairs, apart, expected = MAPS[case]
    entries = tuple(Entry("restored", name, key, key) for name, key in pairs.items())
    attempt = Attempt("saver", "restore", "restored", None, entries, apart=apart)
    assert assignment_map(Prediction("graph", "checkpoint", (attempt,))) == expected


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
    assert any("takes this one for its own layout" in note for note in notes) == said


def test_a_name_that_leads_keras_to_the_legacy_layout(tmp_path: Path) -> None:
    weights = tmp_path / "w.h5"
    shutil.copy(SAMPLES / "keras3_model.weights.h5", weights)
    (attempt,) = predicted(SAMPLES / "keras3_functional.keras", weights).attempts
    assert "until the file is named .weights.h5" in attempt.notes[-1]


@pytest.mark.parametrize(
    ("graph", "stored"),
    [
        ("graphs/import_scope.meta", "tf1_gan"),
        ("tf1_partitioned/model.ckpt.meta", "tf1_partitioned"),
        ("tf2_saved_model/saved_model.pb", "tf2_saved_model/variables/variables"),
    ],
)
def test_a_damaged_graph_gives_a_prediction_or_an_error(
    graph: str, stored: str, tmp_path: Path
) -> None:
    checkpoint = load(str(SAMPLES / stored))
    path = tmp_path / graph.rpartition("/")[2]

    @settings(max_examples=50)
    @given(damaged(SAMPLES / graph))
    def survives(data: bytes) -> None:
        path.write_bytes(data)
        with contextlib.suppress(ScopecliError):
            predict(load(str(path)), checkpoint, rename_searches.nothing)

    survives()


def test_many_variables(tmp_path: Path) -> None:
    names = [f"layer_{number}/w" for number in range(500)]
    meta = restoring(tmp_path, dict(zip(names, names, strict=True)), *map(variable, names))
    prefix = bundles.write(tmp_path / "m", dict.fromkeys(names[1:], SIX))
    attempt = predicted(meta, prefix).attempts[0]
    assert attempt.counts == {"restored": 499, "missing": 1}
