"""The graph that is being built."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.graph import Graph

if TYPE_CHECKING:
    from types import TracebackType


class AsDefault:
    """`with graph.as_default():`."""

    __slots__ = ("_graph",)

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    def __enter__(self) -> Graph:
        _stack.append(self._graph)
        _opened[self._graph] = None
        return self._graph

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        del _stack[len(_stack) - 1 - _stack[::-1].index(self._graph)]  # the innermost such


_stack = [Graph()]  # the default one, and inside it those that were opened
_opened: dict[Graph, None] = {}  # every graph that was the default for a while, in order


def get_default_graph() -> Graph:
    """The graph that is being built."""
    return _stack[-1]


def graph_of(values: Any) -> Graph:
    """The graph that tensors are in; the default one where there are none.

    Raises:
        ValueError: they are in different graphs.
    """
    found = None
    for value in values:
        graph = getattr(value, "graph", None)
        if graph is None:
            continue
        if found is not None and graph is not found[1]:
            raise ValueError(
                f"{value} must be from the same graph as {found[0]} (graphs are {graph} and "
                f"{found[1]})."
            )
        found = found or (value, graph)
    return get_default_graph() if found is None else found[1]


def reset_default_graph() -> None:
    """Start with an empty graph.

    Raises:
        AssertionError: another graph is open.
    """
    if len(_stack) > 1:
        raise AssertionError(
            "Do not use tf.reset_default_graph() to clear nested graphs. If you need a cleared "
            "graph, exit the nesting and create a new graph."
        )
    _stack[:] = [Graph()]


def forget_graphs() -> None:
    """Drop every graph, also those that a failed program left open."""
    _stack[:] = [Graph()]
    _opened.clear()


def built_graph() -> Graph:
    """The graph that a program built, which need not be the default any more.

    That is the default one where it has variables, or else the last one that has; programs often
    build their model in `with tf.Graph().as_default():`.
    """
    graphs = [get_default_graph(), *reversed(_opened)]
    for graph in graphs:
        if graph.holders:
            return graph
    return next((graph for graph in graphs if not graph.is_empty), graphs[0])
