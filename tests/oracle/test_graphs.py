"""Held against TensorFlow's own protobuf classes: every node, attribute, collection and value.

TensorFlow is needed: `pip install scopecli[oracle]`.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from scopecli.analysis import values
from scopecli.binary.protobuf import pbtxt
from scopecli.formats.opening import load
from scopecli.formats.tensorflow import saved_model as tf_saved_model
from scopecli.formats.tensorflow.graphs import metagraph
from scopecli.formats.tensorflow.graphs import protobuf as tf_protobuf
from scopecli.formats.tensorflow.graphs.attributes import FunctionReference
from scopecli.formats.tensorflow.graphs.text_layout import ENUMS, MESSAGES
from scopecli.formats.tensorflow.tensor import Constant
from scopecli.formats.tensorflow.types import dtype_name
from tests.samples import FILES, SAMPLES

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
tf = pytest.importorskip("tensorflow", reason="the oracle extra is not installed")
text_format = pytest.importorskip("google.protobuf.text_format")

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from scopecli.model.graph import Graph, Node

pytestmark = pytest.mark.filterwarnings("ignore")

METAS = [file.path for file in FILES if file.path.endswith(".meta")]
GRAPHS = [file.path for file in FILES if file.path.endswith(("frozen.pb", "frozen.pbtxt"))]
SAVED = [file.path for file in FILES if file.path.endswith("saved_model.pb")]
V1 = ("tf1_v1/model.ckpt", "tf1_v1_sharded/model.ckpt-?????-of-00002")
SCHEMA = pbtxt.Schema(MESSAGES, ENUMS, "tensorflow.")


def message(path: str) -> Any:
    """A sample as TensorFlow's own class has it."""
    from tensorflow.core.protobuf import meta_graph_pb2, saved_model_pb2

    if path.endswith(".pbtxt"):
        return text_format.Parse((SAMPLES / path).read_text("utf-8"), tf.compat.v1.GraphDef())
    made: Any = tf.compat.v1.GraphDef()
    if path.endswith(".meta"):
        made = meta_graph_pb2.MetaGraphDef()
    elif path in SAVED:
        made = saved_model_pb2.SavedModel()
    made.MergeFromString((SAMPLES / path).read_bytes())
    return made


def shape(proto: Any) -> tuple[int | None, ...] | None:
    if proto.unknown_rank:
        return None
    return tuple(None if dim.size < 0 else dim.size for dim in proto.dim)


def same_tensor(found: object, proto: Any) -> bool:
    """Type, shape and every value of a constant."""
    assert isinstance(found, Constant)
    expected = tf.make_ndarray(proto)
    assert (found.dtype, found.shape) == (dtype_name(proto.dtype), shape(proto.tensor_shape))
    if found.dtype == "string":
        return found.strings() == list(expected.reshape(-1))
    return bool(found.read(0, expected.size) == expected.tobytes())


def same_attribute(found: object, proto: Any) -> bool:
    """One attribute, of whatever kind."""
    kind = proto.WhichOneof("value")
    if kind == "tensor":
        return same_tensor(found, proto.tensor)
    if kind == "func":
        assert isinstance(found, FunctionReference)
        return found.name == proto.func.name and same_attributes(found.attributes, proto.func.attr)
    if kind == "list":
        return same_list(found, proto.list)
    if kind == "type":
        return found == dtype_name(proto.type)
    if kind == "shape":
        return found == shape(proto.shape)
    return found == (None if kind is None else getattr(proto, kind))


def same_list(found: object, proto: Any) -> bool:
    assert isinstance(found, list)
    expected: list[object] = [*proto.s, *proto.i, *proto.f, *proto.b]
    expected += map(dtype_name, proto.type)
    expected += map(shape, proto.shape)
    if proto.tensor or proto.func:
        assert not expected
        functions = [
            reference.name == func.name and same_attributes(reference.attributes, func.attr)
            for reference, func in zip(found, proto.func, strict=False)
        ]
        tensors = [same_tensor(one, two) for one, two in zip(found, proto.tensor, strict=False)]
        return all(functions + tensors) and len(found) == len(proto.tensor) + len(proto.func)
    return found == expected


def same_attributes(found: Mapping[str, object], protos: Any) -> bool:
    return found.keys() == set(protos) and all(
        same_attribute(found[name], protos[name]) for name in protos
    )


def assert_same_nodes(nodes: Iterable[Node], protos: Any) -> None:
    nodes = list(nodes)
    assert len(nodes) == len(protos)
    for node, proto in zip(nodes, protos, strict=True):
        inputs = [*node.inputs, *(f"^{name}" for name in node.control_inputs)]
        assert (node.name, node.op, node.device) == (proto.name, proto.op, proto.device)
        assert inputs == list(proto.input), node.name
        assert same_attributes(node.attributes, proto.attr), node.name


def assert_same_graph(graph: Graph | None, proto: Any) -> None:
    assert graph is not None
    assert graph.nodes.names == [node.name for node in proto.node]
    assert graph.nodes.ops == [node.op for node in proto.node]
    assert_same_nodes(graph.nodes, proto.node)
    versions = graph.versions
    assert versions.producer == proto.versions.producer
    assert versions.min_consumer == proto.versions.min_consumer
    assert list(versions.bad_consumers) == list(proto.versions.bad_consumers)
    assert list(graph.functions) == [f.signature.name for f in proto.library.function]
    for function in proto.library.function:
        found = graph.functions[function.signature.name]
        assert list(found.arguments) == [arg.name for arg in function.signature.input_arg]
        assert list(found.outputs) == [arg.name for arg in function.signature.output_arg]
        assert found.returns == dict(function.ret)
        assert found.control_returns == dict(function.control_ret)
        assert same_attributes(found.attributes, function.attr)
        assert_same_nodes(found.nodes, function.node_def)


@pytest.mark.parametrize("path", METAS + GRAPHS)
def test_nodes_and_functions(path: str) -> None:
    proto = message(path)
    graph = proto.graph_def if path in METAS else proto
    assert_same_graph(load(SAMPLES / path).graph, graph)


@pytest.mark.parametrize("path", SAVED)
def test_every_graph_of_a_saved_model(path: str) -> None:
    for proto in message(path).meta_graphs:
        tags = ",".join(proto.meta_info_def.tags)
        model = tf_saved_model.read(str(SAMPLES / path), tags)
        assert_same_graph(model.graph, proto.graph_def)
        assert_same_signatures(model.graph, proto)


def assert_same_signatures(graph: Graph | None, proto: Any) -> None:
    assert graph is not None
    assert {one.key: one.method for one in graph.signatures} == {
        key: one.method_name for key, one in proto.signature_def.items()
    }
    for one in graph.signatures:
        expected = proto.signature_def[one.key]
        for found, infos in ((one.inputs, expected.inputs), (one.outputs, expected.outputs)):
            assert {name: (info.name, info.dtype, info.shape) for name, info in found.items()} == {
                name: (info.name, dtype_name(info.dtype), shape(info.tensor_shape))
                for name, info in infos.items()
            }


@pytest.mark.parametrize("path", METAS)
def test_collections(path: str) -> None:
    from tensorflow.core.framework import variable_pb2

    proto = message(path)
    found = load(SAMPLES / path).collections
    assert found.keys() == set(proto.collection_def)
    for key, collection in proto.collection_def.items():
        kind = collection.WhichOneof("kind")
        members = list(getattr(collection, kind).value) if kind else []
        mine = list(found[key].members)
        assert len(mine) == len(members), key
        if found[key].kind == "variables" and kind == "bytes_list":
            names = [variable_pb2.VariableDef.FromString(one).variable_name for one in members]
            assert [f"{name}:0" for name in mine] == names
        elif kind == "node_list":
            assert [name.removesuffix(":0") for name in mine] == [
                name.removesuffix(":0") for name in members
            ]
        elif kind == "int64_list":
            assert mine == list(map(str, members))
        elif kind == "float_list":
            assert [np.float32(one) for one in mine] == [np.float32(one) for one in members]


@pytest.mark.parametrize("path", METAS)
def test_variables_against_a_session_that_imports_the_graph(path: str) -> None:
    proto = message(path)
    trainable = "trainable_variables" in proto.collection_def
    with tf.Graph().as_default():
        tf.compat.v1.train.import_meta_graph(proto)
        known = {v.name.removesuffix(":0"): v for v in tf.compat.v1.global_variables()}
        trained = {v.name.removesuffix(":0") for v in tf.compat.v1.trainable_variables()}
    mine = {variable.key: variable for variable in load(SAMPLES / path).variables}
    assert known.keys() <= mine.keys()
    for name, variable in known.items():
        assert mine[name].shape == tuple(variable.shape.as_list())
        assert mine[name].dtype == dtype_name(variable.dtype.base_dtype.as_datatype_enum)
        assert mine[name].trainable is (name in trained if trainable else None)


@pytest.mark.parametrize("path", METAS)
def test_what_the_saver_writes(path: str) -> None:
    """The keys that a Saver made from the file would restore, from the nodes that it names."""
    proto = message(path)
    graph = metagraph.read(str(SAMPLES / path)).graph
    assert graph is not None
    if not proto.HasField("saver_def"):
        assert graph.saver is None
        return
    assert graph.saver is not None
    with tf.Graph().as_default() as imported:
        tf.compat.v1.train.import_meta_graph(proto)
        start = imported.get_tensor_by_name(proto.saver_def.save_tensor_name).op
        expected: list[tuple[str, str, str]] = []
        waiting, seen = [start], {start}
        while waiting:
            op = waiting.pop()
            if op.type in {"SaveV2", "SaveSlices"}:
                keys = tf.make_ndarray(op.inputs[1].op.node_def.attr["value"].tensor)
                specs = tf.make_ndarray(op.inputs[2].op.node_def.attr["value"].tensor)
                tensors = [tensor.name.removesuffix(":0") for tensor in op.inputs[3:]]
                expected += zip(
                    (key.decode() for key in keys),
                    (spec.decode() for spec in specs),
                    tensors,
                    strict=True,
                )
                continue
            for other in [*op.control_inputs, *(tensor.op for tensor in op.inputs)]:
                if other not in seen:
                    seen.add(other)
                    waiting.append(other)
    written = [(one.key, one.spec, one.tensor) for one in graph.saver.saves]
    assert sorted(written) == sorted(expected)
    assert all(one.variable for one in graph.saver.saves)
    assert {one.key for one in graph.saver.restores} == {one.key for one in graph.saver.saves}
    assert {one.variable for one in graph.saver.restores} == {
        one.variable for one in graph.saver.saves
    }


@pytest.mark.parametrize("pattern", V1)
def test_v1_checkpoint_against_its_reader(pattern: str) -> None:
    reader = tf.train.load_checkpoint(str(SAMPLES / pattern))
    model = load(SAMPLES / pattern.removesuffix("-?????-of-00002"))
    assert {v.key: list(v.shape or ()) for v in model.variables} == (
        reader.get_variable_to_shape_map()
    )
    for variable in model.variables:
        # The reader itself refuses partitioned variables; the operation puts them together.
        expected = tf.raw_ops.Restore(
            file_pattern=str(SAMPLES / pattern), tensor_name=variable.key, dt=variable.dtype
        ).numpy()
        if variable.dtype == "string":
            assert values.strings(model, variable) == list(expected.reshape(-1))
        else:
            found = b"".join(chunk.tobytes() for chunk in values.chunks(model, variable))
            assert found == expected.tobytes(), variable.key


@pytest.mark.parametrize("path", SAVED)
def test_saved_model_values(path: str) -> None:
    model = load((SAMPLES / path).parent)
    reader = tf.train.load_checkpoint(str((SAMPLES / path).parent / "variables" / "variables"))
    assert model.variables
    for variable in model.variables:
        key = str(variable.attributes.get("checkpoint_key", variable.key))
        expected = reader.get_tensor(key)
        found = b"".join(chunk.tobytes() for chunk in values.chunks(model, variable))
        assert found == expected.tobytes(), variable.key


def test_parts_of_a_partitioned_variable_of_a_saved_model(tmp_path: Path) -> None:
    """The graph has a node for each part, the checkpoint one tensor with slices."""
    v1: Any = tf.compat.v1
    folder = str(tmp_path / "model")
    with v1.Graph().as_default(), v1.Session() as session:
        x = v1.placeholder("float32", [None, 5])
        with v1.variable_scope("deep", partitioner=v1.fixed_size_partitioner(2)):
            whole = v1.get_variable("w", [5, 3])
        y = x @ v1.convert_to_tensor(whole)
        session.run(v1.global_variables_initializer())
        v1.saved_model.simple_save(session, folder, {"x": x}, {"y": y})
        parts = {part.op.name: session.run(part) for part in whole}
    model = load(folder)
    assert {v.key: v.shape for v in model.variables} == {k: a.shape for k, a in parts.items()}
    for variable in model.variables:
        found = np.concatenate(list(values.chunks(model, variable)))
        assert found.tolist() == parts[variable.key].ravel().tolist()


def test_saved_model_objects_against_a_loaded_one() -> None:
    loaded = tf.saved_model.load(str(SAMPLES / "tf2_saved_model"))
    model = load(SAMPLES / "tf2_saved_model")
    by_path = {v.attributes["object_path"]: v for v in model.variables}
    assert by_path.keys() == {"calls", "layers/0/w", "layers/0/b", "layers/1/w", "layers/1/b"}
    assert by_path["calls"].trainable is loaded.calls.trainable is False
    for number, layer in enumerate(loaded.layers):
        for name in ("w", "b"):
            mine = by_path[f"layers/{number}/{name}"]
            assert mine.name == name
            assert mine.shape == tuple(getattr(layer, name).shape)
            assert mine.trainable is True


@pytest.mark.parametrize("path", METAS + GRAPHS[:1] + SAVED)
@pytest.mark.parametrize(
    "style",
    [{}, {"as_one_line": True}, {"use_short_repeated_primitives": True, "pointy_brackets": True}],
)
def test_text_format(path: str, style: dict[str, bool]) -> None:
    proto = message(path)
    text = text_format.MessageToString(proto, **style).encode()
    encoded = pbtxt.encode(text, proto.DESCRIPTOR.name, SCHEMA)
    # Through bytes, because a NaN is not equal to itself.
    again = type(proto).FromString(encoded).SerializeToString(deterministic=True)
    assert again == proto.SerializeToString(deterministic=True)
    formats = {"MetaGraphDef": "tf-metagraph", "GraphDef": "tf-graphdef"}
    expected = formats.get(proto.DESCRIPTOR.name, "tf-saved-model")
    assert tf_protobuf.of_text(text[:4096]) == expected


def test_text_layout_is_tensorflows() -> None:
    """Every field of every message, and every value of every enum."""
    from tensorflow.core.protobuf import saved_model_pb2

    messages: dict[str, str] = {}
    enums: dict[str, str] = {}
    waiting = [saved_model_pb2.SavedModel.DESCRIPTOR]
    while waiting:
        descriptor = waiting.pop()
        if short_name(descriptor) in messages:
            continue
        rows = []
        for field in sorted(descriptor.fields, key=lambda one: one.number):
            kind = TYPE_NAMES.get(field.type)
            if field.message_type is not None:
                waiting.append(field.message_type)
                kind = short_name(field.message_type)
            elif field.enum_type is not None:
                kind = short_name(field.enum_type)
                pairs = (f"{value.name}={value.number}" for value in field.enum_type.values)
                enums[kind] = " ".join(pairs)
            rows.append(f"{field.name} {field.number} {kind}{'*' if field.is_repeated else ''}")
        messages[short_name(descriptor)] = "; ".join(rows)
    assert messages == MESSAGES
    assert enums == ENUMS


def short_name(descriptor: Any) -> str:
    name: str = descriptor.full_name
    return name.removeprefix("tensorflow.").removeprefix("google.protobuf.")


# google.protobuf.descriptor.FieldDescriptor, TYPE_*.
TYPE_NAMES = {
    1: "double",
    2: "float",
    3: "int64",
    4: "uint64",
    5: "int32",
    6: "fixed64",
    8: "bool",
    9: "string",
    12: "bytes",
    13: "uint32",
    18: "sint64",
}


def test_frozen_constants(tmp_path: Path) -> None:
    """Constants of every type and every way of writing them, through the public reader."""
    model = load(SAMPLES / "graphs/frozen.pb")
    protos = {node.name: node.attr["value"].tensor for node in message("graphs/frozen.pb").node}
    assert all(variable.kind == "constant" for variable in model.variables)
    for variable in model.variables:
        expected = tf.make_ndarray(protos[variable.key])
        if variable.dtype == "string":
            assert values.strings(model, variable) == list(expected.reshape(-1))
            continue
        assert variable.nbytes == expected.nbytes
        found = b"".join(chunk.tobytes() for chunk in values.chunks(model, variable))
        assert found == expected.tobytes(), variable.key
