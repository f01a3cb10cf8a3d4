"""Checkpoints of objects held against TensorFlow itself: the graph of the objects, and slots.

`pip install scopecli[oracle]`.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from scopecli.formats.opening import load
from scopecli.formats.tensorflow.checkpoints.v2_checkpoint import OBJECT_GRAPH_KEY
from scopecli.formats.tensorflow.objects import graph as object_graph
from tests.oracle.checkpoints import assert_same_as_tensorflow
from tests.samples import SAMPLES, prefix_of

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
tf: Any = pytest.importorskip("tensorflow", reason="the oracle extra is not installed")

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.filterwarnings("ignore")


def module() -> Any:
    """Objects with lists, dictionaries whose keys need escaping, and sharing."""

    class Layer(tf.Module):  # type: ignore[misc]
        def __init__(self, size: int) -> None:
            self.kernel = tf.Variable(tf.random.normal([size, 2], seed=1), name="kernel")
            self.labels = tf.Variable([b"a", b"bc"], name="labels")

    root = tf.Module("root")
    root.layers = [Layer(2), Layer(3)]
    root.heads = {"a/b": Layer(1), "c.d": Layer(1)}
    root.alias = root.layers[0]
    return root


def graph_of(prefix: str) -> Any:
    """The object graph, parsed by TensorFlow's own classes."""
    from tensorflow.core.protobuf import trackable_object_graph_pb2

    graph = trackable_object_graph_pb2.TrackableObjectGraph()
    graph.ParseFromString(tf.train.load_checkpoint(prefix).get_tensor(OBJECT_GRAPH_KEY))
    return graph


def assert_same_object_graph(prefix: str) -> None:
    graph = graph_of(prefix)
    names = {
        attribute.checkpoint_key: attribute.full_name
        for node in graph.nodes
        for attribute in node.attributes
        if attribute.full_name
    }
    value = {
        number: attribute.checkpoint_key
        for number, node in enumerate(graph.nodes)
        for attribute in node.attributes
        if attribute.name == "VARIABLE_VALUE"
    }
    slots = {
        (value[row.slot_variable_node_id], value[row.original_variable_node_id], row.slot_name)
        for node in graph.nodes
        for row in node.slot_variables
        if row.slot_variable_node_id in value and row.original_variable_node_id in value
    }
    found = object_graph.parse(graph.SerializeToString())
    assert found.full_names == names
    assert set(found.slots) == slots
    model = load(prefix)
    assert {v.key: v.name for v in model.variables if v.key in names} == names
    owned = {
        (v.key, v.attributes["slot_of"], v.attributes["slot_name"])
        for v in model.variables
        if v.kind == "slot" and "slot_of" in v.attributes
    }
    assert owned >= slots


@pytest.mark.parametrize("sample", ["tf2_object", "tf2_object_keras3"])
def test_object_graphs_of_the_samples(sample: str) -> None:
    assert_same_object_graph(str(SAMPLES / prefix_of(sample)))


def test_an_object_based_checkpoint(tmp_path: Path) -> None:
    prefix = tf.train.Checkpoint(root=module(), step=tf.Variable(3)).write(str(tmp_path / "m"))
    assert_same_object_graph(prefix)
    assert_same_as_tensorflow(prefix)
    keys = {v.key.partition("/.ATTRIBUTES")[0] for v in load(prefix).variables}
    assert {"heads/a.Sb/kernel", "heads/c..d/labels", "alias/kernel"} <= keys
    assert "layers/0/kernel" not in keys  # the same object as `alias`
    paths = {object_graph.object_path(v.key) for v in load(prefix).variables}
    assert {"heads/a/b/kernel", "heads/c.d/labels"} <= paths


@pytest.mark.parametrize(
    "optimizer",
    [
        lambda legacy: legacy.Adam(amsgrad=True),
        lambda legacy: legacy.SGD(momentum=0.9),
        lambda legacy: legacy.RMSprop(centered=True, momentum=0.5),
        lambda legacy: legacy.Adagrad(),
        lambda legacy: legacy.Ftrl(),
        lambda legacy: legacy.Nadam(),
        lambda legacy: legacy.Adadelta(),
    ],
    ids=["Adam", "SGD", "RMSprop", "Adagrad", "Ftrl", "Nadam", "Adadelta"],
)
def test_slots_of_optimizers(tmp_path: Path, optimizer: Callable[[Any], Any]) -> None:
    tf_keras = pytest.importorskip("tf_keras", reason="the oracle extra is not installed")
    root = module()
    made = optimizer(tf_keras.optimizers.legacy)
    kernels = [layer.kernel for layer in root.layers]
    made.apply_gradients([(tf.ones_like(kernel), kernel) for kernel in kernels])
    prefix = tf.train.Checkpoint(root=root, optimizer=made).save(str(tmp_path / "m"))
    assert_same_object_graph(prefix)
    model = assert_same_as_tensorflow(prefix)
    slots = [v for v in model.variables if v.kind == "slot"]
    assert len(slots) == len(kernels) * len(made.get_slot_names())
    assert {v.kind for v in model.variables if "/optimizer/" in v.key} == {"slot"}
    assert {v.kind for v in model.variables if v.key.startswith("optimizer/")} == {"bookkeeping"}


@pytest.mark.parametrize("name", ["Adam", "SGD", "RMSprop", "Nadam", "Ftrl", "Adafactor", "Lion"])
def test_variables_of_newer_optimizers_are_no_parameters(tmp_path: Path, name: str) -> None:
    """They have no table of slots; their state is in lists below the optimizer."""
    tf_keras = pytest.importorskip("tf_keras", reason="the oracle extra is not installed")
    root, made = module(), getattr(tf_keras.optimizers, name)()
    made.build([layer.kernel for layer in root.layers])
    prefix = tf.train.Checkpoint(root=root, optimizer=made).save(str(tmp_path / "m"))
    model = assert_same_as_tensorflow(prefix)
    kinds = {v.key: v.kind for v in model.variables if v.key.startswith("optimizer/")}
    assert kinds
    assert set(kinds.values()) <= {"slot", "bookkeeping"}, kinds


@pytest.mark.parametrize(
    "optimizer",
    ["Adam", "Momentum", "RMSProp", "Adagrad", "Adadelta", "Ftrl"],
)
def test_slots_of_v1_optimizers_are_guessed_right(tmp_path: Path, optimizer: str) -> None:
    """The guess by name against what the optimizer itself says."""
    v1 = tf.compat.v1
    extra = [0.9] if optimizer == "Momentum" else []
    make = getattr(v1.train, f"{optimizer}Optimizer")
    with tf.Graph().as_default(), v1.Session() as session:
        with v1.variable_scope("net"):
            kernel = v1.get_variable("kernel", (3, 2), use_resource=False)
        with v1.variable_scope("train"):
            made = make(0.1, *extra)
            made.minimize(tf.reduce_sum(kernel * kernel))
        session.run(v1.global_variables_initializer())
        prefix = v1.train.Saver().save(session, str(tmp_path / "m"), write_meta_graph=False)
        slots = {made.get_slot(kernel, name).op.name for name in made.get_slot_names()}
    model = assert_same_as_tensorflow(prefix)
    assert {v.key for v in model.variables if v.kind == "slot"} == slots
    assert {v.attributes["slot_of"] for v in model.variables if v.kind == "slot"} <= {"net/kernel"}
    assert {v.key for v in model.variables if v.kind == "variable"} == {"net/kernel"}
