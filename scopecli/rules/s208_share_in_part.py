"""S208: only a part of a scope is in the graph, so reuse neither works with it nor without."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.model.finding import Hit
from scopecli.rules import sharing
from scopecli.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.rules.context import Context

RULE = Rule(
    code="S208",
    name="share-in-part",
    severity="warning",
    needs="reference",
    summary="Some variables of a scope are in the reference graph, and some are not.",
    why="If the program that created the one runs in the graph of the other, `get_variable` ends"
    " with `already exists, disallowed` without reuse, and with `does not exist` with it.",
    fix="enter the scope with `tf.AUTO_REUSE` if the new variables are intended; otherwise correct"
    " the names",
    bad="""
        graph := yes
        d/w: float32[4,3]
        ---
        graph := yes
        d/w: float32[4,3]
        d/kernel: float32[4,3]
    """,
    subjects=("d",),
    good="""
        graph := yes
        d/w: float32[4,3]
        ---
        graph := yes
        d/w: float32[4,3]
        e/kernel: float32[4,3]
    """,
)


def check(context: Context) -> Iterator[Hit]:
    """Look for scopes that are there in part."""
    for scope, shared, new in sharing.scopes(context):
        if shared and new:
            yield Hit(
                scope,
                f"TensorFlow would say, without reuse: {sharing.exists(shared[0])};"
                f" with reuse=True: {sharing.is_missing(new[0])}",
            )
