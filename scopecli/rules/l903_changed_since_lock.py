"""L903: a variable differs from that in the reference."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.model.finding import Hit
from scopecli.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.rules.context import Context

RULE = Rule(
    code="L903",
    name="changed-since-lock",
    severity="error",
    needs="reference",
    summary="A variable has another shape, type, kind or trainable flag than in the reference.",
    why="Saved values no longer fit, or the variable is trained now and was not before.",
    fix="undo the change, or update the lock if it is intended",
    false_alarms="Different values are not reported.",
    bad="""
        net/w: float32[4,3]
        ---
        net/w: float32[4,5]
    """,
    subjects=("net/w",),
    good="""
        net/w: float32[4,3] holds=0
        ---
        net/w: float32[4,3] holds=1
    """,
)


def check(context: Context) -> Iterator[Hit]:
    """Report what changed."""
    for entry in context.drift.entries if context.drift else ():
        changes = [change for change in entry.changes if change.property != "collections"]
        if changes:
            words = (f"{one.property} {_said(one.old)} became {_said(one.new)}" for one in changes)
            yield Hit(entry.name, ", ".join(words))


def _said(value: object) -> str:
    """A shape as everywhere else, and words as they are."""
    if isinstance(value, tuple):
        return f"[{','.join('?' if size is None else str(size) for size in value)}]"
    return "unknown" if value is None else str(value)
