"""The edges of an object graph: how a checkpoint's keys walk them, and what they may be called.

The key `model/layers/0/kernel/.ATTRIBUTES/VARIABLE_VALUE` is a walk from the root, edge by edge; a
slot's key has two, to the variable and to the optimizer, and the slot's name.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from scopecli.binary.protobuf import wire
from scopecli.formats.tensorflow.layout import ObjectGraph as Layout
from scopecli.formats.tensorflow.objects.graph import ATTRIBUTES_MARK, SLOT_MARK, unescaped
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_VALUE = "VARIABLE_VALUE"

# A node of the object graph and the name of an edge that leaves it.
Edge = tuple[int, str]


class Node(NamedTuple):
    """What is asked of a node.

    Attributes:
        children: the nodes that its edges lead to, by name.
        slots: of an optimizer, the node of each slot, by the variable's node and the slot's name.
    """

    children: dict[str, int]
    slots: dict[tuple[int, str], int]


class Address(NamedTuple):
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


class Votes:
    """What each entry wants the edges to be called that lead to it.

    An entry that stays wants them to stay, so a scope moves whole or not at all. A slot follows:
    only what changes in its path counts.
    """

    def __init__(self) -> None:
        self.problems: list[tuple[str, str]] = []
        self.slots: dict[int, str] = {}
        self._wanted: dict[Edge, dict[str, str]] = {}  # new name of an edge: who wants it

    def add(self, old: str, new: str, address: Address) -> None:
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

    def settled(self, nodes: Sequence[Node]) -> dict[Edge, str]:
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
        by_node: dict[int, dict[str, str]] = {}
        for (number, old), new in found.items():
            by_node.setdefault(number, {})[old] = new
        for number, renamed in by_node.items():
            names = Counter(renamed.get(name, name) for name in nodes[number].children)
            for old, new in renamed.items():
                if names[new] > 1:
                    (who,) = self._wanted[number, old].values()
                    self.problems.append((who, f"its object has another child called {new!r}"))
        return found


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


def parse(data: bytes) -> list[Node]:
    """The nodes of a serialized TrackableObjectGraph.

    Raises:
        DamagedFileError: it is not one.
    """
    nodes = []
    for field, kind, start, end in wire.fields(data, 0, len(data)):
        if field != Layout.NODES or kind != wire.BYTES:
            continue
        node = Node({}, {})
        for part, part_kind, a, b in wire.fields(data, start, end):
            if part_kind != wire.BYTES:
                continue
            if part == Layout.NODE_CHILDREN:
                child = fields(data, a, b)
                node.children[child.text(Layout.CHILD_NAME)] = child.number(Layout.CHILD_NODE)
            elif part == Layout.NODE_SLOTS:
                row = fields(data, a, b)
                original = row.number(Layout.SLOT_ORIGINAL), row.text(Layout.SLOT_NAME)
                node.slots[original] = row.number(Layout.SLOT_VARIABLE)
        nodes.append(node)
    return nodes


class Fields(NamedTuple):
    """The fields of a small message, those that are given."""

    numbers: dict[int, int]
    texts: dict[int, str]

    def number(self, field: int) -> int:
        """A number. Proto3 leaves a zero out."""
        return self.numbers.get(field, 0)

    def text(self, field: int) -> str:
        """A string. Proto3 leaves an empty one out."""
        return self.texts.get(field, "")


def fields(data: bytes, start: int, end: int) -> Fields:
    """The numbers and strings of the message in `data[start:end]`.

    Raises:
        DamagedFileError: the message contradicts the format.
    """
    found = Fields({}, {})
    for field, kind, a, b in wire.fields(data, start, end):
        if kind == wire.VARINT:
            found.numbers[field] = a
        elif kind == wire.BYTES:
            found.texts[field] = wire.text(data, a, b)
    return found


def address_of(nodes: Sequence[Node], key: str) -> Address | None:
    """How a key is reached from the root; None where its path is not in the graph."""
    path, mark, attribute = key.rpartition(ATTRIBUTES_MARK)
    path, slot_mark, state = path.partition(SLOT_MARK)
    variable = _walk(nodes, path) if mark else None
    if variable is None or not slot_mark:
        return None if variable is None else Address(variable[0], [], None, attribute)
    path, _, name = state.rpartition("/")
    name = unescaped(name)
    optimizer = _walk(nodes, path)
    if optimizer is None:
        return None
    slot = nodes[optimizer[1]].slots.get((variable[1], name))
    if slot is None:
        return None
    return Address(variable[0], optimizer[0], (slot, name), attribute)


def _walk(nodes: Sequence[Node], path: str) -> tuple[list[Edge], int] | None:
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


def new_key(address: Address, renamed: Mapping[Edge, str], slots: Mapping[int, str]) -> str:
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
