"""A notation for small models, in which the examples of rules are written. A line is one statement.

    net/w: float32[4,3] trainable slot_of=v     a variable with its flags, kind and attributes
    net/b: float32[3] holds=0                   one whose elements are all this number
    net/v: float32[3] crc=77                    one without values, but with a checksum
    net/MatMul = MatMul(x, net/w/read, ^init)   a node of the graph, its inputs and control inputs
    @trainable_variables: net/w, net/b          a collection
    !missing-shard data: is missing             a note of the reader
    format := keras-h5                          a field of the model: format, path, separator
    layer := encoder/dense Dense units=4        a layer of the model's description, its settings
    weights := dense: dense/w, dense/b          what the file has for a layer
    saver := net/w, key=net/b                   what the graph's saver writes
    stale := net/w                              what another saver in the graph writes
    meta := {"step": 3}                         facts about the whole file
    damage := TruncatedError is cut off         the error with which the file cannot be opened
    # a comment
    ---                                         the model above is the reference, or the one that
                                                is to be loaded together with the one below

In a model with a graph, each variable is a node with a `read` after it, as `get_variable` creates.
`graph := yes` gives a model a graph without further nodes.
"""

from __future__ import annotations

import json
from textwrap import dedent
from typing import TYPE_CHECKING

from scopecli import errors
from scopecli.analysis import constants
from scopecli.binary import crc
from scopecli.errors import ScopecliError
from scopecli.model.collection import Collection
from scopecli.model.dtypes import BITS
from scopecli.model.graph import Graph, Node, Saved, Saver, Versions, node_name
from scopecli.model.layer import Layer
from scopecli.model.model import LayerWeights, Model, Note
from scopecli.model.records import NamedTuple
from scopecli.model.variable import KINDS, Checksum, Kind, StoredAt, Variable
from scopecli.rules.context import Context

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scopecli.model.graph import Function, Nodes, Signature

_OTHER = "\n---\n"
_GRAPH = {"graph", "saver", "stale"}  # fields that only a graph has
_FLAGS = {"trainable": True, "untrainable": False}


class Example(NamedTuple):
    """The models of an example.

    Attributes:
        model: the model that is checked.
        other: the reference, or the model that is to be loaded together with it.
        damage: the error with which it cannot be opened.
    """

    model: Model
    other: Model | None
    damage: ScopecliError | None

    def context(self) -> Context:
        """The context that a rule is given."""
        return Context(
            self.model,
            reference=self.other,
            together=() if self.other is None else (self.other,),
            reads_values=self.model.tensors is not None,
            damage=self.damage,
        )


def parse(text: str) -> Example:
    """Read an example.

    Raises:
        ValueError: a line is no statement of this notation.
    """
    above, found, below = dedent(text).rpartition(_OTHER)
    parts = _Parts(below)
    other = _Parts(above).model() if found else None
    return Example(parts.model(), other, parts.damage())


class _Parts:
    """The statements of one model."""

    def __init__(self, text: str) -> None:
        self.fields: dict[str, str] = {}
        self.variables: list[Variable] = []
        self.nodes: list[Node] = []
        self.layers: list[Layer] = []
        self.weights: list[LayerWeights] = []
        self.lists: list[tuple[str, list[str]]] = []
        self.notes: list[Note] = []
        for line in text.splitlines():
            statement = line.partition("#")[0].strip()
            if statement:
                self._take(statement)

    def _take(self, line: str) -> None:
        name, sign, rest = _parted(line)
        if sign == " := " and name == "layer":
            path, class_name, *settings = rest.split()
            parent, _, own = path.rpartition("/")
            config = {key: int(value) for key, _, value in (s.partition("=") for s in settings)}
            self.layers.append(Layer(path, parent, own, class_name, config))
        elif sign == " := " and name == "weights":
            layer, _, keys = rest.partition(": ")
            self.weights.append(LayerWeights(layer, tuple(_words(keys))))
        elif sign == " := ":
            self.fields[name] = rest
        elif sign == " = ":
            self.nodes.append(_node(name, rest))
        elif name[0] == "@":
            self.lists.append((name[1:], _words(rest)))
        elif name[0] == "!":
            code, _, subject = name[1:].partition(" ")
            self.notes.append(Note(code, rest, subject))
        else:
            self.variables.append(_variable(name, rest))

    def model(self) -> Model:
        """The model that they describe."""
        graph = self._graph() if self.nodes or _GRAPH & self.fields.keys() else None
        known = {variable.key for variable in self.variables}
        return Model(
            path=self.fields.get("path", "example"),
            format=self.fields.get("format", "tf-metagraph" if graph else "tf-v2-checkpoint"),
            variables=self.variables,
            separator=self.fields.get("separator", "/"),
            metadata=json.loads(self.fields.get("meta", "{}")),
            collections={
                key: Collection(
                    key, "variables" if known.intersection(names) else "nodes", tuple(names)
                )
                for key, names in self.lists
            },
            layer_weights=self.weights,
            notes=self.notes,
            tensors=_Held() if any("holds" in v.attributes for v in self.variables) else None,
            graph=graph,
            layers=self.layers,
        )

    def damage(self) -> ScopecliError | None:
        """The error with which the file cannot be opened; None where it can."""
        kind, _, problem = self.fields.get("damage", "").partition(" ")
        return getattr(errors, kind)(problem) if kind else None

    def _graph(self) -> Graph:
        nodes = []
        for variable in self.variables:
            nodes.append(Node(variable.name, "VariableV2", (), (), "", {}))
            nodes.append(Node(f"{variable.name}/read", "Identity", (variable.name,), (), "", {}))
        stale = self._saver("stale", "save_1")
        parts = _GraphParts([*nodes, *self.nodes], self._saver("saver", "save"), stale)
        return Graph(parts)

    def _saver(self, field: str, scope: str) -> Saver | None:
        if field not in self.fields:
            return None
        pairs = [pair.rpartition("=") for pair in _words(self.fields[field])]
        saved = [Saved(key or name, "", name, name) for key, _, name in pairs]
        names = (f"{scope}/Const", f"{scope}/save", f"{scope}/restore_all")
        return Saver(scope, "V2", *names, saved, saved)


def _parted(line: str) -> tuple[str, str, str]:
    for sign in (" := ", " = ", ": "):
        name, found, rest = line.partition(sign)
        if found:
            return name.strip(), sign, rest.strip()
    raise ValueError(f"no statement: {line!r}")


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _variable(name: str, text: str) -> Variable:
    """A variable from its type, shape, flags, kind and attributes."""
    type_text, *words = text.split()
    dtype, _, dims = type_text.removesuffix("]").partition("[")
    shape = tuple(int(size) for size in _words(dims))
    kind: Kind = "variable"
    trainable = None
    attributes: dict[str, object] = {}
    for word in words:
        key, found, value = word.partition("=")
        if found:
            attributes[key] = value
        elif key in KINDS:
            kind = key
        else:
            trainable = _FLAGS[key]
    variable = Variable(name, name, shape, dtype, None, kind, trainable, None, attributes)
    bits = BITS.get(dtype)
    nbytes = variable.params * bits // 8 if bits else None
    variable = variable._replace(nbytes=nbytes)
    if "crc" in attributes:
        checksum = Checksum(crc.KIND, int(str(attributes["crc"])))
        return variable._replace(storage=StoredAt("data", None, nbytes or 0, checksum))
    return _held(variable) if "holds" in attributes else variable


def _held(variable: Variable) -> Variable:
    """A variable with the checksum of its values, as a checkpoint stores it."""
    one = _element(variable)
    checksum = Checksum(crc.KIND, crc.masked(crc.of_repeated(one, variable.params)))
    return variable._replace(storage=StoredAt("data", None, variable.nbytes or 0, checksum))


def _element(variable: Variable) -> bytes:
    one = constants.element(variable.dtype, float(str(variable.attributes["holds"])))
    assert one is not None  # noqa: S101 - examples are of numbers
    return one


class _Held:
    """Gives what the variables hold; a `TensorReader`."""

    def read(self, variable: Variable, _start: int, count: int) -> bytes:
        """Some elements, all the same."""
        return _element(variable) * count

    def strings(self, variable: Variable) -> Sequence[bytes]:
        """None."""
        raise ScopecliError("holds no strings", where=variable.key)


def _node(name: str, text: str) -> Node:
    op, _, inside = text.removesuffix(")").partition("(")
    inputs = _words(inside)
    data = tuple(tensor for tensor in inputs if tensor[0] != "^")
    control = tuple(node_name(tensor) for tensor in inputs if tensor[0] == "^")
    return Node(name, op, data, control, "", {})


class _Nodes:
    """Nodes in a list; a `Nodes`."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self._nodes = nodes
        self.names = [node.name for node in nodes]
        self.ops = [node.op for node in nodes]

    def __len__(self) -> int:
        return len(self._nodes)

    def __getitem__(self, index: int, /) -> Node:
        return self._nodes[index]

    def __iter__(self) -> Iterator[Node]:
        return iter(self._nodes)

    def find(self, name: str) -> int:
        """Number of the first node with the name; -1 where there is none."""
        return self.names.index(name) if name in self.names else -1


class _GraphParts:
    """The parts of a graph in memory; a `Parts`."""

    def __init__(self, nodes: Sequence[Node], saver: Saver | None, stale: Saver | None) -> None:
        self._nodes = _Nodes(nodes)
        self._saver = saver
        self._stale = stale

    def nodes(self) -> Nodes:
        """The nodes of the main graph."""
        return self._nodes

    def functions(self) -> Sequence[Function]:
        """None."""
        return ()

    def signatures(self) -> Sequence[Signature]:
        """None."""
        return ()

    def savers(self) -> tuple[Saver | None, Sequence[Saver]]:
        """The saver, and the stale one."""
        return self._saver, () if self._stale is None else (self._stale,)

    def versions(self) -> Versions:
        """Those of the last TensorFlow 1."""
        return Versions(134, 12, ())
