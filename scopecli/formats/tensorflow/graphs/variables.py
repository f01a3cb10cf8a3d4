"""The variables of a graph: the nodes that hold them, with what the graph says of each.

A graph without variables is frozen: training is over and their values became constants.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.formats.tensorflow import slots as tf_slots
from scopecli.formats.tensorflow.graphs import optimizers as tf_optimizers
from scopecli.formats.tensorflow.types import stored_bytes
from scopecli.model.model import Note
from scopecli.model.variable import NO_ATTRIBUTES, Variable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from scopecli.formats.tensorflow.description import Description
    from scopecli.formats.tensorflow.graphs.collections import Collections
    from scopecli.formats.tensorflow.graphs.nodes import NodeTable
    from scopecli.formats.tensorflow.graphs.optimizers import Optimizers
    from scopecli.formats.tensorflow.types import Shape
    from scopecli.model.graph import Node, Saved
    from scopecli.model.variable import Kind

_RESOURCE_OP = "VarHandleOp"
OPS = frozenset({"Variable", "VariableV2", "AutoReloadVariable", _RESOURCE_OP})
_CONSTANT_OPS = frozenset({"Const"})
_PLAIN: tuple[Kind, Mapping[str, object]] = ("variable", NO_ATTRIBUTES)


def names(nodes: NodeTable) -> dict[str, int]:
    """Number of the node of each variable, by name; of the first where a name comes again."""
    found: dict[str, int] = {}
    for index in nodes.with_ops(OPS):
        found.setdefault(nodes.names[index], index)
    return found


def describe(
    variables: Mapping[str, object], collections: Collections, optimizers: Optimizers
) -> dict[str, Description]:
    """Kind and owner of every variable that is more than a plain one.

    What optimizers do with it decides. Names are asked only where they say nothing, and never
    against the file: what is trainable or updated by an optimizer is nobody's state.
    """
    known = list(variables)
    described = {
        name: description
        for name, description in zip(known, tf_slots.describe(known), strict=True)
        if description[1:] != _PLAIN
        and name not in optimizers.updated
        and not collections.trainable(name)
    }
    return {**described, **optimizers.described}


def of_graph(
    nodes: NodeTable, collections: Collections, saved: Mapping[str, Saved], notes: list[Note]
) -> tuple[list[Variable], Optimizers]:
    """The variables of a graph, or its constants where there are none; and its optimizers.

    Args:
        nodes: of the main graph.
        collections: what they say of the variables.
        saved: by variable, what the saver writes of it.
        notes: gets what is odd.

    Raises:
        ScopecliError: a node contradicts the format.
    """
    known = names(nodes)
    if not known:
        keys = _keys(nodes, _CONSTANT_OPS, notes)
        return [_constant(key, nodes[index]) for key, index in keys], tf_optimizers.Optimizers()
    optimizers = tf_optimizers.read(nodes, known)
    described = describe(known, collections, optimizers)
    variables = []
    for key, index in _keys(nodes, OPS, notes):
        node = nodes[index]
        _, kind, known_attributes = described.get(key, (key, *_PLAIN))
        attributes = {
            **known_attributes,
            **definition_attributes(node.name, collections),
            **_saved_attributes(node.name, saved),
            **_node_attributes(node),
        }
        dtype, shape = _type(node)
        variables.append(
            Variable(
                key=key,
                name=node.name,
                shape=shape,
                dtype=dtype,
                nbytes=stored_bytes(dtype, shape),
                kind=kind,
                trainable=collections.trainable(node.name),
                attributes=attributes,
            )
        )
    return variables, optimizers


def _keys(nodes: NodeTable, ops: frozenset[str], notes: list[Note]) -> Iterator[tuple[str, int]]:
    """A key for each node of these types: its name, with a number where that is not unique."""
    taken: set[str] = set()
    for index in nodes.with_ops(ops):
        name = key = nodes.names[index]
        if key in taken:
            notes.append(Note("duplicate-node", "several nodes have this name", name))
            key = f"{name}#{index}"
        taken.add(key)
        yield key, index


def definition_attributes(name: str, collections: Collections) -> dict[str, object]:
    """What the VariableDef of a variable adds."""
    definition = collections.definitions.get(name)
    if definition is None:
        return {}
    found: dict[str, object] = {}
    if definition.initializer:
        found["initializer"] = definition.initializer
    if definition.partition_of:
        found["partition_of"] = definition.partition_of
        found["slice"] = definition.slice
    return found


def _saved_attributes(name: str, saved: Mapping[str, Saved]) -> dict[str, object]:
    """The checkpoint's key of a variable, where it is not its name; the slice that is saved."""
    entry = saved.get(name)
    if entry is None:
        return {}
    found: dict[str, object] = {}
    if entry.key != name:
        found["checkpoint_key"] = entry.key
    if entry.spec:
        found["partition_of"] = entry.key
        found["slice"] = entry.spec
    return found


def _node_attributes(node: Node) -> dict[str, object]:
    found: dict[str, object] = {"op": node.op}
    shared = node.attributes.get("shared_name")
    if isinstance(shared, bytes) and shared and shared != node.name.encode(errors="replace"):
        found["shared_name"] = shared.decode("utf-8", "surrogateescape")
    return found


def _type(node: Node) -> tuple[str, Shape]:
    """Type and shape as the attributes of a variable's node have them."""
    dtype, shape = node.attributes.get("dtype"), node.attributes.get("shape")
    return (
        dtype if isinstance(dtype, str) else "dtype 0",
        shape if isinstance(shape, tuple) else None,
    )


def _constant(key: str, node: Node) -> Variable:
    from scopecli.formats.tensorflow.graphs.edges import constant

    value = constant(node)
    if value is None:
        return Variable(key, node.name, None, _type(node)[0], None, "constant")
    return Variable(
        key=key,
        name=node.name,
        shape=value.shape,
        dtype=value.dtype,
        nbytes=value.nbytes,
        kind="constant",
        storage=value,
    )
