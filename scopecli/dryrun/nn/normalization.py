"""Moments, and what is normalized with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.scopes import name_scope
from scopecli.dryrun.ops.applying import apply, apply_op, convert_to_tensor
from scopecli.dryrun.ops.arithmetic import cast
from scopecli.dryrun.ops.arrays import squeeze
from scopecli.dryrun.ops.constants import constant
from scopecli.dryrun.ops.reductions import reduce_mean, reduce_sum
from scopecli.dryrun.values.dtypes import float32

if TYPE_CHECKING:
    from scopecli.dryrun.graph.nodes import Tensor


def moments(
    x: Any,
    axes: Any,
    shift: Any = None,
    name: str | None = None,
    keep_dims: Any = None,
    keepdims: Any = None,
) -> tuple[Tensor, Tensor]:
    """Mean and variance."""
    keep = bool(keep_dims if keepdims is None else keepdims)
    with name_scope(name, "moments"):
        x = convert_to_tensor(x)
        y = cast(x, float32) if x.dtype.name == "float16" else x
        mean = reduce_mean(y, axes, keepdims=True, name="mean")
        difference = apply("SquaredDifference", y, apply("StopGradient", mean))
        variance = reduce_mean(difference, axes, keepdims=True, name="variance")
        if not keep:
            mean, variance = squeeze(mean, axes), squeeze(variance, axes)
        if x.dtype.name == "float16":
            return cast(mean, x.dtype), cast(variance, x.dtype)
        return mean, variance


def batch_normalization(
    x: Any,
    mean: Any,
    variance: Any,
    offset: Any,
    scale: Any,
    variance_epsilon: Any,
    name: str | None = None,
) -> Tensor:
    """Normalized with given mean and variance."""
    with name_scope(name, "batchnorm"):
        inverse = apply("Rsqrt", variance + variance_epsilon)
        if scale is not None:
            inverse = inverse * scale
        scaled: Tensor = x * cast(inverse, x.dtype)
        moved = offset - mean * inverse if offset is not None else -mean * inverse
        return scaled + cast(moved, x.dtype)


def fused_batch_norm(
    x: Any,
    scale: Any,
    offset: Any,
    mean: Any = None,
    variance: Any = None,
    epsilon: float = 0.001,
    data_format: str = "NHWC",
    is_training: bool = True,
    name: str | None = None,
    exponential_avg_factor: float = 1.0,
) -> tuple[Tensor, Tensor, Tensor]:
    """Normalized, and the mean and variance."""
    x = convert_to_tensor(x, name="input")
    scale = convert_to_tensor(scale, name="scale")
    offset = convert_to_tensor(offset, name="offset")
    mean = constant([]) if mean is None else mean
    variance = constant([]) if variance is None else variance
    op = apply_op(
        "FusedBatchNormV3", x, scale, offset, mean, variance, name=name, data_format=data_format
    )
    return op.outputs[0], op.outputs[1], op.outputs[2]


def l2_normalize(
    x: Any, axis: Any = None, epsilon: float = 1e-12, name: str | None = None, dim: Any = None
) -> Tensor:
    """Of length 1."""
    axis = dim if axis is None else axis
    with name_scope(name, "l2_normalize") as scope:
        x = convert_to_tensor(x, name="x")
        total = reduce_sum(apply("Square", x), axis, keepdims=True)
        inverse = apply("Rsqrt", apply("Maximum", total, epsilon))
        return apply("Mul", x, inverse, name=scope)
