"""Predictions held against what TensorFlow's Saver and Checkpoint really do.

TensorFlow is needed: `pip install scopecli[oracle]`.
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from scopecli.analysis.restore.assignment_map import assignment_map
from scopecli.analysis.restore.predict import predict
from scopecli.formats.opening import load
from tests import rename_searches
from tests.oracle.savers import (
    Specs,
    held_against_saver,
    meta_of,
    parts,
    plain,
    run_restore,
    saved,
    v1,
    values,
)
from tests.samples import SAMPLES

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
tf = pytest.importorskip("tensorflow", reason="the oracle extra is not installed")

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Make = Callable[[], Any]  # makes variables in the default graph; the saver's list or dict

pytestmark = pytest.mark.filterwarnings("ignore")


SAVED: Specs = {"a": (2, 3), "b": (2,), "c": (4,)}
CASES: dict[str, tuple[Specs, dict[str, int]]] = {
    "the same": (SAVED, {"restored": 3}),
    "an extra key": ({"a": (2, 3), "b": (2,)}, {"restored": 2, "extra": 1}),
    "missing keys": (
        {"a": (2, 3), "z": (2,), "y": (2,)},
        {"restored": 1, "missing": 2, "extra": 2},
    ),
    "missing before dtype": (
        {"a": (2, 3, "float64"), "z": (2,)},
        {"dtype": 1, "missing": 1, "extra": 2},
    ),
    "two dtypes": (
        {"a": (2, 3), "c": (4, "int32"), "b": (2, "float64")},
        {"restored": 1, "dtype": 2},
    ),
    "dtype before shape": (
        {"a": (3, 2), "b": (2, "float16")},
        {"shape": 1, "dtype": 1, "extra": 1},
    ),
    "shape": ({"a": (3, 2), "b": (2,)}, {"restored": 1, "shape": 1, "extra": 1}),
}


@pytest.mark.parametrize("resource", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_whole_variables(case: str, resource: bool, tmp_path: Path) -> None:
    specs, counts = CASES[case]
    prefix = saved(tmp_path, plain(SAVED))
    attempt = held_against_saver(meta_of(tmp_path, plain(specs, resource=resource)), prefix)
    assert attempt.counts == counts
    if case == "shape":  # only reference variables compare
        assert attempt.verdict == ("differs" if resource else "fails")


@pytest.mark.parametrize(("shape", "verdict"), [((3, 2), "restored"), ((3, 3), "fails")])
@pytest.mark.parametrize("resource", [False, True])
def test_a_saver_that_reshapes(
    shape: tuple[int, ...], verdict: str, resource: bool, tmp_path: Path
) -> None:
    prefix = saved(tmp_path, plain({"a": (2, 3)}))
    meta = meta_of(tmp_path, plain({"a": shape}, resource=resource), reshape=True)
    assert held_against_saver(meta, prefix).verdict == verdict


@pytest.mark.parametrize("before", [1, 2, 3])
@pytest.mark.parametrize("after", [1, 2, 3, 4])
def test_other_partitions(before: int, after: int, tmp_path: Path) -> None:
    attempt = held_against_saver(meta_of(tmp_path, parts(after)), saved(tmp_path, parts(before)))
    assert attempt.counts == {"restored": after}


@pytest.mark.parametrize("resource", [False, True])
def test_parts_into_a_whole_variable_and_back(resource: bool, tmp_path: Path) -> None:
    whole = plain({"w": (10, 2)}, resource=resource)
    assert held_against_saver(meta_of(tmp_path, whole), saved(tmp_path, parts(3))).verdict == (
        "restored"
    )
    assert held_against_saver(meta_of(tmp_path, parts(3)), saved(tmp_path, whole)).verdict == (
        "restored"
    )


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_parts_that_are_not_all_there(count: int, tmp_path: Path) -> None:
    prefix = saved(tmp_path, parts(3, saved=slice(1)))  # rows 0 to 3
    attempt = held_against_saver(meta_of(tmp_path, parts(count)), prefix)
    restored = {5: 2}.get(count, int(count > 2))
    assert attempt.counts.get("restored", 0) == restored
    assert attempt.counts["partial"] == count - restored


@pytest.mark.parametrize("before", [1, 3])
def test_parts_of_another_whole(before: int, tmp_path: Path) -> None:
    prefix = saved(tmp_path, parts(before))
    attempt = held_against_saver(meta_of(tmp_path, parts(3, rows=12)), prefix)
    assert attempt.counts == {"shape": 3}


def averages() -> dict[str, Any]:
    """Averages under the names of the variables, as for evaluation."""
    plain({"net/w": (2, 3), "net/b": (3,)})()
    average = v1.train.ExponentialMovingAverage(0.9)
    average.apply(v1.trainable_variables())
    names: dict[str, Any] = average.variables_to_restore()
    return names


def trained_averages() -> None:
    averages()


def test_a_saver_of_averages(tmp_path: Path) -> None:
    prefix = saved(tmp_path, trained_averages)
    attempt = held_against_saver(meta_of(tmp_path, averages), prefix)
    assert {e.key: e.target for e in attempt.entries if e.target} == {
        f"net/{name}/ExponentialMovingAverage": f"net/{name}" for name in "wb"
    }
    assert attempt.counts == {"restored": 2, "extra": 2}
    assert set(attempt.apart) == {f"net/{name}/ExponentialMovingAverage" for name in "wb"}


def test_a_dictionary_that_remaps(tmp_path: Path) -> None:
    def remapped() -> dict[str, Any]:
        plain({"new/a": (2, 3), "new/b": (2,)})()
        one, two = v1.global_variables()
        return {"a": one, "nowhere": two}

    attempt = held_against_saver(meta_of(tmp_path, remapped), saved(tmp_path, plain(SAVED)))
    assert attempt.counts == {"restored": 1, "missing": 1, "extra": 2}


def test_a_graph_that_was_imported_into_a_scope(tmp_path: Path) -> None:
    inner, prefix = meta_of(tmp_path, plain(SAVED)), saved(tmp_path, plain(SAVED))
    outer = str(tmp_path / "outer.meta")
    with tf.Graph().as_default():
        imported = v1.train.import_meta_graph(inner, import_scope="imported")
        v1.get_variable("head", (2,))
        v1.train.export_meta_graph(outer, saver_def=imported.saver_def)
    attempt = held_against_saver(outer, prefix)
    assert attempt.counts == {"restored": 3}
    assert attempt.entries[0].target == f"imported/{attempt.entries[0].key}"
    assert attempt.apart == ("head",)


@pytest.mark.parametrize("make", [plain({"a": (2, 3), "b": (2,), "z": (1,)}), parts(3)])
def test_a_graph_without_a_saver(make: Make, tmp_path: Path) -> None:
    meta = str(tmp_path / "bare.meta")
    with tf.Graph().as_default():
        make()
        v1.train.export_meta_graph(meta)
    same = saved(tmp_path, make)
    assert held_against_saver(meta, same).verdict == "restored"
    assert held_against_saver(meta, saved(tmp_path, plain(SAVED))).verdict == "fails"


def test_a_saver_with_two_devices(tmp_path: Path) -> None:
    def make() -> None:
        for number, name in enumerate("ab"):
            with tf.device(f"/cpu:{number}"):
                plain({name: (2, 3)})()

    meta = meta_of(tmp_path, make, sharded=True)
    (attempt,) = predict(load(meta), load(saved(tmp_path, make)), rename_searches.nothing).attempts
    assert attempt.counts == {"restored": 2}
    other = saved(tmp_path, plain({"c": (2,)}))
    (attempt,) = predict(load(meta), load(other), rename_searches.nothing).attempts
    raised, _ = run_restore(meta, other, clear_devices=True)
    assert any(f"Key {name} not found in checkpoint" in str(raised) for name in "ab")
    assert attempt.error is not None
    assert attempt.error.message == "Key a not found in checkpoint"
    assert "the error of any may come first" in attempt.notes[0]


OBJECTS: dict[str, tuple[Specs, str]] = {
    "names that it has": ({"x": (2,)}, "restored"),
    "a name that it has not": ({"x": (2,), "q": (2,), "p": (1,)}, "fails"),
    "another shape": ({"x": (3,)}, "fails"),
}


def object_based(folder: Path) -> str:
    x, y = tf.Variable([1.0, 2.0], name="x"), tf.Variable(3.0, name="y")
    return str(tf.train.Checkpoint(one=x, two=y).save(str(folder / "objects")))


@pytest.mark.parametrize("case", OBJECTS)
def test_an_object_based_checkpoint_given_to_a_saver(case: str, tmp_path: Path) -> None:
    specs, verdict = OBJECTS[case]
    attempt = held_against_saver(meta_of(tmp_path, plain(specs)), object_based(tmp_path))
    assert attempt.verdict == verdict


def test_a_dictionary_is_forgotten_with_an_object_based_checkpoint(tmp_path: Path) -> None:
    def remapped() -> dict[str, Any]:
        plain({"x": (2,), "y": (1,)})()
        return {"nowhere": v1.global_variables()[0]}

    attempt = held_against_saver(meta_of(tmp_path, remapped), object_based(tmp_path))
    assert {entry.target for entry in attempt.entries if entry.target} == {"x", "y"}


V1 = str(SAMPLES / "tf1_v1" / "model.ckpt")
V1_GRAPHS: dict[str, Make] = {
    "missing keys": plain({"half": (2, 1, "float16"), "zzz": (2,), "aaa": (2,)}),
    "a dtype before a missing key": plain({"half": (2, 1, "float64"), "zzz": (1,)}),
    "a missing key before a dtype": plain({"aaa": (1,), "half": (2, 1, "float64")}),
    "a shape": plain({"half": (1, 2, "float16")}),
    "all": plain({"half": (2, 1, "float16")}),
}


@pytest.mark.parametrize("case", V1_GRAPHS)
def test_a_version_1_checkpoint(case: str, tmp_path: Path) -> None:
    held_against_saver(meta_of(tmp_path, V1_GRAPHS[case]), V1)


def test_slices_of_a_version_1_checkpoint(tmp_path: Path) -> None:
    def make(rows: int) -> Make:
        def table() -> None:
            split = v1.fixed_size_partitioner(2)
            v1.get_variable("embedding/table", (rows, 4), partitioner=split)

        return table

    assert held_against_saver(meta_of(tmp_path, make(10)), V1).verdict == "restored"
    assert held_against_saver(meta_of(tmp_path, make(12)), V1).verdict == "fails"


def test_a_lone_shard_of_version_1(tmp_path: Path) -> None:
    shard = str(tmp_path / "lone.ckpt")
    shutil.copy(SAMPLES / "tf1_v1_sharded" / "model.ckpt-00000-of-00002", shard)
    attempt = held_against_saver(meta_of(tmp_path, plain({"embedding/table": (10, 4)})), shard)
    assert attempt.counts["partial"] == 1


def test_an_operation_from_before_version_2(tmp_path: Path) -> None:
    meta = str(tmp_path / "old.meta")
    with tf.Graph().as_default():
        variable = v1.get_variable("half", (2, 1), tf.float16)
        with tf.name_scope("save/"):
            name = v1.placeholder_with_default("model", (), name="Const")
            read = tf.raw_ops.RestoreSlice(
                file_pattern=name,
                tensor_name="half",
                shape_and_slice="",
                dt=tf.float16,
                name="restore_slice",
            )
            v1.group(v1.assign(variable, read, name="Assign"), name="restore_all")
            tf.identity(name, name="control_dependency")
        saver = v1.train.SaverDef(
            filename_tensor_name="save/Const:0",
            save_tensor_name="save/control_dependency:0",
            restore_op_name="save/restore_all",
        )
        v1.train.export_meta_graph(meta, saver_def=saver)
    assert held_against_saver(meta, V1).verdict == "restored"
    prefix = saved(tmp_path, plain({"half": (2, 1, "float16")}))
    assert held_against_saver(meta, prefix).verdict == "fails"


@pytest.mark.parametrize(
    ("meta", "prefix"),
    [
        ("tf1_gan/model.ckpt-200.meta", "tf1_gan/model.ckpt-200"),
        ("tf1_averages/model.ckpt.meta", "tf1_averages/model.ckpt"),
        ("tf1_batchnorm/model.ckpt.meta", "tf1_batchnorm/model.ckpt"),
        ("tf1_v1/model.ckpt.meta", "tf1_v1/model.ckpt"),
        ("tf1_gan/model.ckpt-200.meta", "tf1_batchnorm/model.ckpt"),
        ("tf1_batchnorm/model.ckpt.meta", "tf2_object/ckpt-1"),
    ],
)
def test_the_samples(meta: str, prefix: str) -> None:
    held_against_saver(str(SAMPLES / meta), str(SAMPLES / prefix))


def initialized(specs: Specs, prefix: str, mapping: Mapping[str, str]) -> dict[str, Any]:
    """The variables after `init_from_checkpoint`."""
    with tf.Graph().as_default(), v1.Session() as session:
        plain(specs)()
        v1.train.init_from_checkpoint(prefix, dict(mapping))
        session.run(v1.global_variables_initializer())
        return {v.op.name: session.run(v) for v in v1.global_variables()}


def test_an_assignment_map(tmp_path: Path) -> None:
    old: Specs = {"enc/a": (2, 3), "enc/b": (2,), "top": (4,), "step": (1,)}
    new: Specs = {"bert/enc/a": (2, 3), "bert/enc/b": (2,), "bert/top": (4,), "other": (1,)}
    prefix, meta = saved(tmp_path, plain(old)), meta_of(tmp_path, plain(new))
    prediction = predict(load(meta), load(prefix), rename_searches.FindBelow("bert/"))
    mapping = assignment_map(prediction)
    assert mapping == {"/": "bert/"}
    found = initialized(new, prefix, mapping)
    reader = tf.train.load_checkpoint(prefix)
    for name in ("enc/a", "enc/b", "top"):
        assert np.array_equal(found[f"bert/{name}"], reader.get_tensor(name))


class Pair(tf.Module):  # type: ignore[misc, name-defined]
    """Two variables, or three."""

    def __init__(self, shape: tuple[int, ...], dtype: str, more: bool) -> None:
        super().__init__()
        self.w = tf.Variable(values(shape, dtype), name="w")
        self.b = tf.Variable(3.0, name="b")
        if more:
            self.more = tf.Variable(1.0, name="more")


PAIR = ((2,), "float32", False)
MODULES: dict[str, tuple[Any, Any, str]] = {
    "the same": (PAIR, PAIR, "restored"),
    "one more in the model": (((2,), "float32", True), PAIR, "differs"),
    "one more in the checkpoint": (PAIR, ((2,), "float32", True), "restored"),
    "shape": (PAIR, ((3,), "float32", False), "fails"),
    "dtype": (PAIR, ((2,), "float64", False), "fails"),
}


@pytest.mark.parametrize("name", ["", "model"])
@pytest.mark.parametrize("case", MODULES)
def test_objects_of_a_saved_model(case: str, name: str, tmp_path: Path) -> None:
    ours, theirs, verdict = MODULES[case]
    folder = str(tmp_path / "module")
    tf.saved_model.save(Pair(*ours), folder)
    other = Pair(*theirs)
    checkpoint = tf.train.Checkpoint(**{name: other}) if name else tf.train.Checkpoint(other)
    prefix = checkpoint.save(str(tmp_path / "objects"))
    (attempt,) = predict(load(folder), load(prefix), rename_searches.nothing).attempts
    assert attempt.verdict == verdict
    module = tf.saved_model.load(folder)
    target = tf.train.Checkpoint(**{name: module}) if name else tf.train.Checkpoint(module)
    if attempt.error is not None:
        kind = getattr(tf.errors, attempt.error.kind, ValueError)
        with pytest.raises(kind) as raised:
            target.restore(prefix)
        assert attempt.error.message in str(raised.value)
        return
    status = target.restore(prefix)
    if verdict == "restored":
        status.assert_existing_objects_matched()
    else:
        with pytest.raises(AssertionError):
            status.assert_existing_objects_matched()
