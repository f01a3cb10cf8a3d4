"""The initializers and regularizers of weights."""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.graph.scopes import name_scope
from scopecli.dryrun.initializers import variance_scaling_initializer as variance_scaling
from scopecli.dryrun.ops.applying import apply, convert_to_tensor


def xavier_initializer(uniform: bool = True, seed: Any = None, dtype: Any = "float32") -> Any:
    """Scaled by what comes in and goes out."""
    kind = "uniform" if uniform else "truncated_normal"
    return variance_scaling(1.0, "fan_avg", kind, seed)


xavier_initializer_conv2d = xavier_initializer


def variance_scaling_initializer(
    factor: float = 2.0,
    mode: str = "FAN_IN",
    uniform: bool = False,
    seed: Any = None,
    dtype: Any = "float32",
) -> Any:
    """Scaled by what comes in or goes out."""
    kind = "uniform" if uniform else "truncated_normal"
    return variance_scaling(factor, mode.lower(), kind, seed)


def l2_regularizer(scale: Any, scope: Any = None) -> Any:
    """The sum of the squares, halved, times a factor."""
    if scale == 0.0:
        return lambda _: None

    def l2(weights: Any) -> Any:
        with name_scope(scope, "l2_regularizer") as name:
            factor = convert_to_tensor(scale, weights.dtype.base_dtype, name="scale")
            return apply("Mul", factor, apply("L2Loss", weights), name=name)

    return l2


def l1_regularizer(scale: Any, scope: Any = None) -> Any:
    """The sum of the absolute values times a factor."""
    from scopecli.dryrun.ops.reductions import reduce_sum

    if scale == 0.0:
        return lambda _: None

    def l1(weights: Any) -> Any:
        with name_scope(scope, "l1_regularizer") as name:
            factor = convert_to_tensor(scale, weights.dtype.base_dtype, name="scale")
            return apply("Mul", factor, reduce_sum(apply("Abs", weights)), name=name)

    return l1
