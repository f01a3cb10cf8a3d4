"""Means over many batches.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/ops/metrics_impl.py
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.scopes import control_dependencies
from scopecli.dryrun.metrics.accumulating import collected, metric_variable, quotient, same_rank
from scopecli.dryrun.ops.applying import apply
from scopecli.dryrun.ops.arithmetic import cast, divide
from scopecli.dryrun.ops.arrays import size
from scopecli.dryrun.ops.filled import ones_like, zeros_like
from scopecli.dryrun.ops.indexing import where
from scopecli.dryrun.ops.reductions import reduce_sum
from scopecli.dryrun.ops.weighting import broadcast_weights
from scopecli.dryrun.values.dtypes import float32
from scopecli.dryrun.variables.assigning import assign_add
from scopecli.dryrun.variables.opening import variable_scope

if TYPE_CHECKING:
    from scopecli.dryrun.graph.nodes import Tensor


def mean(
    values: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: Any = None,
) -> tuple[Tensor, Tensor]:
    """The mean of all values."""
    with variable_scope(name, "mean", (values, weights)):
        values = cast(values, float32)
        total = metric_variable([], float32, name="total")
        count = metric_variable([], float32, name="count")
        if weights is None:
            number: Any = cast(size(values), float32)
        else:
            values, _, weights = same_rank(values, None, weights)
            weights = broadcast_weights(cast(weights, float32), values)
            values = apply("Mul", values, weights)
            number = reduce_sum(weights)
        new_total = assign_add(total, reduce_sum(values))
        with control_dependencies([values]):
            new_count = assign_add(count, number)
        found = quotient(total, count, "value")
        update = quotient(new_total, new_count, "update_op")
        collections = metrics_collections, updates_collections
        return collected(found, update, *collections)  # type: ignore[no-any-return]


def accuracy(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: Any = None,
) -> tuple[Tensor, Tensor]:
    """How many predictions are right."""
    predictions, labels, weights = same_rank(predictions, labels, weights)
    if labels.dtype != predictions.dtype:
        predictions = cast(predictions, labels.dtype)
    right = cast(apply("Equal", predictions, labels), float32)
    collections = metrics_collections, updates_collections
    return mean(right, weights, *collections, name or "accuracy")


def _mean_of(default: str, measure: Any) -> Any:
    """The mean of a function of labels and predictions."""

    def metric(
        labels: Any,
        predictions: Any,
        weights: Any = None,
        metrics_collections: Any = None,
        updates_collections: Any = None,
        name: Any = None,
    ) -> tuple[Tensor, Tensor]:
        predictions, labels, weights = same_rank(predictions, labels, weights)
        collections = metrics_collections, updates_collections
        return mean(measure(labels, predictions), weights, *collections, name or default)

    return metric


mean_squared_error = _mean_of("mean_squared_error", lambda y, p: apply("SquaredDifference", y, p))
mean_absolute_error = _mean_of("mean_absolute_error", lambda y, p: apply("Abs", p - y))


def root_mean_squared_error(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: Any = None,
) -> Any:
    """The root of the mean of squared errors."""
    predictions, labels, weights = same_rank(predictions, labels, weights)
    found, update = mean_squared_error(
        labels, predictions, weights, None, None, name or "root_mean_squared_error"
    )
    pair = apply("Sqrt", found), apply("Sqrt", update)
    return collected(*pair, metrics_collections, updates_collections)


def mean_tensor(
    values: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: Any = None,
) -> Any:
    """The mean of every element."""
    with variable_scope(name, "mean", (values, weights)):
        values = cast(values, float32)
        total = metric_variable(values.shape, float32, name="total_tensor")
        count = metric_variable(values.shape, float32, name="count_tensor")
        number: Any = ones_like(values)
        if weights is not None:
            values, _, weights = same_rank(values, None, weights)
            weights = broadcast_weights(cast(weights, float32), values)
            values, number = apply("Mul", values, weights), apply("Mul", number, weights)
        new_total = assign_add(total, values)
        with control_dependencies([values]):
            new_count = assign_add(count, number)
        found = quotient(total, count, "value")
        update = quotient(new_total, new_count, "update_op")
        return collected(found, update, metrics_collections, updates_collections)


def mean_cosine_distance(
    labels: Any,
    predictions: Any,
    dim: int,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: Any = None,
) -> Any:
    """How far the directions of rows are apart."""
    predictions, labels, weights = same_rank(predictions, labels, weights)
    near = reduce_sum(apply("Mul", predictions, labels), axis=[dim], keepdims=True)
    found, update = mean(near, weights, None, None, name or "mean_cosine_distance")
    pair = apply("Sub", 1.0, found), apply("Sub", 1.0, update)
    return collected(*pair, metrics_collections, updates_collections)


def mean_relative_error(
    labels: Any,
    predictions: Any,
    normalizer: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: Any = None,
) -> Any:
    """The mean of errors, each divided by something."""
    predictions, labels, weights = same_rank(predictions, labels, weights)
    predictions, normalizer, _ = same_rank(predictions, normalizer, None)
    zero = apply("Equal", normalizer, 0.0)
    nothing = zeros_like(labels)
    errors = divide(apply("Abs", labels - predictions), normalizer)
    collections = metrics_collections, updates_collections
    return mean(where(zero, nothing, errors), weights, *collections, name or "mean_relative_error")


def percentage_below(
    values: Any,
    threshold: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: Any = None,
) -> Any:
    """How many values are smaller than something."""
    below = cast(apply("Less", values, threshold), float32)
    collections = metrics_collections, updates_collections
    return mean(below, weights, *collections, name or "percentage_below_threshold")
