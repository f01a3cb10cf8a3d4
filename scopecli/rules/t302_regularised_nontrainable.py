"""T302: a variable that is not trained has a regularizer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.model.finding import Hit
from scopecli.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.rules.context import Context

RULE = Rule(
    code="T302",
    name="regularised-nontrainable",
    severity="info",
    needs="training",
    summary="A variable that is not trainable has a regularizer.",
    why="The penalty is a constant: it raises the loss, has no effect, and hides how far training"
    " has come.",
    fix="leave out the regularizer where `trainable=False`",
    bad="""
        w: float32[3] untrainable
        v: float32[3] trainable
        w/Regularizer/L2Loss = L2Loss(w/read)
        update = ApplyGradientDescent(v, rate, gradient)
    """,
    subjects=("w",),
    good="""
        v: float32[3] trainable
        v/Regularizer/L2Loss = L2Loss(v/read)
        update = ApplyGradientDescent(v, rate, gradient)
    """,
)


def check(context: Context) -> Iterator[Hit]:
    """Look at the variables with regularizers."""
    training = context.training
    for name in training.penalties:
        variable = context.graph_variables.get(name)
        own = training.regularizers(name)
        if own and variable is not None and variable.trainable is False:
            yield Hit(name, f"is not trainable, and is penalized in {next(iter(own))}")
