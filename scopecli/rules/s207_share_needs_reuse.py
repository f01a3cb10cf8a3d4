"""S207: a scope of the graph can only be shared with reuse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.model.finding import Hit
from scopecli.rules import sharing
from scopecli.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.rules.context import Context

RULE = Rule(
    code="S207",
    name="share-needs-reuse",
    severity="info",
    needs="reference",
    summary="All variables of a scope are in the reference graph already.",
    why="If the program that created the one runs in the graph of the other, `get_variable` ends"
    " with `Variable ... already exists, disallowed`, unless the scope is reused.",
    fix="enter the scope with `reuse=True` or `tf.AUTO_REUSE`, or give it another name",
    false_alarms="Sharing is often intended, so this is only information.",
    bad="""
        graph := yes
        d/w: float32[4,3]
        e/w: float32[3]
        ---
        graph := yes
        d/w: float32[4,3]
    """,
    subjects=("d",),
    good="""
        graph := yes
        e/w: float32[3]
        ---
        graph := yes
        d/w: float32[4,3]
    """,
)


def check(context: Context) -> Iterator[Hit]:
    """Look for scopes that are there as a whole."""
    for scope, shared, new in sharing.scopes(context):
        if shared and not new:
            yield Hit(scope, f"without reuse, TensorFlow would say: {sharing.exists(shared[0])}")
