"""L901: the reference has a variable that the model has not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.model.finding import Hit
from scopecli.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.rules.context import Context

RULE = Rule(
    code="L901",
    name="missing-from-lock",
    severity="error",
    needs="reference",
    summary="A variable of the reference is not in the model.",
    why="Whoever restores by that name finds nothing, and what was locked is no longer so.",
    fix="bring the name back, or write the lock anew if the change is meant",
    false_alarms="A checkpoint that is held against a graph is not compared like this: there G401"
    " says what cannot be restored.",
    bad="""
        net/w: float32[4,3]
        net/b: float32[3]
        ---
        net/w: float32[4,3]
    """,
    subjects=("net/b",),
    good="""
        net/w: float32[4,3]
        ---
        net/w: float32[4,3]
        net/b: float32[3]
    """,
)


def check(context: Context) -> Iterator[Hit]:
    """Take what is gone from the drift."""
    for entry in context.drift.entries if context.drift else ():
        if entry.status == "removed" and entry.a is not None:
            yield Hit(entry.a, "is in the reference, and not here")
        elif entry.status == "renamed" and entry.a is not None:
            yield Hit(entry.a, f"is in the reference, and here it is likely called {entry.b}")
