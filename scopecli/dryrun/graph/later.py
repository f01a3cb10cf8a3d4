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


class Later(Sequence["Tensor"]):
    """Tensors whose nodes are made when somebody looks: what other nodes read of them."""

    __slots__ = ("_build", "_graph", "_nodes", "_place", "_tensors")

    _tensors: Sequence[Tensor]

    def __init__(self, graph: Graph, place: str, build: Callable[[], Sequence[Tensor]]) -> None:
        self._graph = graph
        self._place = place
        self._build = build
        self._nodes: dict[str, Operation] | None = None

    def __len__(self) -> int:
        self.nodes()
        return len(self._tensors)

    def __getitem__(self, number: Any) -> Any:
        self.nodes()
        return self._tensors[number]

    def nodes(self) -> dict[str, Operation]:
        """The nodes by name."""
        if self._nodes is None:
            from scopecli.dryrun.graph.default import get_default_graph

            graph = self._graph
            is_default = get_default_graph() is graph
            # Nothing else is open, and the graph stays as it is.
            state = dict(vars(graph))
            vars(graph).update(controllers=[], context=None, devices=[], _finalized=False)
            vars(graph).update(name_stack=self._place.removesuffix("/"), _nodes={})
            try:
                with nullcontext() if is_default else graph.as_default():
                    self._tensors = self._build()
                self._nodes = {op.name: op for op in graph.get_operations()}
            finally:
                vars(graph).update(state)
        return self._nodes
