"""C301: a collection has something twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.model.finding import Hit
from scopecli.model.graph import node_name
from scopecli.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.rules.context import Context

RULE = Rule(
    code="C301",
    name="duplicate-entry",
    severity="error",
    needs="graph",
    summary="A collection that training uses has a variable or loss twice.",
    why="If a variable is twice in the global variables, the graph cannot be saved; if it is twice"
    " in the trainable ones, its gradient is applied twice. A loss that is there twice counts"
    " double.",
    fix="add it once; importing a graph twice adds everything twice",
    false_alarms="Collections of other names are left out, because their purpose is not known.",
    bad="""
        w: float32[3]
        w/read_again = Identity(w)
        @variables: w
        @trainable_variables: w, w
    """,
    subjects=("w",),
    good="""
        w: float32[3]
        w/read_again = Identity(w)
        @variables: w
        @trainable_variables: w
    """,
)

_COUNTED = ("variables", "trainable_variables", "losses", "regularization_losses")


def check(context: Context) -> Iterator[Hit]:
    """Count the members of each collection."""
    for key, members in context.collections(*_COUNTED).items():
        seen: dict[str, int] = {}
        for member in members:
            seen[member] = seen.get(member, 0) + 1
        for member, times in seen.items():
            if times > 1:
                yield Hit(node_name(member), f"is in the collection {key} {times} times")
