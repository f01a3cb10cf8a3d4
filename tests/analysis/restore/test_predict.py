"""What restoring a checkpoint would do; what the frameworks really do is in `tests/oracle`."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings

from scopecli.analysis.restore.assignment_map import assignment_map
from scopecli.analysis.restore.predict import predict
from scopecli.analysis.restore.prediction import Complaint, Tensor
from scopecli.analysis.restore.slices import parsed
from scopecli.errors import ScopecliError, UnsupportedError
from scopecli.formats.opening import load
from tests import bundles, graphs, rename_searches
from tests.analysis.restore.predictions import predicted
from tests.bundles import Tensor as Stored
from tests.damage import damaged
from tests.graphs import node, strings, variable
from tests.samples import SAMPLES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from scopecli.analysis.restore.prediction import Attempt


FLOATS = bytes(4 * 6)


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


def test_where_an_average_is_looked_for_the_variable_may_be_meant(tmp_path: Path) -> None:
    keys = {"w/Average": "w", "b/Average": "b"}
    wide = variable("b", (9, 9))
    prediction = predicted(
        restoring(tmp_path, keys, variable("w"), wide), checkpoint(tmp_path, w=SIX, b=SIX)
    )
    (attempt,) = prediction.attempts
    assert {entry.key: entry.rename for entry in attempt.entries if entry.target} == {
        "w/Average": "w",
        "b/Average": "",
    }
    assert assignment_map(prediction) == {"w": "w"}


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
    assert attempt.notes[0] == "the graph has no saver: a new Saver() is assumed"


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
        ("tf1_gan/model.ckpt-200.meta", "keras2_weights.h5", "is not a TensorFlow checkpoint"),
        ("keras2_functional.h5", "tf2_object", "is not a file of Keras weights"),
        ("keras2_functional.h5", "keras3_model.weights.h5", "is in the legacy layout"),
        ("keras3_model.weights.h5", "keras3_model.weights.h5", "has no graph or model"),
        ("tf2_saved_model", "tf2_object", "has no path through objects in common"),
        ("tf2_saved_model", "tf1_gan", "has names as its keys, and the objects of a SavedModel"),
    ],
)
def test_what_cannot_be_predicted(graph: str, stored: str, said: str) -> None:
    with pytest.raises(UnsupportedError, match=said) as raised:
        sample(graph, stored)
    assert raised.value.path
    assert raised.value.hint


@pytest.mark.parametrize(
    ("graph", "stored"),
    [
        ("tf1_gan", "tf1_gan/model.ckpt-200.meta"),
        ("keras3_model.weights.h5", "keras3_functional.keras"),
    ],
)
def test_the_wrong_way_round(graph: str, stored: str) -> None:
    with pytest.raises(UnsupportedError) as raised:
        sample(graph, stored)
    assert raised.value.hint is not None
    assert re.fullmatch(f"the checkpoint comes last: .*{stored} .*{graph}", raised.value.hint)


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
