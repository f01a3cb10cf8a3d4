"""Who reads a variable, and what its values flow into.

Only the computation of the model counts: an operation that initializes, saves, restores, updates,
averages or differentiates a variable is no reader of it.
"""

from __future__ import annotations

from collections import deque
from functools import cached_property, lru_cache, partial
from operator import ge, le
from typing import TYPE_CHECKING

from scopecli.model.graph import node_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from scopecli.model.graph import Graph, Node

VARIABLE_OPS = frozenset({"Variable", "VariableV2", "VarHandleOp", "AutoReloadVariable"})

# Operations that have no inputs.
_SOURCES = VARIABLE_OPS | {"Const", "Placeholder"}

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

# Operations that look after a variable instead of computing with it: beginnings of types, and
# whole types. Not a pattern: compiling one takes as long as reading a small graph.
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
# What an update that is written out computes with: decay, averages, norms.
_ARITHMETIC = frozenset(
    {
        *("Add", "AddN", "AddV2", "Cast", "Div", "Greater", "Maximum", "Minimum", "Mul", "Neg"),
        *("RealDiv", "Rsqrt", "Select", "SelectV2", "Sqrt", "Sub", "Sum"),
    }
)
_MOST_ARITHMETIC = 100  # operations of one update; a loss may be a sum of thousands
_WRITING_STARTS = ("Assign", "ResourceScatter", "Scatter")
# Name scopes that TensorFlow puts gradients, averages and moving statistics in.
_HOUSEKEEPING_SCOPES = frozenset({"AssignMovingAvg", "ExponentialMovingAverage", "gradients"})
_GRADIENT = "_grad"
# A name without either of these is in no such scope; looking at its parts would take much longer.
_GRADIENT_SIGN, _AVERAGE_SIGN = "grad", "MovingAv"

# Operations that choose a branch, and which input they choose by.
_PREDICATE = {"If": 0, "RefSwitch": 1, "StatelessIf": 0, "Switch": 1}
_MOST_IDENTITIES = 4  # between the question whether it is initialized and the choice
_IN_A_CYCLE = 1 << 62  # the level of nodes that have none

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
        nodes = self._nodes = graph.nodes
        for index, (name, op) in enumerate(zip(nodes.names, nodes.ops, strict=True)):
            if op in _SOURCES or name in saving or _is_housekeeping(name, op):
                continue  # before it is decoded: half of a graph that is trained
            node = nodes[index]
            if op not in _PREDICATE or not _asks_whether_initialized(node, graph):
                for source in set(map(node_name, node.inputs)):
                    self._consumers.setdefault(source, []).append(name)
        self._sources: dict[str, list[str]] = {}
        self._levels: dict[str, int] = {}
        self._readers: dict[str, dict[str, bool]] = {}

    @property
    def variables(self) -> list[str]:
        """The names of the nodes that hold variables."""
        return [name for name, op in self._ops.items() if op in VARIABLE_OPS]

    def of(self, variable: str) -> dict[str, bool]:
        """The operations that compute with a variable, in the graph's order.

        The value tells whether an operation is in one branch of a choice, and so may not run.
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
        """The operations of one type that read a variable in one scope, if there are several.

        A layer object that was called twice in one scope leaves `MatMul` and `MatMul_1`. Of two
        branches only one runs, so operations in branches do not count.
        """
        by_type: dict[tuple[str, str], list[str]] = {}
        for reader, chosen in self.of(variable).items():
            if not chosen:
                case = (reader.rpartition("/")[0], self._ops[reader])
                by_type.setdefault(case, []).append(reader)
        most = max(by_type.values(), key=len, default=[])
        return tuple(most) if len(most) > 1 else ()

    def connected(self, variables: Iterable[str], others: Iterable[str]) -> set[str]:
        """Which of the others have readers that are up or down the graph from these variables' own.

        A graph is large and neighbours are near: the walk ends when all are found, and goes no
        further than the farthest of them.
        """
        if not self._levels:
            self._sources = _reversed(self._consumers)
            self._levels = _levels(self._consumers, self._sources)
        start = [reader for variable in variables for reader in self.of(variable)]
        readers = {other: self.of(other) for other in others}
        found: set[str] = set()
        for edges, last, within in ((self._consumers, max, le), (self._sources, min, ge)):
            wanted: dict[str, list[str]] = {}
            for other in readers.keys() - found:
                for reader in readers[other]:
                    wanted.setdefault(reader, []).append(other)
            limit = last(map(self._level, wanted), default=0)
            found |= _met(start, edges, wanted, partial(self._is_within, within, limit))
        return found

    def _is_within(self, within: Callable[[int, int], bool], limit: int, place: str) -> bool:
        return within(self._level(place), limit)

    def _level(self, place: str) -> int:
        return self._levels.get(place, _IN_A_CYCLE)

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
                elif not consumer.startswith(own) and not self._is_update(consumer):
                    readers[consumer] = chosen
        return readers

    def _is_update(self, place: str) -> bool:
        """Whether all that an operation computes is written to variables, by plain arithmetic.

        Optimizers and averages that a program writes out are like that: `w.assign(w - rate * g)`.
        """
        seen = {place}
        waiting = [place]
        is_written = False
        while waiting:
            place = waiting.pop()
            if len(seen) > _MOST_ARITHMETIC:
                return False
            if self._ops[place] not in _ARITHMETIC and self._ops[place] not in _PASSING:
                return False
            ahead = self._consumers.get(place, ())
            if place in self._written:
                is_written = True
            elif not ahead:
                return False
            waiting += [further for further in ahead if further not in seen]
            seen.update(ahead)
        return is_written

    @cached_property
    def _written(self) -> frozenset[str]:
        """The operations whose results are written to a variable."""
        writing = (
            self._nodes[index]
            for index, op in enumerate(self._nodes.ops)
            if op.startswith(_WRITING_STARTS)
        )
        return frozenset(node_name(tensor) for node in writing for tensor in node.inputs[1:])


def _reversed(edges: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for start, ends in edges.items():
        for end in ends:
            found.setdefault(end, []).append(start)
    return found


def _levels(
    consumers: Mapping[str, Sequence[str]], sources: Mapping[str, Sequence[str]]
) -> dict[str, int]:
    """The length of the longest path to each node; none for nodes in or after a cycle.

    Whatever flows into a node has a lower level than the node.
    """
    missing = {place: len(above) for place, above in sources.items()}
    levels = dict.fromkeys((place for place in consumers if place not in missing), 0)
    waiting = deque(levels)
    while waiting:
        source = waiting.popleft()
        for place in consumers.get(source, ()):
            missing[place] -= 1
            if not missing[place]:
                levels[place] = levels[source] + 1
                waiting.append(place)
    return levels


def _met(
    start: Iterable[str],
    edges: Mapping[str, Sequence[str]],
    wanted: dict[str, list[str]],
    leads_on: Callable[[str], bool],
) -> set[str]:
    """What is wanted at the nodes that are reached along the edges, other than the start."""
    found: set[str] = set()
    reached: set[str] = set()
    waiting = deque(filter(leads_on, start))
    while waiting and wanted:
        for place in edges.get(waiting.popleft(), ()):
            if place not in reached:
                reached.add(place)
                if leads_on(place):
                    waiting.append(place)
                found.update(wanted.pop(place, ()))
    return found


def without_number(name: str) -> str:
    """A name without the number that made it unique: `gradients_1` is `gradients`."""
    stem, _, number = name.rpartition("_")
    return stem if stem and number.isdecimal() else name


def _is_housekeeping(name: str, op: str) -> bool:
    """Whether an operation looks after variables, by its type or a scope that it is in."""
    if op in _HOUSEKEEPING or op.startswith(_HOUSEKEEPING_STARTS) or "Summary" in op:
        return True
    is_suspect = _GRADIENT_SIGN in name or _AVERAGE_SIGN in name
    return is_suspect and any(map(_is_housekeeping_scope, name.split("/")))


@lru_cache(4096)
def _is_housekeeping_scope(part: str) -> bool:
    return part.endswith(_GRADIENT) or without_number(part) in _HOUSEKEEPING_SCOPES


def _asks_whether_initialized(node: Node, graph: Graph) -> bool:
    """Whether an operation chooses by whether a variable is initialized.

    `tf.train.ExponentialMovingAverage` and `initialized_value` pick a first value in that way.
    """
    place = _PREDICATE.get(node.op, len(node.inputs))
    for _ in range(_MOST_IDENTITIES):
        source = graph.node(node.inputs[place]) if place < len(node.inputs) else None
        if source is None or source.op in _INITIALIZED:
            return source is not None
        node, place = source, 0 if source.op == "Identity" else len(source.inputs)
    return False
