"""C302: a trainable variable is not among the global ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.model.finding import Hit
from scopecli.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.rules.context import Context

RULE = Rule(
    code="C302",
    name="trainable-not-global",
    severity="error",
    needs="graph",
    summary="A variable is in the trainable variables and not in the global ones.",
    why="The default `Saver` and `global_variables_initializer` take the global variables. This one"
    " is trained, but neither saved nor initialized, so what it learned is lost.",
    fix="keep GLOBAL_VARIABLES in `collections=[...]` when the variable is created",
    false_alarms="Variables in `local_variables` are left out, as replicas are created in that way;"
    " so are graphs without any global variables.",
    bad="""
        w: float32[3]
        v: float32[3]
        x = Placeholder()
        @variables: v
        @trainable_variables: w, v
    """,
    subjects=("w",),
    good="""
        w: float32[3]
        v: float32[3]
        x = Placeholder()
        @variables: w
        @trainable_variables: w, v
        @local_variables: v
    """,
)


def check(context: Context) -> Iterator[Hit]:
    """Compare the collections."""
    members = context.collections("variables")
    if members.get("variables"):
        kept = {*members["variables"], *members.get("local_variables", ())}
        for name in dict.fromkeys(members.get("trainable_variables", ())):
            if name not in kept:
                yield Hit(name, "is trainable, and will be neither saved nor initialized")
