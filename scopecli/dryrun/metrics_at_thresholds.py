"""Metrics that count at many thresholds: `tf.metrics.auc`.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/ops/metrics_impl.py
"""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.graph.scopes import control_dependencies
from scopecli.dryrun.metrics import metric_variable, same_rank
from scopecli.dryrun.ops.applying import apply
from scopecli.dryrun.ops.arithmetic import cast, divide
from scopecli.dryrun.ops.arrays import expand_dims, reshape, shape, stack, transpose
from scopecli.dryrun.ops.checks import assert_greater_equal, assert_less_equal
from scopecli.dryrun.ops.constants import constant
from scopecli.dryrun.ops.reductions import reduce_sum
from scopecli.dryrun.ops.weighting import broadcast_weights
from scopecli.dryrun.variables.assigning import assign_add

_TINY = 1e-7
_EPSILON = 1e-6
_RANGE = "predictions must be in [0, 1]"


def _counts(labels: Any, predictions: Any, weights: Any, thresholds: list[float]) -> Any:
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
    number = shape(column)[0] if rows is None else rows
    limits = apply("Tile", expand_dims(constant(thresholds), [1]), stack([1, number]))
    yes = apply("Greater", apply("Tile", transpose(column), [count, 1]), limits)
    no = apply("LogicalNot", yes)
    is_yes = apply("Tile", row, [count, 1])
    is_no = apply("LogicalNot", is_yes)
    times: Any = None
    if weights is not None:
        weights = broadcast_weights(cast(weights, "float32"), predictions)
        times = apply("Tile", reshape(weights, [1, -1]), [count, 1])
    found, updates = {}, {}
    for key, truth, said in (
        ("true_positives", is_yes, yes),
        ("false_negatives", is_yes, no),
        ("true_negatives", is_no, no),
        ("false_positives", is_no, yes),
    ):
        found[key] = metric_variable([count], "float32", name=key)
        hits: Any = cast(apply("LogicalAnd", truth, said), "float32")
        if times is not None:
            hits = hits * times
        updates[key] = assign_add(found[key], reduce_sum(hits, 1))
    return found, updates


def area_under_curve(labels: Any, predictions: Any, weights: Any, how: Any) -> Any:
    """The area, and what updates it.

    Raises:
        ValueError: there is no such curve, or no such way to sum.
    """
    number, thresholds, curve, method = how
    if curve not in {"ROC", "PR"}:
        raise ValueError(f"Curve must be either ROC or PR. Curve {curve} is unknown.")
    if thresholds is None:
        thresholds = [(i + 1) * 1.0 / (number - 1) for i in range(number - 2)]
    limits = [0.0 - _TINY, *sorted(thresholds), 1.0 + _TINY]
    found, updates = _counts(labels, predictions, weights, limits)
    value = _area(found, len(limits), curve, "value", method)
    return value, _area(updates, len(limits), curve, "update_op", method)


def _area(counts: dict[str, Any], number: int, curve: str, name: str, method: str) -> Any:
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
