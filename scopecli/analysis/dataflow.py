"""Who reads a variable, and what its values flow into.

Only the computation of the model counts: what initializes, saves, restores, updates, averages or
differentiates a variable is no reader of it.
"""

from __future__ import annotations

from collections import deque
from functools import lru_cache
from typing import TYPE_CHECKING

from scopecli.model.graph import node_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from scopecli.model.graph import Graph, Node

VARIABLE_OPS = frozenset({"Variable", "VariableV2", "VarHandleOp", "AutoReloadVariable"})

# Operations that hand a value on unchanged.
_PASSING = frozenset(
    {
        "Enter",
        "Identity",
        "IdentityN",
        "ReadVariableOp",
        "RefEnter",
        "RefIdentity",
        "RefSwitch",
        "Switch",
    }
)
_CHOOSING = frozenset({"RefSwitch", "Switch"})

# Operations that look after a variable instead of computing with it: how their types start, and
# those that are told by their whole name. No patterns: compiling one takes as long as reading a
# small graph.
_HOUSEKEEPING_STARTS = (
    "Apply",
    "Assign",
    "ResourceApply",
    "ResourceScatter",
    "ResourceSparseApply",
    "Restore",
    "Save",
    "Scatter",
    "SparseApply",
)
_HOUSEKEEPING = frozenset(
    {
        "DestroyResourceOp",
        "Group",
        "IsVariableInitialized",
        "MergeV2Checkpoints",
        "NoOp",
        "Rank",
        "Shape",
        "ShardedFilename",
        "Size",
        "VarIsInitializedOp",
        "VariableShape",
        # What regularizers do to a weight, and hardly anything else does.
        "Abs",
        "L2Loss",
        "Square",
    }
)
# Name scopes that TensorFlow puts gradients, averages and moving statistics in.
_HOUSEKEEPING_SCOPES = frozenset({"AssignMovingAvg", "ExponentialMovingAverage", "gradients"})
_GRADIENT = "_grad"
# A name without any of these is in no such scope; looking at its parts would take much longer.
_HOUSEKEEPING_SIGNS = ("grad", "MovingAv")

# Operations that choose a branch, and which input they choose by.
_PREDICATE = {"If": 0, "RefSwitch": 1, "StatelessIf": 0, "Switch": 1}
_MOST_IDENTITIES = 4  # between the question and the choice
_INITIALIZED = frozenset({"IsVariableInitialized", "VarIsInitializedOp"})


class Readers:
    """The readers of each variable of a graph."""

    def __init__(self, graph: Graph) -> None:
        self._ops = dict(zip(graph.nodes.names, graph.nodes.ops, strict=True))
        self._places = {name: place for place, name in enumerate(self._ops)}
        self._consumers: dict[str, list[str]] = {}
        # TensorFlow 2 saves and restores by calls of functions, which look like any other.
        saver = graph.saver
        saving = {node_name(saver.save), node_name(saver.restore)} if saver else set()
        for node in graph.nodes:
            if node.name not in saving and self._is_computation(node, graph):
                for source in {node_name(tensor) for tensor in node.inputs}:
                    self._consumers.setdefault(source, []).append(node.name)
        self._sources: dict[str, list[str]] | None = None
        self._readers: dict[str, dict[str, bool]] = {}

    @property
    def variables(self) -> list[str]:
        """The names of the nodes that hold variables."""
        return [name for name, op in self._ops.items() if op in VARIABLE_OPS]

    def of(self, variable: str) -> dict[str, bool]:
        """The operations that compute with a variable, in the graph's order.

        With each comes whether it is in one branch of a choice, and so may not run.
        """
        if variable not in self._readers:
            found = self._find(variable)
            order = sorted(found, key=self._places.__getitem__)
            self._readers[variable] = {name: found[name] for name in order}
        return self._readers[variable]

    def scopes_of(self, variable: str) -> tuple[str, ...]:
        """The name scopes of the operations that compute with a variable."""
        scopes = (reader.rpartition("/")[0] for reader in self.of(variable))
        return tuple(dict.fromkeys(scopes))

    def alike(self, variable: str) -> tuple[str, ...]:
        """The operations of one type that read a variable in one scope, where there are several.

        A layer that was applied twice to a Python object's variables leaves `MatMul`, `MatMul_1`.
        Of two branches only one runs, so what is in them does not count.
        """
        by_type: dict[tuple[str, str], list[str]] = {}
        for reader, chosen in self.of(variable).items():
            if not chosen:
                case = (reader.rpartition("/")[0], self._ops[reader])
                by_type.setdefault(case, []).append(reader)
        most = max(by_type.values(), key=len, default=[])
        return tuple(most) if len(most) > 1 else ()

    def connected(self, variables: Iterable[str], others: Iterable[str]) -> set[str]:
        """Which other variables have readers that these ones' flow into, or are fed by.

        A graph is large and neighbours are near: the walk ends when all are found.
        """
        start = [reader for variable in variables for reader in self.of(variable)]
        readers = {other: self.of(other) for other in others}
        if self._sources is None:
            self._sources = {}
            for source, consumers in self._consumers.items():
                for consumer in consumers:
                    self._sources.setdefault(consumer, []).append(source)
        found: set[str] = set()
        for edges in (self._consumers, self._sources):
            wanted: dict[str, list[str]] = {}
            for other in readers.keys() - found:
                for reader in readers[other]:
                    wanted.setdefault(reader, []).append(other)
            found |= _met(start, edges, wanted)
        return found

    def _find(self, variable: str) -> dict[str, bool]:
        """The readers, and whether each is in one branch of a choice."""
        readers: dict[str, bool] = {}
        own = f"{variable}/"
        seen = {variable}
        waiting = [(variable, False)]
        while waiting:
            source, chosen = waiting.pop()
            for consumer in self._consumers.get(source, ()):
                if consumer in seen:
                    continue
                seen.add(consumer)
                op = self._ops[consumer]
                if op in _PASSING:
                    waiting.append((consumer, chosen or op in _CHOOSING))
                elif not consumer.startswith(own):
                    readers[consumer] = chosen
        return readers

    def _is_computation(self, node: Node, graph: Graph) -> bool:
        op = node.op
        if op in _HOUSEKEEPING or op.startswith(_HOUSEKEEPING_STARTS) or "Summary" in op:
            return False
        name = node.name
        if any(sign in name for sign in _HOUSEKEEPING_SIGNS) and any(
            _is_housekeeping_scope(part) for part in name.split("/")
        ):
            return False
        return not _asks_whether_initialized(node, graph)


def _met(
    start: Iterable[str], edges: Mapping[str, Sequence[str]], wanted: dict[str, list[str]]
) -> set[str]:
    """What is wanted at the places that are reached along the edges; the start is no such place."""
    found: set[str] = set()
    reached: set[str] = set()
    waiting = deque(start)
    while waiting and wanted:
        for place in edges.get(waiting.popleft(), ()):
            if place not in reached:
                reached.add(place)
                waiting.append(place)
                found.update(wanted.pop(place, ()))
    return found


def without_number(name: str) -> str:
    """A name without the number that made it unique: `gradients` of `gradients_1`."""
    stem, _, number = name.rpartition("_")
    return stem if stem and number.isdecimal() else name


@lru_cache(4096)
def _is_housekeeping_scope(part: str) -> bool:
    return part.endswith(_GRADIENT) or without_number(part) in _HOUSEKEEPING_SCOPES


def _asks_whether_initialized(node: Node, graph: Graph) -> bool:
    """Whether a branch depends on a variable being initialized.

    `tf.train.ExponentialMovingAverage` and `initialized_value` make such, to pick a first value.
    """
    place = _PREDICATE.get(node.op, len(node.inputs))
    for _ in range(_MOST_IDENTITIES):
        source = graph.node(node.inputs[place]) if place < len(node.inputs) else None
        if source is None or source.op in _INITIALIZED:
            return source is not None
        node, place = source, 0 if source.op == "Identity" else len(source.inputs)
    return False
