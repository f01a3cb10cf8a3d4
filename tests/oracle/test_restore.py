"""Predictions held against what TensorFlow's Saver and Checkpoint and Keras's loaders really do.

TensorFlow, Keras 3 and tf_keras (Keras 2) are needed: `pip install scopecli[oracle]`.
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

from scopecli.analysis.restore.assignment_map import assignment_map
from scopecli.analysis.restore.predict import predict
from scopecli.analysis.restore.slices import parsed
from scopecli.formats.opening import load
from tests import rename_searches
from tests.oracle.test_keras import frozen_inside, functional
from tests.samples import SAMPLES

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
tf = pytest.importorskip("tensorflow", reason="the oracle extra is not installed")
tf_keras = pytest.importorskip("tf_keras", reason="the oracle extra is not installed")
keras = pytest.importorskip("keras", reason="the oracle extra is not installed")

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from scopecli.analysis.restore.prediction import Attempt, Entry, Prediction

    Make = Callable[[], Any]  # makes variables in the default graph; the saver's list or dict

pytestmark = pytest.mark.filterwarnings("ignore")
v1 = tf.compat.v1
needs_keras_3 = pytest.mark.skipif(keras.__version__[0] != "3", reason="keras is not Keras 3")


def values(shape: Sequence[int], dtype: str) -> Any:
    return np.arange(1, 1 + int(np.prod(shape))).reshape(shape).astype(dtype)


Specs = dict[str, tuple[Any, ...]]


def plain(specs: Specs, *, resource: bool = False) -> Make:
    """Variables with a shape, whose last part may be a dtype instead."""

    def make() -> None:
        for name, spec in specs.items():
            shape, dtype = (spec[:-1], spec[-1]) if isinstance(spec[-1], str) else (spec, "float32")
            v1.get_variable(name, initializer=values(shape, dtype), use_resource=resource)

    return make


def parts(count: int, rows: int = 10, saved: slice = slice(None)) -> Make:
    """A partitioned variable, of which some parts are saved."""

    def make() -> list[Any]:
        split = v1.fixed_size_partitioner(count)
        start = v1.random_uniform_initializer(seed=1)
        return list(v1.get_variable("w", (rows, 2), partitioner=split, initializer=start))[saved]

    return make


def graph_of(make: Make, **options: Any) -> tuple[Any, Any]:
    graph = tf.Graph()
    with graph.as_default():
        return graph, v1.train.Saver(make(), **options)


def saved(folder: Path, make: Make, **options: Any) -> str:
    graph, saver = graph_of(make, **options)
    with v1.Session(graph=graph) as session:
        for variable in graph.get_collection("variables"):  # an average starts from its variable
            session.run(variable.initializer)
        return str(saver.save(session, str(folder / "saved"), write_meta_graph=False))


def meta_of(folder: Path, make: Make, **options: Any) -> str:
    graph, saver = graph_of(make, **options)
    path = str(folder / "graph.meta")
    with graph.as_default():
        v1.train.export_meta_graph(path, saver_def=saver.saver_def)
    return path


def run_restore(meta: str, prefix: str, **options: Any) -> tuple[Exception | None, dict[str, Any]]:
    """What the real saver does: what it raises, and the variables that then have values."""
    with tf.Graph().as_default(), v1.Session() as session:
        saver = v1.train.import_meta_graph(meta, **options)
        raised: Exception | None = None
        try:
            saver.restore(session, prefix)
        except tf.errors.OpError as error:
            raised = error
        found = {
            variable.op.name: session.run(variable)
            for variable in v1.global_variables()
            if session.run(v1.is_variable_initialized(variable))
        }
    return raised, found


def stored_value(prefix: str, entry: Entry) -> Any:
    assert entry.found is not None
    (value,) = tf.raw_ops.RestoreV2(
        prefix=prefix,
        tensor_names=[entry.source],
        shape_and_slices=[""],
        dtypes=[tf.as_dtype(entry.found.dtype)],
    )
    value = value.numpy()
    part = parsed(entry.spec) if entry.spec else None
    if part is None:
        return value
    return value[tuple(slice(a, a + n) for a, n in zip(part.starts, part.lengths, strict=True))]


def held_against_saver(meta: str, prefix: str) -> Attempt:
    """The prediction, once the real saver has done what it says."""
    (attempt,) = predict(load(meta), load(prefix), rename_searches.nothing).attempts
    raised, found = run_restore(meta, prefix)
    if attempt.error is not None:
        assert type(raised).__name__ == attempt.error.kind
        for line in attempt.error.message.splitlines():
            assert line in str(raised)
        return attempt
    assert raised is None
    for entry in attempt.entries:
        if entry.status in {"restored", "shape"}:
            value = stored_value(prefix, entry)
            if entry.expected and entry.expected.shape == entry.found.shape:  # type: ignore[union-attr]
                assert found[entry.target].shape == value.shape
            assert np.array_equal(found[entry.target].reshape(-1), value.reshape(-1))
    assert set(found) == {e.target for e in attempt.entries if e.status in {"restored", "shape"}}
    return attempt


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
