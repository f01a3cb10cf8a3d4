"""L902: the model has a variable that the reference has not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.model.finding import Hit
from scopecli.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.rules.context import Context

RULE = Rule(
    code="L902",
    name="not-in-lock",
    severity="error",
    needs="reference",
    summary="A variable of the model is not in the reference.",
    why="Checkpoints from before do not have it, so that restoring them fails or leaves it as it"
    " was initialised.",
    fix="write the lock anew if the change is meant",
    false_alarms="A checkpoint that is held against a graph is not compared like this: there G402"
    " says what nobody restores.",
    bad="""
        net/w: float32[4,3]
        ---
        net/w: float32[4,3]
        net/b: float32[3]
    """,
    subjects=("net/b",),
    good="""
        net/w: float32[4,3]
        net/b: float32[3]
        ---
        net/w: float32[4,3]
    """,
)


def check(context: Context) -> Iterator[Hit]:
    """Take what is new from the drift."""
    for entry in context.drift.entries if context.drift else ():
        if entry.status == "added" and entry.b is not None:
            yield Hit(entry.b, "is not in the reference")
        elif entry.status == "renamed" and entry.b is not None:
            yield Hit(entry.b, f"is not in the reference, where it is likely called {entry.a}")
