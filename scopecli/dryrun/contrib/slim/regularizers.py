"""Regularizers of slim.

https://github.com/google-research/tf-slim/blob/master/tf_slim/layers/regularizers.py
"""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.graph.scopes import name_scope
from scopecli.dryrun.ops.applying import apply, convert_to_tensor
from scopecli.dryrun.ops.arithmetic import add_n
from scopecli.dryrun.ops.reductions import reduce_sum
from scopecli.dryrun.variables.assigning import can_wait, later_node


def _is(value: Any, kind: str) -> bool:
    """Whether a value is of a kind of numbers; most are plain ones."""
    if type(value) is float:
        return kind == "Real"
    import numbers

    return isinstance(value, getattr(numbers, kind))


def _check(scale: Any, name: str = "scale") -> None:
    if _is(scale, "Integral"):
        raise ValueError(f"{name} cannot be an integer: {scale}")
    if _is(scale, "Real") and scale < 0.0:
        raise ValueError(f"Setting a scale less than 0 on a regularizer: {float(scale):g}")


def _scaled(default: str, measure: Any, scale: Any, scope: Any) -> Any:
    _check(scale)
    if _is(scale, "Real") and scale == 0.0:
        return lambda _: None

    def regularizer(weights: Any) -> Any:
        def factors() -> list[Any]:
            kind = weights.dtype.base_dtype
            return [convert_to_tensor(scale, kind, name="scale"), measure(weights)]

        if scope is None and type(scale) is float and can_wait(weights):
            return later_node("Mul", default, factors, weights.dtype.base_dtype, ())
        with name_scope(scope, default, [weights]) as name:
            return apply("Mul", *factors(), name=name)

    return regularizer


def l1_regularizer(scale: Any, scope: Any = None) -> Any:
    """The sum of the absolute values times a factor."""
    return _scaled("l1_regularizer", lambda w: reduce_sum(apply("Abs", w)), scale, scope)


def l2_regularizer(scale: Any, scope: Any = None) -> Any:
    """The sum of the squares, halved, times a factor."""
    return _scaled("l2_regularizer", lambda w: apply("L2Loss", w), scale, scope)


def l1_l2_regularizer(scale_l1: Any = 1.0, scale_l2: Any = 1.0, scope: Any = None) -> Any:
    """The sum of both."""
    for scale, name in ((scale_l1, "scale_l1"), (scale_l2, "scale_l2")):
        if _is(scale, "Integral"):
            _check(scale, name)
    scope = scope or "l1_l2_regularizer"
    if scale_l1 == 0.0:
        return l2_regularizer(scale_l2, scope)
    if scale_l2 == 0.0:
        return l1_regularizer(scale_l1, scope)
    return sum_regularizer([l1_regularizer(scale_l1), l2_regularizer(scale_l2)], scope)


def sum_regularizer(regularizer_list: Any, scope: Any = None) -> Any:
    """The sum of several; None where there are none."""
    chosen = [regularizer for regularizer in regularizer_list if regularizer is not None]
    if not chosen:
        return None

    def regularizer(weights: Any) -> Any:
        with name_scope(scope, "sum_regularizer", [weights]) as name:
            losses = [one(weights) for one in chosen]
            return add_n([loss for loss in losses if loss is not None], name=name)

    return regularizer
