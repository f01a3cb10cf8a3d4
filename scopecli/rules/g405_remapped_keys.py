"""G405: a graph's saver uses keys that are not the names of variables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.model.finding import Hit
from scopecli.rules import restores
from scopecli.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.rules.context import Context

RULE = Rule(
    code="G405",
    name="remapped-keys",
    severity="info",
    needs="graph",
    summary="The graph's saver keeps a variable under a key that is not its name.",
    why="A Saver with a dict does that, for example to restore moving averages into the variables"
    " themselves. Code that looks for the variable by its name does not find it.",
    fix="look for the key; nothing is wrong if this is intended",
    bad="""
        net/w: float32[4,3]
        saver := net/w/ExponentialMovingAverage=net/w
    """,
    subjects=("net/w",),
    good="""
        net/w: float32[4,3]
        saver := net/w
    """,
)


def check(context: Context) -> Iterator[Hit]:
    """Compare the keys with the names."""
    saver = context.graph.saver
    if saver is None or restores.prefix_of(saver):
        return
    for entry in saver.restores:
        variable = context.graph_variables.get(entry.variable)
        if variable is not None and entry.key not in (
            variable.name,
            entry.variable,
            variable.attributes.get("partition_of"),
        ):
            yield Hit(variable.name, f"is restored from the key {entry.key}")
