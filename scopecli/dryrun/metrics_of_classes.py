"""Metrics out of a confusion matrix: `tf.metrics.mean_iou`.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/ops/metrics_impl.py
"""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.graph.scopes import add_to_collections
from scopecli.dryrun.metrics import metric_variable
from scopecli.dryrun.ops.applying import apply, convert_to_tensor
from scopecli.dryrun.ops.arithmetic import cast, divide
from scopecli.dryrun.ops.arrays import reshape
from scopecli.dryrun.ops.filled import ones_like
from scopecli.dryrun.ops.indexing import where
from scopecli.dryrun.ops.reductions import reduce_sum
from scopecli.dryrun.ops.sets import confusion_matrix
from scopecli.dryrun.variables.assigning import assign_add
from scopecli.dryrun.variables.opening import variable_scope


def mean_intersection_over_union(
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
        given = predictions, labels, weights
        predictions, labels, weights = (
            value if value is None or len(value.dims or ()) <= 1 else reshape(value, [-1])
            for value in given
        )
        matrix = confusion_matrix(labels, predictions, count, "float64", weights=weights)
        update = assign_add(total, matrix)
        found = _mean(convert_to_tensor(total))
        if metrics_collections:
            add_to_collections(metrics_collections, found)
        if updates_collections:
            add_to_collections(updates_collections, update)
        return found, update


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
