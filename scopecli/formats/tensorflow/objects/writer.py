"""Renames in an object-based TF2 checkpoint: edges of its object graph, and the keys after them.

TensorFlow restores by walking its Python objects and the object graph side by side, from edge to
edge (`model`, `layers`, `0`, `kernel`); the key of a value is written at the node that they end at.
So a path moves by giving edges new names, the keys follow, and what cannot be said by edges alone
is refused: part of a scope, another depth.
https://www.tensorflow.org/guide/checkpoint#loading_mechanics
"""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

from scopecli.binary.protobuf import wire, wire_writer
from scopecli.errors import ScopecliError, UnsupportedError
from scopecli.formats.tensorflow import names as tf_names
from scopecli.formats.tensorflow.layout import ObjectGraph as Layout
from scopecli.formats.tensorflow.objects import edges as tf_object_edges
from scopecli.formats.tensorflow.objects.graph import KEY
from scopecli.model.records import NamedTuple
from scopecli.model.renaming import Renaming, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from scopecli.formats.tensorflow.objects.edges import Edge
    from scopecli.model.model import Model
    from scopecli.model.variable import Variable

_PATHS = "object paths"
_NAMES = "full names"


class Edit(NamedTuple):
    """A rename as it comes out.

    Attributes:
        keys: what becomes of the checkpoint's keys.
        graph: the object graph, serialized.
        changed: whether that is another one than before.
        problems: what cannot be done: (name, what is wrong).
    """

    keys: Renaming
    graph: bytes
    changed: bool
    problems: list[tuple[str, str]]


def subjects(model: Model) -> list[Subject]:
    """The object paths, and the full names of variables where they are others.

    Raises:
        ScopecliError: the object graph cannot be read.
    """
    _serialized(model)
    by_key = {variable.key: variable for variable in model.variables}
    repeated = Counter(variable.name for variable in model.variables)
    found = []
    for variable in model.variables:
        if variable.key == KEY:
            continue
        path = _path(variable)
        owner = by_key.get(str(variable.attributes.get("slot_of")))
        follows = "" if owner is None else _path(owner)
        found.append(Subject(path, variable.kind, follows, _PATHS))
        if variable.name != path:
            # Keras 3 calls every kernel of a model the same: such names need not be unique.
            space = _NAMES if repeated[variable.name] == 1 else f"{_NAMES} of {path}"
            follows = "" if owner is None else owner.name
            found.append(Subject(variable.name, "name", follows, space))
    return found


def refusals(model: Model, renaming: Renaming) -> Iterator[tuple[str, str]]:
    """New names that the object graph cannot have: (name, what is wrong with it)."""
    yield from edit(model, renaming).problems
    paths = {_path(variable) for variable in model.variables}
    full_names = {variable.name for variable in model.variables} - paths
    moves = {old: new for old, new in renaming.moves.items() if old in full_names}
    yield from tf_names.refusals(Renaming(moves, frozenset()))


def edit(model: Model, renaming: Renaming) -> Edit:
    """Find the edges that a rename of paths comes to, and write the object graph with them.

    Raises:
        ScopecliError: the object graph cannot be read.
    """
    data = _serialized(model)
    nodes = tf_object_edges.parse(data)
    paths = {v.key: _path(v) for v in model.variables if v.key != KEY}
    dropped = frozenset(key for key, path in paths.items() if path in renaming.drops)
    addresses = {key: tf_object_edges.address_of(nodes, key) for key in paths if key not in dropped}
    votes = tf_object_edges.Votes()
    for key, address in addresses.items():
        path = paths[key]
        moved = path in renaming.moves
        if address is not None:
            votes.add(path, renaming.of(path), address)
        elif moved:
            votes.problems.append((path, "is not where its key says in the object graph"))
    new_names = votes.settled(nodes)
    moves = {}
    for key, address in addresses.items():
        new = key if address is None else tf_object_edges.new_key(address, new_names, votes.slots)
        if new != key:
            moves[key] = new
    keys = Renaming(moves, dropped)
    graph = _Rewriter(data, keys, renaming, new_names, votes.slots).graph()
    return Edit(keys, graph, graph != data, votes.problems)


def _serialized(model: Model) -> bytes:
    graph = next((v for v in model.variables if v.key == KEY), None)
    if graph is None or graph.shape != () or model.tensors is None:
        raise UnsupportedError("has no object graph", path=model.path)
    try:
        return model.tensors.strings(graph)[0]
    except ScopecliError as error:
        raise UnsupportedError(
            f"cannot be renamed without its object graph, which cannot be read: {error.problem}",
            path=error.path or model.path,
        ) from error


def _path(variable: Variable) -> str:
    """The path of an entry through the objects."""
    return str(variable.attributes.get("object_path", variable.name))


class _Rewriter:
    """Writes an object graph whose edges, keys, full names and slot names are others.

    Every other byte stays. Nodes are known by their numbers, so none is taken out: a value that is
    dropped leaves a node without it, to which no edge leads any more.
    """

    def __init__(
        self,
        data: bytes,
        keys: Renaming,
        names: Renaming,
        edges: Mapping[Edge, str],
        slots: Mapping[int, str],
    ) -> None:
        self._data = data
        self._keys = keys
        self._names = names
        self._edges = edges
        self._slots = slots
        self._emptied = self._without_value() if keys.drops else frozenset[int]()
        self._node = -1

    def graph(self) -> bytes:
        """The whole graph."""
        return wire_writer.edited(self._data, 0, len(self._data), {Layout.NODES: self._node_at})

    def _without_value(self) -> frozenset[int]:
        """The nodes that hold nothing once their values are dropped."""
        found = set()
        number = -1
        for field, kind, start, end in wire.fields(self._data, 0, len(self._data)):
            if field != Layout.NODES or kind != wire.BYTES:
                continue
            number += 1
            inside = list(wire.fields(self._data, start, end))
            keys = [
                tf_object_edges.fields(self._data, a, b).text(Layout.ATTRIBUTE_KEY)
                for part, part_kind, a, b in inside
                if part == Layout.NODE_ATTRIBUTES and part_kind == wire.BYTES
            ]
            has_children = any(part == Layout.NODE_CHILDREN for part, *_ in inside)
            if keys and not has_children and self._keys.drops.issuperset(keys):
                found.add(number)
        return frozenset(found)

    def _node_at(self, start: int, end: int) -> bytes:
        self._node += 1
        edits = {
            Layout.NODE_CHILDREN: self._child,
            Layout.NODE_ATTRIBUTES: self._attribute,
            Layout.NODE_SLOTS: self._slot,
        }
        return wire_writer.edited(self._data, start, end, edits)

    def _child(self, start: int, end: int) -> bytes | None:
        child = tf_object_edges.fields(self._data, start, end)
        if child.number(Layout.CHILD_NODE) in self._emptied:
            return None
        new = self._edges.get((self._node, child.text(Layout.CHILD_NAME)))
        return self._with_text(start, end, {Layout.CHILD_NAME: new})

    def _attribute(self, start: int, end: int) -> bytes | None:
        attribute = tf_object_edges.fields(self._data, start, end)
        key = attribute.text(Layout.ATTRIBUTE_KEY)
        if key in self._keys.drops:
            return None
        full_name = attribute.text(Layout.ATTRIBUTE_FULL_NAME)
        changes = {
            Layout.ATTRIBUTE_FULL_NAME: self._names.moves.get(full_name),
            Layout.ATTRIBUTE_KEY: self._keys.moves.get(key),
        }
        return self._with_text(start, end, changes)

    def _slot(self, start: int, end: int) -> bytes | None:
        number = tf_object_edges.fields(self._data, start, end).number(Layout.SLOT_VARIABLE)
        if number in self._emptied:
            return None
        return self._with_text(start, end, {Layout.SLOT_NAME: self._slots.get(number)})

    def _with_text(self, start: int, end: int, changes: Mapping[int, str | None]) -> bytes:
        """A message with some of its strings changed."""
        edits = {
            field: partial(_constant, wire_writer.encoded_text(text))
            for field, text in changes.items()
            if text is not None
        }
        return wire_writer.edited(self._data, start, end, edits)


def _constant(value: bytes, _start: int, _end: int) -> bytes:
    return value
