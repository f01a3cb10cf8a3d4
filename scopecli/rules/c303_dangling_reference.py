"""C303: a collection names what is not in the graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.model.finding import Hit
from scopecli.model.graph import node_name
from scopecli.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.rules.context import Context

RULE = Rule(
    code="C303",
    name="dangling-reference",
    severity="error",
    needs="graph",
    summary="A collection names a variable or node that the graph does not have.",
    why="`import_meta_graph` ends with a KeyError, so the graph cannot be loaded again. This is"
    " what tools leave that prune a graph and not its collections.",
    fix="export the graph with `clear_extraneous_savers`, or without the collection",
    bad="""
        w: float32[3]
        x = Placeholder()
        @variables: w, gone
        @losses: loss:0
    """,
    subjects=("gone", "loss"),
    good="""
        w: float32[3]
        loss = L2Loss(w/read)
        @variables: w
        @losses: loss:0
    """,
)


def check(context: Context) -> Iterator[Hit]:
    """Look for each member among the nodes."""
    find = context.graph.nodes.find
    keys: dict[str, list[str]] = {}
    for key, members in context.collections("variables", "nodes").items():
        for name in dict.fromkeys(node_name(member) for member in members):
            if find(name) < 0:
                keys.setdefault(name, []).append(key)
    for name, collections in keys.items():
        yield Hit(name, f"is not in the graph, but in its collections {', '.join(collections)}")
