"""T306: a variable is penalized twice in one loss."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from scopecli.model.finding import Hit
from scopecli.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from scopecli.rules.context import Context

RULE = Rule(
    code="T306",
    name="double-regularised",
    severity="warning",
    needs="training",
    summary="The gradient of one loss goes through two penalties of the same variable.",
    why="The weight decay is twice as strong as intended: the layer has a `regularizer=`, and the"
    " loss also includes `tf.nn.l2_loss` of all variables, or the collection of penalties twice.",
    fix="keep one of the penalties",
    false_alarms="Two terms of one regularizer (L1 and L2) are one penalty, and the penalties of"
    " different losses do not add up.",
    bad="""
        w: float32[3] trainable
        w/Regularizer/L2Loss = L2Loss(w/read)
        L2Loss = L2Loss(w/read)
        gradients/w/Regularizer/L2Loss_grad/mul = Mul(a, b)
        gradients/L2Loss_grad/mul = Mul(a, b)
        v: float32[3] trainable
        v/Regularizer/L2Loss = L2Loss(v/read)
        total = AddN(loss, v/Regularizer/L2Loss)
        all = AddN(total, v/Regularizer/L2Loss)
        gradients/v/Regularizer/L2Loss_grad/mul = Mul(a, b)
        gradients/total_grad/tuple/group_deps = NoOp()
        gradients/all_grad/tuple/group_deps = NoOp()
        update = ApplyGradientDescent(w, rate, gradient)
    """,
    subjects=("v", "w"),
    good="""
        w: float32[3] trainable
        w/Regularizer/L2Loss = L2Loss(w/read)
        w/Regularizer/Abs = Abs(w/read)
        gradients/w/Regularizer/L2Loss_grad/mul = Mul(a, b)
        gradients/w/Regularizer/Abs_grad/mul = Mul(a, b)
        update = ApplyGradientDescent(w, rate, gradient)
    """,
)


_SUMS = frozenset({"Add", "AddN", "AddV2"})


def check(context: Context) -> Iterator[Hit]:
    """Count the penalties that each gradient goes through."""
    training = context.training
    for name, scopes in training.penalties.items():
        by_gradient: dict[str, list[str]] = {}
        for scope, operations in scopes.items():
            gradients = {
                gradient for op in operations for gradient in training.differentiated.get(op, ())
            }
            sums = _sums(context, operations) if gradients else Counter()
            for gradient in sorted(gradients):
                by_gradient.setdefault(gradient, []).extend([scope] * max(1, sums[gradient]))
        most = max(by_gradient.values(), key=len, default=[])
        if len(most) > 1:
            yield Hit(name, f"is penalized {len(most)} times in one loss: {', '.join(most)}")


def _sums(context: Context, operations: Iterable[str]) -> Counter[str]:
    """How many sums a penalty is added to, for each gradient that goes through them."""
    wiring, differentiated = context.wiring, context.training.differentiated
    inside = {wiring.find(op) for op in operations}
    found: Counter[str] = Counter()
    for consumer in {other for number in inside for other in wiring.consumers[number]} - inside:
        if wiring.ops[consumer] in _SUMS:
            found.update(differentiated.get(wiring.names[consumer], ()))
    return found
