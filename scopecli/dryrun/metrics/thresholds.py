"""Metrics that count at many thresholds.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/ops/metrics_impl.py
"""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.graph.scopes import control_dependencies
from scopecli.dryrun.metrics.accumulating import collected, metric_variable, same_rank
from scopecli.dryrun.ops.applying import apply
from scopecli.dryrun.ops.arithmetic import cast, cumsum, divide
from scopecli.dryrun.ops.arrays import expand_dims, reshape, shape, stack, transpose
from scopecli.dryrun.ops.checks import assert_greater_equal, assert_less_equal
from scopecli.dryrun.ops.constants import constant
from scopecli.dryrun.ops.reductions import argmax, argmin, reduce_min, reduce_sum
from scopecli.dryrun.ops.weighting import broadcast_weights
from scopecli.dryrun.variables.assigning import assign_add
from scopecli.dryrun.variables.opening import variable_scope

_TINY = 1e-7
_EPSILON = 1e-6
_RANGE = "predictions must be in [0, 1]"
_ALL = ("true_positives", "false_negatives", "true_negatives", "false_positives")


def _counts(
    labels: Any, predictions: Any, weights: Any, thresholds: Any, wanted: Any = _ALL
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The counts at each threshold, and what updates them: right and wrong, yes and no."""
    kind = predictions.dtype
    checks = [
        assert_greater_equal(predictions, cast(0.0, kind), message=_RANGE),
        assert_less_equal(predictions, cast(1.0, kind), message=_RANGE),
    ]
    with control_dependencies(checks):
        predictions, labels, weights = same_rank(
            cast(predictions, "float32"), cast(labels, "bool"), weights
        )
    count = len(thresholds)
    column = reshape(predictions, [-1, 1])
    row = reshape(cast(labels, "bool"), [1, -1])
    rows = (column.dims or (None,))[0]
    number: Any = rows
    if rows is None:
        sizes: Any = shape(column)
        number = sizes[0]
    limits = apply("Tile", expand_dims(constant(list(thresholds)), [1]), stack([1, number]))
    yes = apply("Greater", apply("Tile", transpose(column), [count, 1]), limits)
    no: Any = None
    if {"false_negatives", "true_negatives"} & {*wanted}:
        no = apply("LogicalNot", yes)
    is_yes = apply("Tile", row, [count, 1])
    is_no: Any = None
    if {"false_positives", "true_negatives"} & {*wanted}:
        is_no = apply("LogicalNot", is_yes)
    times: Any = None
    if weights is not None:
        weights = broadcast_weights(cast(weights, "float32"), predictions)
        times = apply("Tile", reshape(weights, [1, -1]), [count, 1])
    found, updates = {}, {}
    sides = {"true_positives": (is_yes, yes), "false_negatives": (is_yes, no)}
    sides |= {"true_negatives": (is_no, no), "false_positives": (is_no, yes)}
    for key in _ALL:
        if key in wanted:
            found[key] = metric_variable([count], "float32", name=key)
            hits: Any = cast(apply("LogicalAnd", *sides[key]), "float32")
            if times is not None:
                hits = hits * times
            updates[key] = assign_add(found[key], reduce_sum(hits, 1))
    return found, updates


def _between(number: int, last: float) -> list[float]:
    """Thresholds from zero to one, and a little beyond."""
    inner = [(place + 1) * 1.0 / (number - 1) for place in range(number - 2)]
    return [0.0 - _TINY, *inner, last]


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
    """The area under a curve.

    Raises:
        ValueError: there is no such curve, or no such way to sum.
    """
    with variable_scope(name, "auc", (labels, predictions, weights)):
        if curve not in {"ROC", "PR"}:
            raise ValueError(f"Curve must be either ROC or PR. Curve {curve} is unknown.")
        limits = _between(num_thresholds, 1.0 + _TINY)
        if thresholds is not None:
            limits = [0.0 - _TINY, *sorted(thresholds), 1.0 + _TINY]
        counts, updates = _counts(labels, predictions, weights, limits)
        how = len(limits), curve, summation_method
        found, update = _area(counts, "value", *how), _area(updates, "update_op", *how)
        return collected(found, update, metrics_collections, updates_collections)


def _area(counts: dict[str, Any], name: str, number: int, curve: str, method: str) -> Any:
    tp, fn = counts["true_positives"], counts["false_negatives"]
    tn, fp = counts["true_negatives"], counts["false_positives"]
    recall = divide(tp + _EPSILON, tp + fn + _EPSILON)
    if curve == "ROC":
        x: Any = divide(fp, fp + tn + _EPSILON)
        y: Any = recall
    else:
        y = divide(tp + _EPSILON, tp + fp + _EPSILON)
        x = recall
    last = number - 1
    width = x[:last] - x[1:]
    if method in {"trapezoidal", "careful_interpolation"}:
        height = (y[:last] + y[1:]) / 2.0
    elif method == "minoring":
        height = apply("Minimum", y[:last], y[1:])
    elif method == "majoring":
        height = apply("Maximum", y[:last], y[1:])
    else:
        raise ValueError(f"Invalid summation_method: {method}")
    return reduce_sum(apply("Mul", width, height), name=name)


def _one_count(key: str) -> Any:
    """One of the counts at each threshold."""

    def metric(
        labels: Any,
        predictions: Any,
        thresholds: Any,
        weights: Any = None,
        metrics_collections: Any = None,
        updates_collections: Any = None,
        name: Any = None,
    ) -> Any:
        with variable_scope(name, key, (predictions, labels, weights)):
            found, updates = _counts(labels, predictions, weights, thresholds, (key,))
            pair = apply("Identity", found[key]), updates[key]
            return collected(*pair, metrics_collections, updates_collections)

    return metric


true_positives_at_thresholds = _one_count("true_positives")
false_positives_at_thresholds = _one_count("false_positives")
false_negatives_at_thresholds = _one_count("false_negatives")
true_negatives_at_thresholds = _one_count("true_negatives")


def _share(what: str, other: str) -> Any:
    """Which share of some counts are true positives, at each threshold."""

    def of(counts: dict[str, Any], end: str) -> Any:
        right = counts["true_positives"]
        return divide(right, _TINY + right + counts[other], name=f"{what}_{end}")

    def metric(
        labels: Any,
        predictions: Any,
        thresholds: Any,
        weights: Any = None,
        metrics_collections: Any = None,
        updates_collections: Any = None,
        name: Any = None,
    ) -> Any:
        with variable_scope(name, f"{what}_at_thresholds", (predictions, labels, weights)):
            wanted = "true_positives", other
            counts, updates = _counts(labels, predictions, weights, thresholds, wanted)
            pair = of(counts, "value"), of(updates, "update_op")
            return collected(*pair, metrics_collections, updates_collections)

    return metric


precision_at_thresholds = _share("precision", "false_positives")
recall_at_thresholds = _share("recall", "false_negatives")


def sensitivity_at_specificity(
    labels: Any,
    predictions: Any,
    specificity: float,
    weights: Any = None,
    num_thresholds: int = 200,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: Any = None,
) -> Any:
    """How much is found, where so much of the rest is left alone.

    Raises:
        ValueError: no share is like that.
    """
    if not 0 <= specificity <= 1:
        raise ValueError(
            "`specificity` must be in the range [0, 1]. "
            f"Currently, `specificity` got {specificity}."
        )

    def at(counts: dict[str, Any], end: str) -> Any:
        tp, fn = counts["true_positives"], counts["false_negatives"]
        tn, fp = counts["true_negatives"], counts["false_positives"]
        shares: Any = divide(tn, tn + fp + _TINY)
        place = cast(argmin(apply("Abs", shares - specificity), 0), "int32")
        return divide(tp[place], tp[place] + fn[place] + _TINY, end)

    with variable_scope(name, "sensitivity_at_specificity", (predictions, labels, weights)):
        limits = _between(num_thresholds, 1.0 + _TINY)
        counts, updates = _counts(labels, predictions, weights, limits)
        pair = at(counts, "value"), at(updates, "update_op")
        return collected(*pair, metrics_collections, updates_collections)


def specificity_at_sensitivity(
    labels: Any,
    predictions: Any,
    sensitivity: float,
    weights: Any = None,
    num_thresholds: int = 200,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: Any = None,
) -> Any:
    """How much of the rest is left alone, where so much is found.

    Raises:
        ValueError: no share is like that.
    """
    if not 0 <= sensitivity <= 1:
        raise ValueError(
            f"`sensitivity` must be in the range [0, 1]. Currently, `sensitivity` is {sensitivity}."
        )

    def at(counts: dict[str, Any], end: str) -> Any:
        tp, fn = counts["true_positives"], counts["false_negatives"]
        tn, fp = counts["true_negatives"], counts["false_positives"]
        shares: Any = divide(tp, tp + fn + _TINY)
        least = reduce_min(apply("Abs", shares - sensitivity))
        nearest = cast(apply("Equal", apply("Abs", shares - sensitivity), least), "int64")
        place = cast(argmax(cumsum(nearest), 0), "int32")
        return divide(tn[place], tn[place] + fp[place] + _TINY, end)

    with variable_scope(name, "specificity_at_sensitivity", (predictions, labels, weights)):
        limits = _between(num_thresholds, 1.0 - _TINY)
        counts, updates = _counts(labels, predictions, weights, limits)
        pair = at(counts, "value"), at(updates, "update_op")
        return collected(*pair, metrics_collections, updates_collections)
