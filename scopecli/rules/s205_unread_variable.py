"""S205: nothing computes with a trainable variable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.model.finding import Hit
from scopecli.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.rules.context import Context

RULE = Rule(
    code="S205",
    name="unread-variable",
    severity="warning",
    needs="graph",
    summary="A trainable variable is initialized and saved, and nothing computes with it.",
    why="A layer was created but not connected, or created a second time where the first was to be"
    " reused. It takes space in every checkpoint, and looks as if it were trained.",
    fix="connect it, or do not create it",
    false_alarms="Graphs that only save their variables, and compute with none, are left out.",
    bad="""
        net/w: float32[4,3] trainable
        net/v: float32[4,3] trainable
        net/w/Assign = Assign(net/w, zeros)
        net/MatMul = MatMul(x, net/v/read)
        save/SaveV2 = SaveV2(net/w, net/v)
    """,
    subjects=("net/w",),
    good="""
        net/w: float32[4,3] trainable
        net/w/Assign = Assign(net/w, zeros)
        save/SaveV2 = SaveV2(net/w)
        net/MatMul = MatMul(x, net/w/read)
    """,
)


def check(context: Context) -> Iterator[Hit]:
    """Look for anything that computes with each variable."""
    trainable = [
        name
        for name, variable in context.graph_variables.items()
        if variable.trainable and variable.kind == "variable"
    ]
    unread = [name for name in trainable if not context.training.is_used(name)]
    if len(unread) < len(trainable):
        for name in unread:
            yield Hit(name, "is trainable, and nothing computes with it")
