"""Cross-entropies of logits and labels."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.scopes import control_dependencies, name_scope
from scopecli.dryrun.ops.applying import apply, convert_to_tensor
from scopecli.dryrun.ops.arithmetic import add, cast
from scopecli.dryrun.ops.arithmetic import range as range_
from scopecli.dryrun.ops.arrays import concat, rank, reshape, shape, stack, transpose
from scopecli.dryrun.ops.filled import ones, zeros_like
from scopecli.dryrun.ops.indexing import slice, where
from scopecli.dryrun.values.dtypes import float32

if TYPE_CHECKING:
    from scopecli.dryrun.graph.nodes import Tensor


def _both(function: str, labels: Any, logits: Any) -> None:
    if labels is None or logits is None:
        raise ValueError(
            f"Both `labels` and `logits` must be provided for {function}Received: "
            f"labels={labels} and logits={logits}"
        )


def softmax_cross_entropy_with_logits(
    _sentinel: Any = None,
    labels: Any = None,
    logits: Any = None,
    dim: int = -1,
    name: str | None = None,
    axis: Any = None,
) -> Tensor:
    """The loss of probabilities; no gradient goes to the labels."""
    if _sentinel is not None:  # as the first of arguments without names
        labels, logits = _sentinel, labels if logits is None else logits
    _both("softmax_cross_entropy_with_logits", labels, logits)
    with name_scope(name, "softmax_cross_entropy_with_logits_sg") as scope:
        labels = apply("StopGradient", labels, name="labels_stop_gradient")
    axis = dim if axis is None else axis
    return softmax_cross_entropy_with_logits_v2(labels, logits, axis, scope)


def softmax_cross_entropy_with_logits_v2(
    labels: Any = None,
    logits: Any = None,
    axis: Any = None,
    name: str | None = None,
    dim: Any = None,
) -> Tensor:
    """The loss of probabilities."""
    axis = (-1 if dim is None else dim) if axis is None else axis
    with name_scope(name, "softmax_cross_entropy_with_logits") as scope:
        logits = convert_to_tensor(logits, name="logits")
        labels = convert_to_tensor(labels, name="labels")
        low = logits.dtype.name in {"float16", "bfloat16"}
        precise = cast(logits, float32) if low else logits
        labels = cast(labels, precise.dtype)
        ranks = rank(precise)
        if axis != -1:
            precise, labels = (_to_end(tensor, axis, ranks) for tensor in (precise, labels))
        sizes = shape(precise)
        precise, labels = _flat_rows(precise), _flat_rows(labels)
        cost = apply("SoftmaxCrossEntropyWithLogits", precise, labels, name=scope)
        kept = slice(sizes, [0], [apply("Sub", ranks, 1)])
        cost = reshape(cost, kept)
        if logits.dims is not None:
            outer = list(logits.dims)
            del outer[axis]
            cost.set_shape(outer)
        return cast(cost, logits.dtype) if low else cost


def _to_end(tensor: Tensor, axis: Any, ranks: Tensor) -> Tensor:
    order = [range_(axis), range_(axis + 1, ranks), [axis]]
    return transpose(tensor, concat(order, 0))


def _flat_rows(logits: Tensor) -> Tensor:
    """All axes but the last as one."""
    ranks = rank(logits)
    last = slice(shape(logits), [apply("Sub", ranks, 1)], [1])
    found = reshape(logits, concat([[-1], last], 0))
    if logits.dims is not None and None not in logits.dims[:-1]:
        rows = math.prod(size or 0 for size in logits.dims[:-1])
        found.set_shape([rows, logits.dims[-1]])
    return found


def sparse_softmax_cross_entropy_with_logits(
    labels: Any = None, logits: Any = None, name: str | None = None
) -> Tensor:
    """The loss of classes that are numbers.

    Raises:
        ValueError: labels and logits do not go together.
    """
    _both("sparse_softmax_cross_entropy_with_logits", labels, logits)
    with name_scope(name, "SparseSoftmaxCrossEntropyWithLogits"):
        labels = convert_to_tensor(labels)
        logits = convert_to_tensor(logits)
        precise = cast(logits, float32) if logits.dtype.name == "float16" else logits
        static = labels.shape
        sizes = shape(labels)
        if logits.dims == ():
            raise ValueError(f"`logits` cannot be a scalar. Received logits={logits}`")
        if None not in (logits.dims, labels.dims) and len(labels.dims) != len(logits.dims) - 1:
            raise ValueError(
                "`labels.shape.rank` must equal `logits.shape.rank - 1`. Received: "
                f"labels.shape={static} of rank {static.rank} and logits.shape={logits.shape} of "
                f"rank {logits.shape.rank}"
            )
        defined = static.is_fully_defined() and logits.shape[:-1].is_fully_defined()
        if defined and static != logits.shape[:-1]:
            raise ValueError(
                "`labels.shape` must equal `logits.shape` except for the last dimension. "
                f"Received: labels.shape={static} and logits.shape={logits.shape}"
            )
        if logits.shape.rank == 2:
            cost = apply("SparseSoftmaxCrossEntropyWithLogits", precise, labels, name=name)
            return cast(cost, logits.dtype) if logits.dtype.name == "float16" else cost
        from scopecli.dryrun.ops.checks import assert_equal

        checks = []
        if not defined:
            checks.append(assert_equal(shape(labels), shape(logits)[:-1]))
        with control_dependencies(checks):
            classes = shape(logits)[rank(logits) - 1]
            precise = reshape(precise, [-1, classes])
            labels = reshape(labels, [-1])
            cost = apply("SparseSoftmaxCrossEntropyWithLogits", precise, labels, name=name)
            cost = reshape(cost, sizes)
            cost.set_shape(static)
            return cost


def sigmoid_cross_entropy_with_logits(
    labels: Any = None, logits: Any = None, name: str | None = None
) -> Tensor:
    """The loss of independent classes.

    Raises:
        ValueError: labels and logits do not go together.
    """
    _both("sigmoid_cross_entropy_with_logits", labels, logits)
    with name_scope(name, "logistic_loss") as scope:
        logits = convert_to_tensor(logits, name="logits")
        labels = convert_to_tensor(labels, name="labels")
        _same_shape(logits, labels)
        nothing = zeros_like(logits, dtype=logits.dtype.base_dtype)
        positive = logits >= nothing
        relu_logits = where(positive, logits, nothing)
        negative = where(positive, -logits, logits)
        first = relu_logits - logits * labels
        return add(first, apply("Log1p", apply("Exp", negative)), name=scope)


def weighted_cross_entropy_with_logits(
    labels: Any = None,
    logits: Any = None,
    pos_weight: Any = None,
    name: str | None = None,
    targets: Any = None,
) -> Tensor:
    """The loss of independent classes, more for those that are there."""
    labels = targets if labels is None else labels
    with name_scope(name, "logistic_loss") as scope:
        logits = convert_to_tensor(logits, name="logits")
        labels = convert_to_tensor(labels, name="labels")
        _same_shape(logits, labels)
        weight = 1 + (pos_weight - 1) * labels
        left = (1 - labels) * logits
        inner = apply("Log1p", apply("Exp", -apply("Abs", logits)))
        right = weight * (inner + apply("Relu", -logits))
        return add(left, right, name=scope)


def _same_shape(logits: Tensor, labels: Tensor) -> None:
    if not labels.shape.is_compatible_with(logits.shape):
        raise ValueError(
            "`logits` and `labels` must have the same shape, received "
            f"({logits.shape} vs {labels.shape})."
        )


def sum_rows(x: Tensor) -> Tensor:
    """The sum of each row, as a product with ones."""
    from scopecli.dryrun.ops.products import matmul

    columns = shape(x)[1]
    sizes = stack([columns, 1])
    return reshape(matmul(x, ones(sizes, x.dtype)), [-1])
