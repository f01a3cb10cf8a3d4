"""T305: a regularizer is not part of what is minimized."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.model.finding import Hit
from scopecli.model.names import listed
from scopecli.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.rules.context import Context

RULE = Rule(
    code="T305",
    name="regularization-loss-without-gradient",
    severity="warning",
    needs="training",
    summary="A trained variable has a regularizer, and no gradient goes through it.",
    why="`regularizer=` only adds the penalty to a collection. If the loss is not"
    " `tf.losses.get_total_loss()`, and does not include the collection, nothing is regularized.",
    fix="add `tf.losses.get_regularization_loss()` to the loss that is minimized",
    false_alarms="Each use of a penalty may create a copy of it; one copy with a gradient is"
    " enough. Graphs without gradients are left out.",
    bad="""
        w: float32[3] trainable
        w/Regularizer/L2Loss = L2Loss(w/read)
        gradients/MatMul_grad/MatMul = MatMul(a, b)
        update = ApplyGradientDescent(w, rate, gradient)
    """,
    subjects=("w",),
    good="""
        w: float32[3] trainable
        w/Regularizer/L2Loss = L2Loss(w/read)
        gradients/w/Regularizer/L2Loss_grad/mul = Mul(a, b)
        update = ApplyGradientDescent(w, rate, gradient)
    """,
)


_MOST_NAMED = 3


def check(context: Context) -> Iterator[Hit]:
    """Look for a gradient of any copy of each regularizer; if none has one, that is one finding."""
    training = context.training
    if not training.differentiated:
        return
    without: dict[str, str] = {}
    count = 0
    for name in training.penalties:
        own = training.regularizers(name)
        variable = context.graph_variables.get(name)
        if own and variable is not None and variable.trainable:
            count += 1
            operations = [op for ops in own.values() for op in ops]
            if training.differentiated.keys().isdisjoint(operations):
                without[name] = next(iter(own))
    if len(without) == count > 1:
        names = listed(list(without), _MOST_NAMED)
        yield Hit("", f"none of the {count} penalties has a gradient; they are of {names}")
        return
    for name, scope in without.items():
        yield Hit(name, f"is penalized in {scope}, which has no gradient")
