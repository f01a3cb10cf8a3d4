"""T301: no optimizer updates a trainable variable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.model.finding import Hit
from scopecli.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.rules.context import Context

RULE = Rule(
    code="T301",
    name="trainable-never-updated",
    severity="warning",
    needs="training",
    summary="A variable is trainable and read, and neither an optimizer nor anything else writes"
    " it.",
    why="It keeps its initial values: the loss does not depend on it, it is not in the list of"
    " variables that the optimizer was given (`var_list`), or the gradient is stopped on the way.",
    fix="find out why it has no update; pass `trainable=False` if none is intended",
    false_alarms="Layers that are frozen by `var_list` while others are fine-tuned are reported:"
    " create them with `trainable=False`.",
    bad="""
        w: float32[3] trainable
        v: float32[3] trainable
        y = Mul(w/read, v/read)
        update = ApplyGradientDescent(w, rate, gradient)
    """,
    subjects=("v",),
    good="""
        w: float32[3] trainable
        v: float32[3] untrainable
        y = Mul(w/read, v/read)
        update = ApplyGradientDescent(w, rate, gradient)
    """,
)


def check(context: Context) -> Iterator[Hit]:
    """Look for what writes each trainable variable."""
    training = context.training
    for name, variable in context.graph_variables.items():
        if (
            variable.trainable
            and name not in training.updated
            and name not in training.writers
            and training.is_used(name)
        ):
            yield Hit(name, "is trainable, and no optimizer updates it")
