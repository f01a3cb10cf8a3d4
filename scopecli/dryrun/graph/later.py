"""Nodes that are made when somebody looks at them.

A third of a network's nodes give variables their initial values, and hardly a program looks at one.
They have their places among the nodes, and scopes of their own, so nothing depends on when they are
made.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from scopecli.dryrun.graph.graph import Graph
    from scopecli.dryrun.graph.nodes import Operation, Tensor


class Later:
    """Some nodes of one graph."""

    __slots__ = ("_build", "_graph", "_made", "_op", "_place")

    _op: Operation

    def __init__(self, graph: Graph, place: str, build: Callable[[], Operation]) -> None:
        self._graph = graph
        self._place = place
        self._build = build
        self._made: dict[str, Operation] | None = None

    def op(self) -> Operation:
        """The one that the others are for."""
        self.nodes()
        return self._op

    def nodes(self) -> dict[str, Operation]:
        """All of them, by name; made when they are first asked for."""
        if self._made is None:
            from scopecli.dryrun.graph.default import get_default_graph

            graph = self._graph
            is_default = get_default_graph() is graph
            # Nothing else is open, and the graph stays as it is.
            state = dict(vars(graph))
            vars(graph).update(controllers=[], context=None, devices=[], _finalized=False)
            vars(graph).update(name_stack=self._place.removesuffix("/"), _nodes={})
            try:
                with nullcontext() if is_default else graph.as_default():
                    self._op = self._build()
                self._made = {op.name: op for op in graph.get_operations()}
            finally:
                vars(graph).update(state)
        return self._made


class Inputs(Sequence["Tensor"]):
    """What a node reads that is made at once, of nodes that are made later."""

    __slots__ = ("_find", "_found")

    def __init__(self, find: Callable[[], list[Tensor]]) -> None:
        self._find = find
        self._found: list[Tensor] | None = None

    def __len__(self) -> int:
        return len(self._all())

    def __getitem__(self, number: Any) -> Any:
        return self._all()[number]

    def _all(self) -> list[Tensor]:
        if self._found is None:
            self._found = self._find()
        return self._found
