"""Weights of values, as losses and metrics have them: one for each, or for each row.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/ops/weights_broadcast_ops.py
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.scopes import control_dependencies, name_scope
from scopecli.dryrun.ops.applying import apply, apply_op, convert_to_tensor
from scopecli.dryrun.ops.arrays import concat, expand_dims, rank, shape, size
from scopecli.dryrun.ops.filled import ones_like
from scopecli.dryrun.ops.grouping import no_op

if TYPE_CHECKING:
    from scopecli.dryrun.graph.nodes import Operation, Tensor

_NOT_BROADCASTABLE = "weights can not be broadcast to values."


def broadcast_weights(weights: Tensor, values: Tensor) -> Tensor:
    """A weight for every value."""
    with name_scope(None, "broadcast_weights") as scope:
        defined = weights.shape.is_fully_defined() and values.shape.is_fully_defined()
        if defined and weights.shape.is_compatible_with(values.shape):
            return weights
        with control_dependencies([assert_broadcastable(weights, values)]):
            return apply("Mul", weights, ones_like(values), name=scope)


def assert_broadcastable(weights: Any, values: Tensor) -> Operation:
    """What is done once weights are known to go with values.

    Raises:
        ValueError: they cannot.
    """
    with name_scope(None, "assert_broadcastable") as assertion:
        with name_scope(None, "weights") as scope:
            weights = convert_to_tensor(weights, name=scope)
            weights_shape = shape(weights, name="shape")
            weights_rank = rank(weights, name="rank")
        with name_scope(None, "values") as scope:
            values = convert_to_tensor(values, name=scope)
            values_shape = shape(values, name="shape")
            values_rank = rank(values, name="rank")
        if weights.dims is not None and values.dims is not None:
            if not weights.dims:
                return no_op("static_scalar_check_success")
            _check_weights(weights, values)
            if weights.shape.is_fully_defined() and values.shape.is_fully_defined():
                return no_op("static_dims_check_success")
        from scopecli.dryrun.ops.control_flow.asserting import Assert
        from scopecli.dryrun.ops.control_flow.conditionals import cond

        is_scalar = apply("Equal", 0, weights_rank, name="is_scalar")
        told = [_NOT_BROADCASTABLE, "weights.shape=", weights.name, weights_shape]
        told += ["values.shape=", values.name, values_shape, "is_scalar=", is_scalar]
        valid = cond(
            is_scalar,
            lambda: is_scalar,
            lambda: _goes_together(weights_rank, weights_shape, values_rank, values_shape),
            name="is_valid_shape",
        )
        return Assert(valid, told, name=assertion)


def _check_weights(weights: Tensor, values: Tensor) -> None:
    """What is known of two shapes must not contradict.

    Raises:
        ValueError: it does.
    """
    own, wanted = weights.dims or (), values.dims or ()
    received = f"Received weights={weights}, values={values}"
    if len(own) != len(wanted):
        raise ValueError(
            f"{_NOT_BROADCASTABLE} values.rank={len(wanted)}. weights.rank={len(own)}. "
            f"values.shape={values.shape}. weights.shape={weights.shape}. {received}"
        )
    if None in own or None in wanted:
        return
    for axis, (extent, whole) in enumerate(zip(own, wanted, strict=True)):
        if extent not in (1, whole):
            shapes = f"values.shape={_array(wanted)}, weights.shape={_array(own)}"
            raise ValueError(f"{_NOT_BROADCASTABLE} Mismatch at dim {axis}. {shapes}. {received}")


def _array(dims: Any) -> str:
    """A shape as an array writes it."""
    return f"[{' '.join(map(str, dims))}]"


def _goes_together(own_rank: Any, own: Any, rank: Any, whole: Any) -> Any:
    """Whether shapes go together, where that is only known in a run."""
    with name_scope(None, "has_valid_nonscalar_shape") as scope:
        same = apply("Equal", rank, own_rank, name="is_same_rank")
        from scopecli.dryrun.ops.control_flow.conditionals import cond

        return cond(same, lambda: _has_valid_dims(own, whole), lambda: same, name=scope)


def _has_valid_dims(own: Any, whole: Any) -> Any:
    with name_scope(None, "has_invalid_dims") as scope:
        column = expand_dims(whole, -1)
        valid = concat([column, ones_like(column)], 1)
        others = apply_op("DenseToDenseSetOperation", expand_dims(own, -1), valid).outputs[1]
        return apply("Equal", 0, size(others, name="num_invalid_dims"), name=scope)
