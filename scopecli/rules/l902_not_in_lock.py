"""L902: the model has a variable that the reference does not have."""

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
    why="Earlier checkpoints do not have it, so restoring them fails or leaves it with its initial"
    " value.",
    fix="update the lock if the change is intended",
    false_alarms="A checkpoint and a graph are not compared in this way: there, G402 reports what"
    " is not restored. Nor are two formats of Keras, which name weights otherwise: see K603.",
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
    """Report what is new."""
    for entry in context.drift.entries if context.drift else ():
        if entry.status == "added" and entry.b is not None:
            yield Hit(entry.b, "is not in the reference")
        elif entry.status == "renamed" and entry.b is not None:
            yield Hit(entry.b, f"is not in the reference, where it is probably {entry.a}")
