"""Renamed graphs in TensorFlow: they import, restore, compute the same, and train on."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from scopecli.formats.opening import load
from scopecli.formats.tensorflow import graph_writer
from scopecli.model.renaming import Renaming
from tests.graph_moves import moves, write
from tests.samples import SAMPLES

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
tensorflow = pytest.importorskip("tensorflow", reason="the oracle extra is not installed")
text_format = pytest.importorskip("google.protobuf.text_format")
tf: Any = tensorflow.compat.v1

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

pytestmark = pytest.mark.filterwarnings("ignore")

RULES = {"net/": "model/body/", "train/": "fit/"}
X = np.array([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]], np.float32)


def rename(path: Path, out: Path, rules: Mapping[str, str] = RULES) -> dict[str, str]:
    """Rename the graph at a path."""
    model = load(path)
    found = moves(graph_writer.subjects(model), rules)
    assert found
    renaming = Renaming(found, frozenset())
    assert list(graph_writer.refusals(model, renaming)) == []
    write(model, renaming, str(out))
    return found


def rename_checkpoint(prefix: Path, out: Path, names: Mapping[str, str]) -> None:
    """Save what a checkpoint has under other keys, by TensorFlow's own operations."""
    reader = tensorflow.train.load_checkpoint(str(prefix))
    keys = sorted(reader.get_variable_to_shape_map())
    assert set(keys) & set(names)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tf.Graph().as_default(), tf.Session() as session:
        session.run(
            tf.raw_ops.SaveV2(
                prefix=str(out) + "_temp",
                tensor_names=[names.get(key, key) for key in keys],
                shape_and_slices=[""] * len(keys),
                tensors=[tf.constant(reader.get_tensor(key)) for key in keys],
            )
        )
        session.run(
            tf.raw_ops.MergeV2Checkpoints(
                checkpoint_prefixes=[str(out) + "_temp"], destination_prefix=str(out)
            )
        )


@pytest.fixture(params=["1", "2"])
def generation(request: pytest.FixtureRequest) -> Iterator[str]:
    """Variables and control flow of TensorFlow 1, and those of TensorFlow 2."""
    if request.param == "1":
        tf.disable_resource_variables()
        tf.disable_control_flow_v2()
    yield request.param
    tf.enable_control_flow_v2()
    tf.enable_resource_variables()


# Models: what they make of x, inside the scope that is renamed.


def weights(shape: Sequence[int] = (3, 3), name: str = "w", **options: Any) -> Any:
    start = tf.random_uniform_initializer(-0.5, 0.5, seed=7)
    return tf.get_variable(name, shape, initializer=start, **options)


def dense(x: Any) -> Any:
    return tf.tanh(tf.matmul(x, weights()) + weights([3], "b"))


def condition(x: Any) -> Any:
    w = weights()
    return tf.cond(tf.reduce_sum(x) > 0, lambda: tf.matmul(x, w) * 2.0, lambda: tf.matmul(x, w))


def loop(x: Any) -> Any:
    w = weights()

    def body(i: Any, y: Any) -> Any:
        y = tf.cond(i > 1, lambda: tf.matmul(y, w), lambda: tf.matmul(y, w) + 1.0)
        return i + 1, tf.tanh(y)

    return tf.while_loop(lambda i, _: i < 4, body, [0, x])[1]


def nested_loops(x: Any) -> Any:
    w = weights()

    def inner(y: Any) -> Any:
        step = lambda j, z: (j + 1, tf.tanh(tf.matmul(z, w)))  # noqa: E731
        return tf.while_loop(lambda j, _: j < 2, step, [0, y])[1]

    return tf.while_loop(lambda i, _: i < 2, lambda i, y: (i + 1, inner(y)), [0, x])[1]


def batch_norm(x: Any) -> Any:
    y = tf.matmul(x, weights())
    mean, variance = tf.nn.moments(y, [0])
    moving = tf.get_variable("moving_mean", [3], trainable=False)
    update = tf.assign(moving, moving * 0.9 + mean * 0.1)
    tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, update)
    return tf.nn.batch_normalization(y, mean, variance, weights([3], "beta"), None, 1e-3)


def partitioned(x: Any) -> Any:
    parts = tf.fixed_size_partitioner(2)
    w = weights([4, 3], "table", partitioner=parts)
    return tf.matmul(x, tf.nn.embedding_lookup(w, [0, 3, 2], partition_strategy="div"))


def colocated(x: Any) -> Any:
    w = weights()
    with tf.colocate_with(w), tf.control_dependencies([tf.identity(w, name="first")]):
        return tf.matmul(x, w)


MODELS = [dense, condition, loop, nested_loops, batch_norm, partitioned, colocated]


def build(model: Callable[[Any], Any], folder: Path) -> None:
    """A graph with the model, trained for a step and saved."""
    with tf.Graph().as_default():
        tf.set_random_seed(1)
        x = tf.placeholder(tf.float32, [None, 3], name="x")
        with tf.variable_scope("net"):
            y = tf.identity(model(x), name="y")
        loss = tf.reduce_mean(tf.square(y - 1.0), name="loss")
        with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
            tf.train.AdamOptimizer(0.1, name="train").minimize(loss, name="step")
        saver = tf.train.Saver()
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            session.run("step", {x: X})
            folder.mkdir()
            saver.save(session, str(folder / "model.ckpt"))


def behaviour(folder: Path, names: Mapping[str, str]) -> list[Any]:
    """Restore a saved graph, and take what it computes: outputs, new gradients, and a step."""
    with tf.Graph().as_default() as graph, tf.Session() as session:
        saver = tf.train.import_meta_graph(str(folder / "model.ckpt.meta"))
        saver.restore(session, str(folder / "model.ckpt"))
        y = graph.get_tensor_by_name(f"{names.get('net/y', 'net/y')}:0")
        variables = tf.trainable_variables()
        gradients = [tf.convert_to_tensor(g) for g in tf.gradients(y, variables)]
        assert len(variables) == len(gradients) > 0
        found: list[Any] = session.run([y, *gradients], {"x:0": X})
        for _ in range(3):
            session.run(names.get("step", "step"), {"x:0": X})
        found += session.run([y, *tf.global_variables()], {"x:0": X})
        saver.save(session, str(folder / "again"))
        assert not tf.report_uninitialized_variables().eval().tolist()
        return found


@pytest.mark.parametrize("model", MODELS)
def test_it_restores_computes_and_trains(
    model: Callable[[Any], Any], generation: str, tmp_path: Path
) -> None:
    build(model, tmp_path / "a")
    (tmp_path / "b").mkdir()
    names = rename(tmp_path / "a/model.ckpt.meta", tmp_path / "b/model.ckpt.meta")
    rename_checkpoint(tmp_path / "a/model.ckpt", tmp_path / "b/model.ckpt", names)
    before, after = behaviour(tmp_path / "a", {}), behaviour(tmp_path / "b", names)
    for one, two in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, two)
    saved = tensorflow.train.list_variables(str(tmp_path / "b/again"))
    assert any(name.startswith("model/body/") for name, _ in saved)
    assert not any(name.startswith("net/") for name, _ in saved)


def test_averages_are_restored_under_their_keys(tmp_path: Path) -> None:
    """A saver that takes averages for the variables has keys that no node is called."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    with tf.Graph().as_default(), tf.Session() as session:
        with tf.variable_scope("net"):
            w = weights()
            tf.identity(w, name="y")
        saver = tf.train.Saver({"net/w/ExponentialMovingAverage": w})
        session.run(tf.global_variables_initializer())
        expected = session.run(w)
        saver.save(session, str(tmp_path / "a/model.ckpt"))
    names = rename(tmp_path / "a/model.ckpt.meta", tmp_path / "b/model.ckpt.meta", {"net/w": "v"})
    assert names["net/w/ExponentialMovingAverage"] == "v/ExponentialMovingAverage"
    rename_checkpoint(tmp_path / "a/model.ckpt", tmp_path / "b/model.ckpt", names)
    with tf.Graph().as_default(), tf.Session() as session:
        saver = tf.train.import_meta_graph(str(tmp_path / "b/model.ckpt.meta"))
        saver.restore(session, str(tmp_path / "b/model.ckpt"))
        assert [v.op.name for v in tf.global_variables()] == ["v"]
        np.testing.assert_array_equal(session.run("net/y:0"), expected)


GOOD_AND_BAD = [
    "A.b/c_1-2",
    "0",
    ".a",
    "a>b",
    "a>.b>c/",
    "a\\b",
    "_a",
    "-a",
    "a b",
    "é",
    "a>",
    "a>_b",
]


@pytest.mark.parametrize("name", GOOD_AND_BAD)
def test_names_that_it_refuses_are_those_that_tensorflow_refuses(name: str) -> None:
    made = tf.GraphDef()
    made.node.add(name=name, op="NoOp")
    renaming = Renaming({"old": name}, frozenset())
    with tf.Graph().as_default() as graph:
        if list(graph_writer.refusals(load(SAMPLES / "graphs/frozen.pb"), renaming)):
            with pytest.raises(ValueError, match="name"):
                tf.import_graph_def(made, name="")
        else:
            tf.import_graph_def(made, name="")
            assert graph.get_operations()[0].name == name


def test_names_may_differ_in_case_only() -> None:
    made = tf.GraphDef()
    made.node.add(name="Net/w", op="NoOp")
    made.node.add(name="net/w", op="NoOp")
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(made, name="")
        assert [node.name for node in graph.get_operations()] == ["Net/w", "net/w"]


def test_queue_runners_run(generation: str, tmp_path: Path) -> None:
    path, out = tmp_path / "a.meta", tmp_path / "b.meta"
    with tf.Graph().as_default():
        with tf.variable_scope("net"):
            queue = tf.FIFOQueue(10, [tf.float32], shapes=[[]], name="queue")
            enqueue = queue.enqueue(tf.constant(3.0), name="enqueue")
            tf.train.add_queue_runner(tf.train.QueueRunner(queue, [enqueue] * 2))
            tf.identity(queue.dequeue() * 2.0, name="y")
        tf.train.export_meta_graph(str(path))
    rename(path, out)
    with tf.Graph().as_default(), tf.Session() as session:
        tf.train.import_meta_graph(str(out))
        (runner,) = tf.get_collection(tf.GraphKeys.QUEUE_RUNNERS)
        assert runner.queue.name == "model/body/queue"
        coordinator = tf.train.Coordinator()
        threads = tf.train.start_queue_runners(session, coordinator)
        assert session.run("model/body/y:0") == 6.0
        coordinator.request_stop()
        session.run(runner.cancel_op)
        coordinator.join(threads, stop_grace_period_secs=10, ignore_live_threads=True)


@pytest.mark.parametrize("name", ["graph.pb", "graph.pbtxt"])
def test_a_graph_alone_runs(name: str, generation: str, tmp_path: Path) -> None:
    """In the wire format, and as text, which stays text."""
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [None, 3], name="net/x")
        w = tf.constant([[0.5, 1.0, -2.0]] * 3, name="net/w")
        tf.cond(tf.reduce_sum(x) > 0, lambda: x @ w, lambda: x + w[0], name="net/y")
        tf.io.write_graph(graph, str(tmp_path), name, as_text=name.endswith("txt"))
        merged = next(n.name for n in reversed(graph.as_graph_def().node) if "net/y" in n.name)
        with tf.Session() as session:
            expected = session.run(f"{merged}:0", {"net/x:0": X})
    out = tmp_path / f"out{name}"
    names = rename(tmp_path / name, out, {"net/": "a.b-c/"})
    made = tf.GraphDef()
    if name.endswith("txt"):
        text_format.Parse(out.read_text("utf-8"), made)
    else:
        made.ParseFromString(out.read_bytes())
    with tf.Graph().as_default(), tf.Session() as session:
        tf.import_graph_def(made, name="")
        found = session.run(f"{names[merged]}:0", {"a.b-c/x:0": X})
    np.testing.assert_array_equal(found, expected)


def test_a_saved_model_of_tensorflow_1(generation: str, tmp_path: Path) -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [None, 3], name="net/x")
        with tf.variable_scope("net"):
            y = dense(x)
        words = tmp_path / "words.txt"
        words.write_text("one\n")
        asset = tf.constant(str(words), name="net/words")
        tf.add_to_collection(tf.GraphKeys.ASSET_FILEPATHS, asset)
        session.run(tf.global_variables_initializer())
        expected = session.run(y, {x: X})
        builder = tf.saved_model.Builder(str(tmp_path / "a"))
        signature = tf.saved_model.predict_signature_def({"x": x}, {"y": y})
        main = tf.no_op(name="net/main")
        builder.add_meta_graph_and_variables(
            session, ["serve"], {"serving_default": signature}, [asset], main_op=main
        )
        builder.add_meta_graph(["train"], {"other": signature})
        builder.save()
    rename(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b/assets/words.txt").read_text() == "one\n"
    for tag, key in ("serve", "serving_default"), ("train", "other"):
        with tf.Graph().as_default(), tf.Session() as session:
            loaded = tf.saved_model.load(session, [tag], str(tmp_path / "b"))
            found = loaded.signature_def[key]
            assert found.inputs["x"].name == "model/body/x:0"
            y = session.run(found.outputs["y"].name, {found.inputs["x"].name: X})
            assets = loaded.collection_def["saved_model_assets"].any_list.value
            assert [asset.value[4:22] for asset in assets] == [b"model/body/words:0"]
        np.testing.assert_array_equal(y, expected)


def test_a_saved_model_of_tensorflow_2(tmp_path: Path) -> None:
    """Its checkpoint has paths through the objects for keys, which stay: `steps` is one too."""
    with tensorflow.name_scope("net"):
        module = tensorflow.Module()
        module.w = tensorflow.Variable(X[:, :2], name="w")
    module.steps = tensorflow.Variable(0.0, name="steps")

    def call(x: Any) -> Any:
        module.steps.assign_add(1.0)
        return {"y": tensorflow.matmul(x, module.w) + module.steps}

    given = tensorflow.TensorSpec([None, 2], tensorflow.float32, name="x")
    module.call = tensorflow.function(call, input_signature=[given])
    tensorflow.saved_model.save(module, str(tmp_path / "a"), signatures=module.call)
    x = tensorflow.constant(X[:, 1:])
    names = rename(tmp_path / "a", tmp_path / "b", {"net/": "model/", "steps": "count"})
    assert {"net/w", "steps"} <= set(names)
    expected = module.call(x)["y"]
    loaded = tensorflow.saved_model.load(str(tmp_path / "b"))
    assert {loaded.w.name, loaded.steps.name} == {"model/w:0", "count:0"}
    np.testing.assert_array_equal(loaded.call(x)["y"], expected)
    with tf.Graph().as_default(), tf.Session() as session:
        served = tf.saved_model.load(session, ["serve"], str(tmp_path / "b"))
        found = served.signature_def["serving_default"]
        fed = {found.inputs["x"].name: X[:, 1:]}
        np.testing.assert_array_equal(session.run(found.outputs["y"].name, fed), expected)
