"""Moments in parts and with weights, and the loss of counts: part of `tf.nn`.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/ops/nn_impl.py
"""

from __future__ import annotations

from math import pi
from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.scopes import name_scope
from scopecli.dryrun.ops.applying import apply, convert_to_tensor
from scopecli.dryrun.ops.arithmetic import add, cast, div_no_nan
from scopecli.dryrun.ops.arrays import rank, shape, squeeze
from scopecli.dryrun.ops.constants import constant
from scopecli.dryrun.ops.filled import ones_like, zeros_like
from scopecli.dryrun.ops.indexing import gather, where
from scopecli.dryrun.ops.reductions import reduce_prod, reduce_sum
from scopecli.dryrun.values.dtypes import float32

if TYPE_CHECKING:
    from scopecli.dryrun.graph.nodes import Tensor


def sufficient_statistics(
    x: Any,
    axes: Any,
    shift: Any = None,
    keep_dims: Any = None,
    name: Any = None,
    keepdims: Any = None,
) -> tuple[Any, ...]:
    """How many elements there are, their sum, the sum of their squares, and what was taken off."""
    keep, axes = bool(keepdims or keep_dims), list({*axes})
    with name_scope(name, "sufficient_statistics", [x, shift]):
        x = convert_to_tensor(x, name="x")
        dims = x.dims
        if dims is not None and all(dims[axis] is not None for axis in axes):
            count: Any = 1
            for axis in axes:
                count *= dims[axis]
            count = constant(count, x.dtype)
        else:
            places = [axis + rank(x) if axis < 0 else axis for axis in axes]
            rank(x)
            count = reduce_prod(gather(cast(shape(x), x.dtype), places), name="count")
        if shift is not None:
            shift = convert_to_tensor(shift, name="shift")
            sums, squares = apply("Sub", x, shift), apply("SquaredDifference", x, shift)
        else:
            sums, squares = x, apply("Square", x)
        total = reduce_sum(sums, axes, keepdims=keep, name="mean_ss")
        return count, total, reduce_sum(squares, axes, keepdims=keep, name="var_ss"), shift


def normalize_moments(
    counts: Any, mean_ss: Any, variance_ss: Any, shift: Any, name: Any = None
) -> tuple[Tensor, Tensor]:
    """Mean and variance out of sums."""
    with name_scope(name, "normalize", [counts, mean_ss, variance_ss, shift]):
        divisor = apply("Reciprocal", counts, name="divisor")
        if shift is not None:
            center = apply("Mul", mean_ss, divisor, name="shifted_mean")
            mean = add(center, shift, name="mean")
        else:
            mean = center = apply("Mul", mean_ss, divisor, name="mean")
        spread = apply("Mul", variance_ss, divisor)
        return mean, apply("Sub", spread, apply("Square", center), name="variance")


def weighted_moments(
    x: Any,
    axes: Any,
    frequency_weights: Any,
    name: Any = None,
    keep_dims: Any = None,
    keepdims: Any = None,
) -> tuple[Tensor, Tensor]:
    """Mean and variance, where elements weigh more or less."""
    with name_scope(name, "weighted_moments", [x, frequency_weights, axes]):
        x = convert_to_tensor(x, name="x")
        weights = convert_to_tensor(frequency_weights, name="frequency_weights")
        kind = x.dtype
        if kind.name == "float16":
            x = cast(x, float32)
        weights = cast(weights, x.dtype)
        total = reduce_sum(weights * x, axes, name="weighted_input_sum", keepdims=True)
        stretched: Any = weights + zeros_like(x)
        weight = reduce_sum(stretched, axes, name="sum_of_weights", keepdims=True)
        mean = div_no_nan(total, weight)
        spread: Any = apply("SquaredDifference", x, mean)
        spread = reduce_sum(weights * spread, axes, name="weighted_distsq", keepdims=True)
        variance = div_no_nan(spread, weight)
        if not (keepdims or keep_dims):
            mean, variance = squeeze(mean, axis=axes), squeeze(variance, axis=axes)
        if kind.name == "float16":
            return cast(mean, kind), cast(variance, kind)
        return mean, variance


def log_poisson_loss(
    targets: Any, log_input: Any, compute_full_loss: bool = False, name: Any = None
) -> Tensor:
    """The loss of counts, given the logarithm of what is expected."""
    with name_scope(name, "log_poisson_loss", [log_input, targets]):
        log_input = convert_to_tensor(log_input, name="log_input")
        targets = convert_to_tensor(targets, name="targets")
        found: Any = apply("Exp", log_input) - log_input * targets
        if not compute_full_loss:
            return found  # type: ignore[no-any-return]
        half, circle = constant(0.5, targets.dtype), constant(2 * pi, targets.dtype)
        approximated: Any = targets * apply("Log", targets) - targets
        approximated = approximated + half * apply("Log", circle * targets)
        zeros, ones = zeros_like(targets), ones_like(targets)
        is_small = apply("LogicalAnd", targets >= zeros, targets <= ones)
        return found + where(is_small, zeros, approximated)  # type: ignore[no-any-return]
