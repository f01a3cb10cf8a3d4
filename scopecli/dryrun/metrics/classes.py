"""Metrics of many classes.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/ops/metrics_impl.py
"""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.metrics.accumulating import collected, metric_variable, quotient
from scopecli.dryrun.ops.applying import apply, convert_to_tensor
from scopecli.dryrun.ops.arithmetic import cast, div_no_nan, divide
from scopecli.dryrun.ops.arrays import reshape, size
from scopecli.dryrun.ops.counting import confusion_matrix
from scopecli.dryrun.ops.filled import ones, ones_like
from scopecli.dryrun.ops.indexing import where
from scopecli.dryrun.ops.reductions import reduce_mean, reduce_sum
from scopecli.dryrun.variables.assigning import assign_add, scatter_add
from scopecli.dryrun.variables.opening import variable_scope


def mean_iou(
    labels: Any,
    predictions: Any,
    num_classes: int,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: Any = None,
) -> tuple[Any, Any]:
    """How much of each class was found, of all that is or was taken for it."""
    with variable_scope(name, "mean_iou", (predictions, labels, weights)):
        predictions.get_shape().assert_is_compatible_with(labels.get_shape())
        total = metric_variable([num_classes] * 2, "float64", name="total_confusion_matrix")
        predictions, labels = cast(predictions, "int64"), cast(labels, "int64")
        count = cast(num_classes, "int64")
        predictions, labels = _flat(predictions), _flat(labels)
        weights = None if weights is None else _flat(weights)
        matrix = confusion_matrix(labels, predictions, count, "float64", weights=weights)
        update = assign_add(total, matrix)
        found = _mean(convert_to_tensor(total))
        return collected(found, update, metrics_collections, updates_collections)  # type: ignore[no-any-return]


def _mean(matrix: Any) -> Any:
    rows: Any = cast(reduce_sum(matrix, 0), "float32")
    columns: Any = cast(reduce_sum(matrix, 1), "float32")
    right = cast(apply("DiagPart", matrix), "float32")
    together = rows + columns - right
    valid = reduce_sum(cast(apply("NotEqual", together, 0), "float32"))
    together = where(apply("Greater", together, 0), together, ones_like(together))
    shares = divide(right, together)
    some = apply("Greater", valid, 0)
    mean: Any = reduce_sum(shares, name="mean_iou") / valid
    return where(some, mean, 0)


def mean_per_class_accuracy(
    labels: Any,
    predictions: Any,
    num_classes: int,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: Any = None,
) -> Any:
    """How many predictions of each class are right, on average."""
    with variable_scope(name, "mean_accuracy", (predictions, labels, weights)):
        labels = _flat(cast(labels, "int64"))
        predictions = _flat(predictions)
        predictions.get_shape().assert_is_compatible_with(labels.get_shape())
        total = metric_variable([num_classes], "float32", name="total")
        count = metric_variable([num_classes], "float32", name="count")
        each: Any = ones([size(labels)], "float32")
        if labels.dtype != predictions.dtype:
            predictions = cast(predictions, labels.dtype)
        right: Any = cast(apply("Equal", predictions, labels), "float32")
        if weights is not None:
            weights = cast(_flat(weights), "float32")
            right = right * weights
            each = each * weights
        new_total = scatter_add(total, labels, each)
        new_count = scatter_add(count, labels, right)
        each = div_no_nan(count, apply("Maximum", total, 0))
        found = reduce_mean(each, name="mean_accuracy")
        update = quotient(new_count, new_total, "update_op")
        return collected(found, update, metrics_collections, updates_collections)


def _flat(value: Any) -> Any:
    return reshape(value, [-1]) if len(value.dims or ()) > 1 else value
