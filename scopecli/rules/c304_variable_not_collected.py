"""C304: a variable is in no collection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.model.finding import Hit
from scopecli.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.rules.context import Context

RULE = Rule(
    code="C304",
    name="variable-not-collected",
    severity="warning",
    needs="graph",
    summary="A variable of the graph is in no collection of variables.",
    why="Code that looks into collections does not see it: the default `Saver` does not save it and"
    " `global_variables_initializer` does not initialize it.",
    fix="create it without `collections=[]`; import the graph with its collections",
    false_alarms="Local and metric variables are in collections of their own. Graphs without any"
    " collections of variables, such as exported ones, are left out.",
    bad="""
        w: float32[3]
        v: float32[3]
        x = Placeholder()
        @variables: w
    """,
    subjects=("v",),
    good="""
        w: float32[3]
        v: float32[3]
        x = Placeholder()
        @variables: w
        @local_variables: v
    """,
)

_GLOBAL, _TRAINABLE = "variables", "trainable_variables"


def check(context: Context) -> Iterator[Hit]:
    """Look for each variable in the collections."""
    members = context.collections("variables")
    if members.get(_GLOBAL):
        collected = {name for names in members.values() for name in names}
        for name in context.graph_variables:
            if name not in collected:
                yield Hit(name, "is in no collection of variables")
    elif members.get(_TRAINABLE):
        count = len(context.graph_variables)
        yield Hit("", f"the collection of global variables is missing; the graph has {count}")
