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
    summary="A collection that training goes through has a variable or loss twice.",
    why="A variable twice in the global variables cannot be saved; twice in the trainable ones, its"
    " gradient is applied twice; a loss twice counts double.",
    fix="add it once; a graph that was imported twice adds everything twice",
    false_alarms="Collections of other names are left out: nothing says what they are for.",
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
                yield Hit(node_name(member), f"is {times} times in the collection {key}")
