"""G402: a checkpoint has a variable that the graph does not restore."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.model.finding import Hit
from scopecli.rules import restores
from scopecli.rules.context import own_variables
from scopecli.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.rules.context import Context

RULE = Rule(
    code="G402",
    name="key-extra",
    severity="info",
    needs="restore",
    summary="A variable of the checkpoint is restored by nothing in the graph.",
    why="It may be a head that was left out on purpose, or a layer that has another name in the new"
    " code and now starts from random values.",
    fix="check whether it is missing in the graph",
    false_alarms="Optimizer state is not reported: graphs for inference never restore it.",
    bad="""
        net/w: float32[4,3]
        saver := net/w
        ---
        net/w: float32[4,3]
        net/b: float32[3]
    """,
    subjects=("net/b",),
    good="""
        net/w: float32[4,3]
        saver := net/w
        ---
        net/w: float32[4,3]
        net/w/Adam: float32[4,3] slot slot_of=net/w
    """,
)


def check(context: Context) -> Iterator[Hit]:
    """Predict the restore, and take what is left over."""
    own = {variable.key for variable in own_variables(context.restored or context.model)}
    for entry in restores.entries(context, "extra", ways=restores.BY_KEY):
        if entry.source in own:
            yield Hit(entry.source_name or entry.source, "is in the checkpoint, and not restored")
