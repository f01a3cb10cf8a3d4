"""Savers as the graph shows them: which checkpoint key is saved from which variable.

`saver_def` only names the nodes that a save and a restore are started with. The keys, and the
slices of partitioned variables, are constants that the Save and Restore operations are given.
https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/protobuf/saver.proto
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.binary.protobuf.wire import BYTES, VARINT
from scopecli.formats.tensorflow.graphs import edges as tf_edges
from scopecli.formats.tensorflow.graphs.layout import SaverDef
from scopecli.model.graph import Saved, Saver, node_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from scopecli.binary.window import Window
    from scopecli.model.graph import Function, Node, Nodes

    Functions = Callable[[], Mapping[str, Function]]

_WRITTEN_VERSIONS = {0: "LEGACY", 1: "V1", 2: "V2"}
_NO_INPUT = 0  # the first input is the file's name, so no list of slices is there

# Numbers of the inputs with the keys and the slices, and of the first tensor.
_SAVE_OPS = {"SaveV2": (1, 2, 3), "SaveSlices": (1, 2, 3), "Save": (1, _NO_INPUT, 2)}
_RESTORE_OPS = {"RestoreV2": (1, 2), "RestoreSlice": (1, 2), "Restore": (1, _NO_INPUT)}
_CALL_OPS = frozenset({"PartitionedCall", "StatefulPartitionedCall"})
_ASSIGN_OPS = frozenset({"Assign", "AssignVariableOp"})
# What may stand between a Restore and an Assign, once each; `Saver(reshape=True)` adds a Reshape.
_ON_THE_WAY = ("Identity", "Reshape")


class SaverNames:
    """A SaverDef: the nodes and tensors that it names."""

    __slots__ = ("filename", "restore", "save", "version")

    def __init__(self, window: Window, spans: Iterable[tuple[int, int]]) -> None:
        self.filename = self.save = self.restore = ""
        self.version = _WRITTEN_VERSIONS[0]
        for start, end in spans:
            for field, kind, a, b in window.fields(start, end):
                if field == SaverDef.VERSION and kind == VARINT:
                    self.version = _WRITTEN_VERSIONS.get(a, str(a))
                elif kind == BYTES and field == SaverDef.FILENAME:
                    self.filename = window.text(a, b)
                elif kind == BYTES and field == SaverDef.SAVE:
                    self.save = window.text(a, b)
                elif kind == BYTES and field == SaverDef.RESTORE:
                    self.restore = window.text(a, b)


def saved(
    nodes: Nodes, names: SaverNames, variables: Mapping[str, object], functions: Functions
) -> list[Saved]:
    """The entries that the saver which the file names writes.

    Raises:
        ScopecliError: a node that is needed contradicts the format.
    """
    index = nodes.find(node_name(names.save))
    if index < 0:
        return []
    if nodes.ops[index] in _CALL_OPS:
        return _saved_by_function(nodes, nodes[index], variables, functions)
    found = _by_scope(nodes, _SAVE_OPS).get(_scope(names.save), [])
    return [entry for index in found for entry in _saves(nodes, nodes[index], variables)]


def savers(
    nodes: Nodes, names: SaverNames, variables: Mapping[str, object], functions: Functions
) -> tuple[Saver | None, list[Saver]]:
    """The saver that the file names, and those whose nodes are beside it.

    Raises:
        ScopecliError: a node that is needed contradicts the format.
    """
    main = _scope(names.save) if names.save else None
    saves, restores = _by_scope(nodes, _SAVE_OPS), _by_scope(nodes, _RESTORE_OPS)
    takers = _takers(nodes) if restores else {}
    stale = [
        Saver(
            scope,
            "",
            "",
            "",
            "",
            [s for index in saves.get(scope, ()) for s in _saves(nodes, nodes[index], variables)],
            _restores(nodes, restores.get(scope, []), takers, variables),
        )
        for scope in dict.fromkeys([*saves, *restores])
        if scope != main
    ]
    if main is None:
        return None, stale
    writes = saved(nodes, names, variables, functions)
    reads = _restores(nodes, restores.get(main, []), takers, variables)
    named = (names.version, names.filename, names.save, names.restore)
    return Saver(main, *named, writes, reads), stale


def key_constants(nodes: Nodes) -> set[str]:
    """The nodes of the constants that savers have their keys in.

    A restore without a save beside it takes what it restores from the checkpoint of another graph,
    as `tf.train.init_from_checkpoint` makes it: its keys are not this graph's.

    Raises:
        ScopecliError: a node that is needed contradicts the format.
    """
    saves, restores = _by_scope(nodes, _SAVE_OPS), _by_scope(nodes, _RESTORE_OPS)
    found = set()
    for scope, indexes in saves.items():
        for index in (*indexes, *restores.get(scope, ())):
            for keys in nodes[index].inputs[1:2]:
                node = tf_edges.constant_node(nodes, keys)
                if node is not None:
                    found.add(node.name)
    return found


def _scope(name: str) -> str:
    return node_name(name).rpartition("/")[0]


def _by_scope(nodes: Nodes, ops: Mapping[str, object]) -> dict[str, list[int]]:
    """The nodes of these types by the scope that they are in: each saver has its own."""
    found: dict[str, list[int]] = {}
    lists: dict[str, str] = {}  # by the constant with the keys, the operation that it is for
    for index, op in enumerate(nodes.ops):
        if op not in ops:
            continue
        name = nodes.names[index]
        keys = "".join(map(node_name, nodes[index].inputs[1:2]))
        # Each operation has a list of its own. A file where all share a long one is meant to take
        # as long to read as the one number times the other.
        if lists.setdefault(f"{op} {keys}", name) == name:
            found.setdefault(_scope(name), []).append(index)
    return found


def _saves(nodes: Nodes, node: Node, variables: Mapping[str, object]) -> list[Saved]:
    """What one Save operation writes."""
    keys, slices, first = _SAVE_OPS[node.op]
    tensors = node.inputs[first:]
    return [
        Saved(key, spec, tensor, tf_edges.variable_of(nodes, tensor, variables))
        for (key, spec), tensor in zip(_entries(nodes, node, keys, slices), tensors, strict=False)
    ]


def _entries(nodes: Nodes, node: Node, keys: int, slices: int) -> list[tuple[str, str]]:
    """Keys and slices that one operation is given."""
    if len(node.inputs) <= max(keys, slices):
        return []
    found = tf_edges.strings_of(nodes, node.inputs[keys])
    specs = tf_edges.strings_of(nodes, node.inputs[slices]) if slices else []
    return list(zip(found, specs + [""] * (len(found) - len(specs)), strict=False))


def _takers(nodes: Nodes) -> dict[str, tuple[str, str]]:
    """For each tensor that is assigned, the assigning node and what it is assigned to."""
    found = {}
    for index, op in enumerate(nodes.ops):
        if op not in _ASSIGN_OPS:
            continue
        node = nodes[index]
        if len(node.inputs) < 2:
            continue
        value = node.inputs[1]
        for _ in _ON_THE_WAY:
            source = nodes.find(node_name(value))
            if source >= 0 and nodes.ops[source] in _ON_THE_WAY and nodes[source].inputs:
                value = nodes[source].inputs[0]
        found[value.removesuffix(":0")] = (node.name, node.inputs[0])
    return found


def _restores(
    nodes: Nodes,
    indexes: list[int],
    takers: Mapping[str, tuple[str, str]],
    variables: Mapping[str, object],
) -> list[Saved]:
    """What Restore operations read, and what takes it."""
    found = []
    for index in indexes:
        node = nodes[index]
        for number, (key, spec) in enumerate(_entries(nodes, node, *_RESTORE_OPS[node.op])):
            tensor = f"{node.name}:{number}" if number else node.name
            taker, target = takers.get(tensor, ("", ""))
            variable = tf_edges.variable_of(nodes, target, variables) if target else ""
            found.append(Saved(key, spec, taker, variable))
    return found


def _saved_by_function(
    nodes: Nodes, call: Node, variables: Mapping[str, object], functions: Functions
) -> list[Saved]:
    """What a function writes that TensorFlow 2 saves with: its arguments lead to variables."""
    name = getattr(call.attributes.get("f"), "name", "")
    function = functions().get(name)
    if function is None:
        return []
    given = {
        argument: tf_edges.variable_of(nodes, tensor, variables)
        for argument, tensor in zip(function.arguments, call.inputs, strict=False)
    }
    body = function.nodes
    return [
        Saved(entry.key, entry.spec, entry.tensor, given.get(entry.variable, ""))
        for index, op in enumerate(body.ops)
        if op in _SAVE_OPS
        for entry in _saves(body, body[index], given)
    ]
