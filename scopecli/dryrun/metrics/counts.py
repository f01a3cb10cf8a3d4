"""Counts of what is right and wrong, and shares of them.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/ops/metrics_impl.py
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.scopes import name_scope
from scopecli.dryrun.metrics.accumulating import collected, metric_variable, same_rank
from scopecli.dryrun.ops.applying import apply
from scopecli.dryrun.ops.arithmetic import cast, divide
from scopecli.dryrun.ops.grouping import no_op
from scopecli.dryrun.ops.indexing import where
from scopecli.dryrun.ops.reductions import reduce_sum
from scopecli.dryrun.values.dtypes import float32
from scopecli.dryrun.variables.assigning import assign_add
from scopecli.dryrun.variables.opening import variable_scope

if TYPE_CHECKING:
    from scopecli.dryrun.graph.nodes import Tensor


def _counted(values: Tensor, weights: Any, metrics: Any, updates: Any) -> Any:
    """How often something holds."""
    with name_scope(None, "assert_type", [values]):
        no_op("statically_determined_correct_type")
    count = metric_variable([], float32, name="count")
    values = cast(values, float32)
    if weights is not None:
        values = apply("Mul", values, cast(weights, float32))
    found = apply("Identity", count)
    return collected(found, assign_add(count, reduce_sum(values)), metrics, updates)


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
            return collected(  # type: ignore[no-any-return]
                found, update, metrics_collections, updates_collections
            )

    return metric


def _share(right: Any, wrong: Any, name: str) -> Tensor:
    some = apply("Greater", right + wrong, 0)
    return where(some, divide(right, right + wrong), 0, name)


precision = _ratio_of("precision", false_positives)
recall = _ratio_of("recall", false_negatives)
