"""`tf.metrics`: sums over many batches, in local variables.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/ops/metrics_impl.py
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.keys import GraphKeys
from scopecli.dryrun.graph.scopes import add_to_collections, control_dependencies, name_scope, no_op
from scopecli.dryrun.namespaces import attributes
from scopecli.dryrun.ops.applying import apply, convert_to_tensor
from scopecli.dryrun.ops.arithmetic import cast, divide
from scopecli.dryrun.ops.arrays import expand_dims, size, squeeze
from scopecli.dryrun.ops.filled import ones_like, zeros
from scopecli.dryrun.ops.indexing import where
from scopecli.dryrun.ops.reductions import reduce_sum
from scopecli.dryrun.ops.weighting import broadcast_weights
from scopecli.dryrun.values.dtypes import float32
from scopecli.dryrun.variables.assigning import assign_add
from scopecli.dryrun.variables.opening import variable_scope
from scopecli.dryrun.variables.synchronization import VariableAggregation, VariableSynchronization
from scopecli.dryrun.variables.variable import Variable

if TYPE_CHECKING:
    from scopecli.dryrun.graph.nodes import Tensor

__getattr__ = attributes(__name__, {})


def metric_variable(shape: Any, dtype: Any, validate_shape: bool = True, name: Any = None) -> Any:
    """A local variable that a metric counts in."""
    return Variable(
        lambda: zeros(shape, dtype),
        trainable=False,
        collections=[GraphKeys.LOCAL_VARIABLES, GraphKeys.METRIC_VARIABLES],
        validate_shape=validate_shape,
        synchronization=VariableSynchronization.ON_READ,
        aggregation=VariableAggregation.SUM,
        name=name,
    )


def same_rank(predictions: Any, labels: Any, weights: Any) -> tuple[Any, Any, Any]:
    """All three with the same number of axes, where that is known."""
    predictions = convert_to_tensor(predictions)
    if labels is not None:
        with name_scope(None, "remove_squeezable_dimensions", [labels, predictions]):
            predictions, labels = convert_to_tensor(predictions), convert_to_tensor(labels)
            if predictions.dims is not None and labels.dims is not None:
                more = len(predictions.dims) - len(labels.dims)
                if more == 1 and predictions.dims[-1] in {1, None}:
                    predictions = squeeze(predictions, [-1])
                elif more == -1 and labels.dims[-1] in {1, None}:
                    labels = squeeze(labels, [-1])
        predictions.shape.assert_is_compatible_with(labels.shape)
    if weights is None:
        return predictions, labels, None
    weights = convert_to_tensor(weights)
    if weights.dims and predictions.dims is not None:
        more = len(weights.dims) - len(predictions.dims)
        if more == 1:
            weights = squeeze(weights, [-1])
        elif more == -1:
            weights = expand_dims(weights, [-1])
    return predictions, labels, weights


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
        found = _quotient(total, count, "value")
        update = _quotient(new_total, new_count, "update_op")
        collections = metrics_collections, updates_collections
        return _collected(found, update, *collections)  # type: ignore[no-any-return]


def _quotient(total: Any, count: Any, name: str) -> Tensor:
    return apply("DivNoNan", total, apply("Maximum", count, 0), name=name)


def _collected(found: Any, update: Any, metrics: Any, updates: Any) -> Any:
    if metrics:
        add_to_collections(metrics, found)
    if updates:
        add_to_collections(updates, update)
    return found, update


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
    return _collected(*pair, metrics_collections, updates_collections)


def _counted(values: Tensor, weights: Any, metrics: Any, updates: Any) -> Any:
    """How often something holds."""
    with name_scope(None, "assert_type", [values]):
        no_op("statically_determined_correct_type")
    count = metric_variable([], float32, name="count")
    values = cast(values, float32)
    if weights is not None:
        values = apply("Mul", values, cast(weights, float32))
    found = apply("Identity", count)
    return _collected(found, assign_add(count, reduce_sum(values)), metrics, updates)


def _count_of(default: str, of_labels: bool, of_predictions: bool) -> Any:
    """How often labels and predictions are these."""

    def metric(
        labels: Any,
        predictions: Any,
        weights: Any = None,
        metrics_collections: Any = None,
        updates_collections: Any = None,
        name: Any = None,
    ) -> tuple[Tensor, Tensor]:
        with variable_scope(name, default, (predictions, labels, weights)):
            predictions, labels, weights = same_rank(
                cast(predictions, "bool"), cast(labels, "bool"), weights
            )
            found = apply(
                "LogicalAnd",
                apply("Equal", labels, of_labels),
                apply("Equal", predictions, of_predictions),
            )
            collections = metrics_collections, updates_collections
            return _counted(found, weights, *collections)  # type: ignore[no-any-return]

    return metric


true_positives = _count_of("true_positives", True, True)
false_positives = _count_of("false_positives", False, True)
false_negatives = _count_of("false_negatives", True, False)
true_negatives = _count_of("true_negatives", False, False)


def _ratio_of(default: str, other: Any) -> Any:
    """Which share of some counts are true positives."""

    def metric(
        labels: Any,
        predictions: Any,
        weights: Any = None,
        metrics_collections: Any = None,
        updates_collections: Any = None,
        name: Any = None,
    ) -> tuple[Tensor, Tensor]:
        with variable_scope(name, default, (predictions, labels, weights)):
            predictions, labels, weights = same_rank(
                cast(predictions, "bool"), cast(labels, "bool"), weights
            )
            right, new_right = true_positives(labels, predictions, weights)
            wrong, new_wrong = other(labels, predictions, weights)
            found = _share(right, wrong, "value")
            update = _share(new_right, new_wrong, "update_op")
            return _collected(  # type: ignore[no-any-return]
                found, update, metrics_collections, updates_collections
            )

    return metric


def _share(right: Any, wrong: Any, name: str) -> Tensor:
    some = apply("Greater", right + wrong, 0)
    return where(some, divide(right, right + wrong), 0, name)


precision = _ratio_of("precision", false_positives)
recall = _ratio_of("recall", false_negatives)


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
        found = _quotient(total, count, "value")
        update = _quotient(new_total, new_count, "update_op")
        return _collected(found, update, metrics_collections, updates_collections)


def auc(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    num_thresholds: int = 200,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    curve: str = "ROC",
    name: Any = None,
    summation_method: str = "trapezoidal",
    thresholds: Any = None,
) -> Any:
    """The area under a curve."""
    from scopecli.dryrun.metrics_at_thresholds import area_under_curve

    how = (num_thresholds, thresholds, curve, summation_method)
    with variable_scope(name, "auc", (labels, predictions, weights)):
        found, update = area_under_curve(labels, predictions, weights, how)
        return _collected(found, update, metrics_collections, updates_collections)


def mean_iou(*arguments: Any, **options: Any) -> Any:
    """How much of each class was found, of all that is or was taken for it."""
    from scopecli.dryrun.metrics_of_classes import mean_intersection_over_union

    return mean_intersection_over_union(*arguments, **options)
