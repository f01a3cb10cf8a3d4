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
from typing import TYPE_CHECKING, NamedTuple

from scopecli.binary import wire, wire_writer
from scopecli.errors import ScopecliError, UnsupportedError
from scopecli.formats import tf_names
from scopecli.formats.tf_layout import ObjectGraph as Layout
from scopecli.formats.tf_object_graph import ATTRIBUTES_MARK, KEY, SLOT_MARK, unescaped
from scopecli.model.renaming import Renaming, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from scopecli.model.model import Model
    from scopecli.model.variable import Variable

_PATHS = "object paths"
_NAMES = "full names"
_VALUE = "VARIABLE_VALUE"

# A node of the object graph and the name of an edge that leaves it.
Edge = tuple[int, str]


class _Node(NamedTuple):
    """What is asked of a node.

    Attributes:
        children: the nodes that its edges lead to, by name.
        slots: of an optimizer, the node of each slot, by the variable's node and the slot's name.
    """

    children: dict[str, int]
    slots: dict[tuple[int, str], int]


class _Address(NamedTuple):
    """How an entry is reached.

    Attributes:
        edges: from the root to the variable.
        state: from the root to the optimizer, where the entry is a slot.
        slot: node of the slot and its name; None where the entry is no slot.
        attribute: what of the node the entry is, mostly `VARIABLE_VALUE`.
    """

    edges: list[Edge]
    state: list[Edge]
    slot: tuple[int, str] | None
    attribute: str

    @property
    def names(self) -> list[str]:
        """The parts that its path is made of."""
        slot = [] if self.slot is None else [self.slot[1]]
        other = [] if self.attribute == _VALUE else [self.attribute]
        return [*(name for _, name in (*self.edges, *self.state)), *slot, *other]


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
    nodes = _parse(data)
    paths = {v.key: _path(v) for v in model.variables if v.key != KEY}
    dropped = frozenset(key for key, path in paths.items() if path in renaming.drops)
    addresses = {key: _address(nodes, key) for key in paths if key not in dropped}
    votes = _Votes()
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
        new = key if address is None else _new_key(address, new_names, votes.slots)
        if new != key:
            moves[key] = new
    keys = Renaming(moves, dropped)
    graph = _Rewriter(data, keys, renaming, new_names, votes.slots).graph()
    return Edit(keys, graph, graph != data, votes.problems)


class _Votes:
    """What each entry wants the edges to be called that lead to it.

    An entry that stays wants them to stay, so a scope moves whole or not at all. A slot follows:
    only what changes in its path counts.
    """

    def __init__(self) -> None:
        self.problems: list[tuple[str, str]] = []
        self.slots: dict[int, str] = {}
        self._wanted: dict[Edge, dict[str, str]] = {}  # new name of an edge: who wants it

    def add(self, old: str, new: str, address: _Address) -> None:
        """Note what an entry wants."""
        names = address.names
        parts = _parts(new, names)
        if parts is None:
            problem = f"cannot become {new}: edges of an object graph can only be called otherwise"
            self.problems.append((old, problem))
            return
        for edge, part in zip((*address.edges, *address.state), parts, strict=False):
            if address.slot is None or part != edge[1]:
                self._wanted.setdefault(edge, {}).setdefault(part, old)
        last = len(address.edges) + len(address.state)
        if address.slot is not None and parts[last] != names[last]:
            self.slots[address.slot[0]] = parts[last]
            last += 1
        if parts[last:] != names[last:]:
            self.problems.append((old, f"is the object's {address.attribute}, which has no name"))

    def settled(self, nodes: Sequence[_Node]) -> dict[Edge, str]:
        """The edges that get another name."""
        found = {}
        for edge, wanted in self._wanted.items():
            first, *others = wanted.items()
            for name, who in others:
                stays = first[1] if name != edge[1] else who
                moves = who if name != edge[1] else first[1]
                problem = f"cannot move without {stays}: objects keep what they hold"
                self.problems.append((moves, problem))
            if not others and first[0] != edge[1]:
                found[edge] = first[0]
        for number in {number for number, _ in found}:
            self._check_siblings(number, nodes[number], found)
        return found

    def _check_siblings(self, number: int, node: _Node, found: Mapping[Edge, str]) -> None:
        names = Counter(found.get((number, name), name) for name in node.children)
        for (parent, old), new in found.items():
            if parent == number and names[new] > 1:
                who = next(iter(self._wanted[parent, old].values()))
                self.problems.append((who, f"its object has another child called {new!r}"))


def _serialized(model: Model) -> bytes:
    graph = next((v for v in model.variables if v.key == KEY), None)
    if graph is None or model.tensors is None:
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


def _parts(path: str, names: Sequence[str]) -> list[str] | None:
    """A path as parts that stand for those names; None where there are more or fewer.

    A name may have slashes of its own (`heads/left/right` may be `heads`, `left/right`).
    """
    pieces = path.split("/")
    parts = []
    for name in names:
        count = name.count("/") + 1
        parts.append("/".join(pieces[:count]))
        del pieces[:count]
    return None if pieces or "" in parts else parts


def _parse(data: bytes) -> list[_Node]:
    nodes = []
    for field, kind, start, end in wire.fields(data, 0, len(data)):
        if field != Layout.NODES or kind != wire.BYTES:
            continue
        node = _Node({}, {})
        for part, part_kind, a, b in wire.fields(data, start, end):
            if part_kind != wire.BYTES:
                continue
            if part == Layout.NODE_CHILDREN:
                child = _fields(data, a, b)
                node.children[child.text(Layout.CHILD_NAME)] = child.number(Layout.CHILD_NODE)
            elif part == Layout.NODE_SLOTS:
                row = _fields(data, a, b)
                original = row.number(Layout.SLOT_ORIGINAL), row.text(Layout.SLOT_NAME)
                node.slots[original] = row.number(Layout.SLOT_VARIABLE)
        nodes.append(node)
    return nodes


class _Fields(NamedTuple):
    """The fields of a small message, those that are given."""

    numbers: dict[int, int]
    texts: dict[int, str]

    def number(self, field: int) -> int:
        """A number. Proto3 leaves a zero out."""
        return self.numbers.get(field, 0)

    def text(self, field: int) -> str:
        """A string. Proto3 leaves an empty one out."""
        return self.texts.get(field, "")


def _fields(data: bytes, start: int, end: int) -> _Fields:
    found = _Fields({}, {})
    for field, kind, a, b in wire.fields(data, start, end):
        if kind == wire.VARINT:
            found.numbers[field] = a
        elif kind == wire.BYTES:
            found.texts[field] = wire.text(data, a, b)
    return found


def _address(nodes: Sequence[_Node], key: str) -> _Address | None:
    """How a key is reached from the root; None where its path is not in the graph."""
    path, mark, attribute = key.rpartition(ATTRIBUTES_MARK)
    path, slot_mark, state = path.partition(SLOT_MARK)
    variable = _walk(nodes, path) if mark else None
    if variable is None or not slot_mark:
        return None if variable is None else _Address(variable[0], [], None, attribute)
    path, _, name = state.rpartition("/")
    name = unescaped(name)
    optimizer = _walk(nodes, path)
    if optimizer is None:
        return None
    slot = nodes[optimizer[1]].slots.get((variable[1], name))
    if slot is None:
        return None
    return _Address(variable[0], optimizer[0], (slot, name), attribute)


def _walk(nodes: Sequence[_Node], path: str) -> tuple[list[Edge], int] | None:
    """The edges of an escaped path and the node at its end; None where it leads nowhere."""
    edges = []
    at = 0
    for part in path.split("/"):
        name = unescaped(part)
        following = nodes[at].children.get(name) if at < len(nodes) else None
        if following is None:
            return None
        edges.append((at, name))
        at = following
    return (edges, at) if at < len(nodes) else None


def _new_key(address: _Address, renamed: Mapping[Edge, str], slots: Mapping[int, str]) -> str:
    """The key of an entry once edges have other names."""
    key = _joined(address.edges, renamed)
    if address.slot is not None:
        number, name = address.slot
        slot = _escaped(slots.get(number, name))
        key = f"{key}{SLOT_MARK}{_joined(address.state, renamed)}/{slot}"
    return f"{key}{ATTRIBUTES_MARK}{address.attribute}"


def _joined(edges: Sequence[Edge], renamed: Mapping[Edge, str]) -> str:
    return "/".join(_escaped(renamed.get(edge, edge[1])) for edge in edges)


def _escaped(name: str) -> str:
    """What `unescaped` undoes."""
    return name.replace(".", "..").replace("/", ".S")


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
                _fields(self._data, a, b).text(Layout.ATTRIBUTE_KEY)
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
        child = _fields(self._data, start, end)
        if child.number(Layout.CHILD_NODE) in self._emptied:
            return None
        new = self._edges.get((self._node, child.text(Layout.CHILD_NAME)))
        return self._with_text(start, end, {Layout.CHILD_NAME: new})

    def _attribute(self, start: int, end: int) -> bytes | None:
        attribute = _fields(self._data, start, end)
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
        number = _fields(self._data, start, end).number(Layout.SLOT_VARIABLE)
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
