"""L901: the reference has a variable that the model does not have."""

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
    why="Code that restores the variable by its name does not find it any more.",
    fix="restore the name, or update the lock if the change is intended",
    false_alarms="A checkpoint and a graph are not compared in this way: there, G401 reports what"
    " cannot be restored. Nor are two formats of Keras, which name weights otherwise: see K603.",
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
    """Report what is gone."""
    for entry in context.drift.entries if context.drift else ():
        if entry.status == "removed" and entry.a is not None:
            yield Hit(entry.a, "is in the reference, but not here")
        elif entry.status == "renamed" and entry.a is not None:
            yield Hit(entry.a, f"is in the reference, but here it is probably {entry.b}")
