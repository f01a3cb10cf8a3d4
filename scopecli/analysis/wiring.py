"""The edges of a graph, for questions that follow many of them."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from scopecli.model.graph import node_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from scopecli.model.graph import Graph

# Operations that pass their first input on, be it a value or a reference to a variable.
PASSING = frozenset(
    {
        "Enter",
        "Identity",
        "ReadVariableOp",
        "RefEnter",
        "RefIdentity",
        "RefSwitch",
        "Switch",
    }
)
_LONGEST = 64  # steps; only a cycle is longer


class Wiring:
    """The edges of a graph's main body, by the numbers of its nodes, read in one pass.

    Attributes:
        names: of the nodes.
        ops: their types.
        inputs: for each node, the nodes that its data comes from, without missing ones.
        controls: for each node, the nodes that its control inputs name, without missing ones.
    """

    def __init__(self, graph: Graph) -> None:
        nodes = graph.nodes
        self.names: Sequence[str] = nodes.names
        self.ops: Sequence[str] = nodes.ops
        self.inputs: list[list[int]] = []
        self.controls: list[list[int]] = []
        find = nodes.find
        for node in nodes:
            data = [find(node_name(tensor)) for tensor in node.inputs]
            control = [find(name) for name in node.control_inputs]
            self.inputs.append([source for source in data if source >= 0])
            self.controls.append([source for source in control if source >= 0])
        self.find = find

    @cached_property
    def consumers(self) -> list[list[int]]:
        """For each node, the nodes that it feeds or that wait for it."""
        found: list[list[int]] = [[] for _ in self.names]
        for number, (inputs, controls) in enumerate(zip(self.inputs, self.controls, strict=True)):
            for source in inputs:
                found[source].append(number)
            for source in controls:
                found[source].append(number)
        return found

    def before(self, nodes: Iterable[int]) -> set[int]:
        """The nodes that must run for these to run, and these themselves."""
        return _reached(nodes, lambda number: (*self.inputs[number], *self.controls[number]))

    def after(self, nodes: Iterable[int]) -> set[int]:
        """The nodes that these lead to, by data or control edges, and these themselves."""
        return _reached(nodes, self.consumers.__getitem__)

    def origin(self, number: int) -> int:
        """The node that a value comes from unchanged."""
        for _ in range(_LONGEST):
            if self.ops[number] not in PASSING or not self.inputs[number]:
                break
            number = self.inputs[number][0]
        return number


def _reached(start: Iterable[int], step: Callable[[int], Iterable[int]]) -> set[int]:
    reached = set(start)
    waiting = list(reached)
    while waiting:
        for number in step(waiting.pop()):
            if number not in reached:
                reached.add(number)
                waiting.append(number)
    return reached
