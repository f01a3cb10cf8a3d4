"""Metrics of the classes that are thought most likely.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/ops/metrics_impl.py
"""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.graph.scopes import name_scope
from scopecli.dryrun.metrics.accumulating import collected, metric_variable
from scopecli.dryrun.nn.ranking import top_k
from scopecli.dryrun.ops.applying import apply, convert_to_tensor
from scopecli.dryrun.ops.arithmetic import add, cast, cumsum, div_no_nan, divide
from scopecli.dryrun.ops.arithmetic import range as range_
from scopecli.dryrun.ops.arrays import concat, expand_dims, rank, reshape, shape, size
from scopecli.dryrun.ops.control_flow.conditionals import cond
from scopecli.dryrun.ops.filled import fill, ones, ones_like, zeros_like
from scopecli.dryrun.ops.indexing import where_v2
from scopecli.dryrun.ops.reductions import reduce_max, reduce_sum
from scopecli.dryrun.ops.weighting import broadcast_weights
from scopecli.dryrun.sets import set_difference, set_intersection, set_size
from scopecli.dryrun.sparse.tensor import SparseTensor, sparse_reshape, sparse_retain
from scopecli.dryrun.values.dtypes import int64
from scopecli.dryrun.variables.assigning import assign_add


def _name(what: str, k: Any, class_id: Any = None) -> str:
    number = "k" if k is None else k
    return f"{what}_at_{number}" + ("" if class_id is None else f"_class{class_id}")


def _with_axis(labels: Any, predictions: Any) -> Any:
    """Labels with an axis for several of each example."""
    with name_scope(None, "expand_labels", [labels, predictions]) as scope:
        if isinstance(labels, SparseTensor):
            known: Any = size(labels.dense_shape)
            return cond(
                apply("Equal", rank(predictions), known + 1),
                lambda: sparse_reshape(labels, concat((labels.dense_shape, (1,)), 0), scope),
                lambda: labels,
            )
        labels = convert_to_tensor(labels)
        if labels.dims is not None and predictions.dims is not None:
            more = len(predictions.dims) - len(labels.dims)
            if more not in {0, 1}:
                raise ValueError(
                    f"Unexpected labels shape {labels.shape} for predictions shape "
                    f"{predictions.shape}. Predictions rank should be the same rank as labels "
                    "rank or labels rank plus one ."
                )
            return expand_dims(labels, -1, name=scope) if more else labels
        axes: Any = rank(labels)
        return cond(
            apply("Equal", rank(predictions), axes + 1),
            lambda: expand_dims(labels, -1, name=scope),
            lambda: labels,
        )


def _of_class(ids: Any, class_id: Any) -> Any:
    """Those of one class."""
    if isinstance(ids, SparseTensor):
        return sparse_retain(ids, apply("Equal", ids.values, class_id))
    ids = convert_to_tensor(ids)
    sizes = shape(ids, out_type=int64)
    last: Any = size(sizes)
    rows = _with_one(sizes, reshape(last - 1, [1]))
    wanted = fill(rows, cast(class_id, int64))
    found = set_intersection(wanted, ids)
    return SparseTensor(found.indices, found.values, sizes)


def _with_one(sizes: Any, axis: Any) -> Any:
    """A shape with 1 for an axis."""
    count: Any = size(sizes)
    places: Any = (axis + count) % count
    width = shape(places)
    all_places = range_(count)
    parts = [sizes, ones(width, sizes.dtype)]
    return apply("DynamicStitch", [all_places, places], parts)


def _counted(
    labels: Any, places: Any, how: tuple[str, str, Any], k: Any, class_id: Any, weights: Any
) -> tuple[Any, Any]:
    """How often something is the case, and what updates that.

    Args:
        labels: of each example.
        places: the classes that are thought most likely.
        how: the name of what is counted, that of its scope, and the operation on sets.
        k: how many those are.
        class_id: the only class that counts.
        weights: of each example.
    """
    what, default, operation = how
    with name_scope(None, _name(what, k, class_id)) as scope:
        with name_scope(None, default):
            if class_id is not None:
                labels, places = _of_class(labels, class_id), _of_class(places, class_id)
            hits: Any = cast(set_size(operation(places, labels)), "float64")
            if weights is not None:
                hits = apply("Mul", hits, cast(weights, "float64"))
        batch = cast(reduce_sum(hits), "float64")
        total = metric_variable([], "float64", name=scope)
        return total, assign_add(total, batch, name="update")


_TRUE = ("true_positive", "true_positives", set_intersection)
_FALSE = ("false_positive", "false_positives", set_difference)
_MISSED = ("false_negative", "false_negatives", set_difference)


def _share_of_top(what: str, other: tuple[str, str, Any]) -> Any:
    """Which share of some counts are true positives, of classes that are given."""

    def metric(
        labels: Any,
        predictions_idx: Any,
        k: Any = None,
        class_id: Any = None,
        weights: Any = None,
        metrics_collections: Any = None,
        updates_collections: Any = None,
        name: Any = None,
    ) -> Any:
        inputs = [predictions_idx, labels, weights]
        with name_scope(name, _name(what, k, class_id), inputs) as scope:
            labels = _with_axis(labels, predictions_idx)
            places = cast(predictions_idx, int64)
            right, new_right = _counted(labels, places, _TRUE, k, class_id, weights)
            wrong, new_wrong = _counted(labels, places, other, k, class_id, weights)
            found = divide(right, add(right, wrong), name=scope)
            update = divide(new_right, add(new_right, new_wrong), name="update")
            return collected(found, update, metrics_collections, updates_collections)

    return metric


recall_at_top_k = _share_of_top("recall", _MISSED)
precision_at_top_k = _share_of_top("precision", _FALSE)


def _share_at(what: str, of_top: Any) -> Any:
    """The same, of the likeliest classes."""

    def metric(
        labels: Any,
        predictions: Any,
        k: int,
        class_id: Any = None,
        weights: Any = None,
        metrics_collections: Any = None,
        updates_collections: Any = None,
        name: Any = None,
    ) -> Any:
        with name_scope(name, _name(what, k, class_id), [predictions, labels, weights]) as scope:
            places = top_k(predictions, k)[1]
            collections = metrics_collections, updates_collections
            return of_top(labels, places, k, class_id, weights, *collections, scope)

    return metric


recall_at_k = _share_at("recall", recall_at_top_k)
precision_at_k = sparse_precision_at_k = _share_at("precision", precision_at_top_k)


def average_precision_at_k(
    labels: Any,
    predictions: Any,
    k: int,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: Any = None,
) -> Any:
    """The mean of precisions at each of the likeliest classes.

    Raises:
        ValueError: there are none.
    """
    if k < 1:
        raise ValueError(f"Invalid k={k}. `k` should be >= 1.")
    default = _name("average_precision", k)
    with name_scope(name, default, [predictions, labels, weights]) as scope:
        places = top_k(predictions, k)[1]
        sizes: Any = shape(predictions)
        labels = _in_range(labels, cast(sizes[-1], int64))
        with name_scope(scope) as inner:
            each = _precisions(labels, places, k)
            if weights is not None:
                weights = broadcast_weights(cast(weights, "float64"), each)
                each = apply("Mul", each, weights)
            with name_scope(None, "max") as own:
                most = metric_variable([], "float64", name=own)
                if weights is None:
                    batch: Any = cast(size(each, name="batch_max"), "float64")
                else:
                    batch = reduce_sum(weights, name="batch_max")
                new_most = assign_add(most, batch, name="update")
            with name_scope(None, "total") as own:
                total = metric_variable([], "float64", name=own)
                batch = reduce_sum(each, name="batch_total")
                new_total = assign_add(total, batch, name="update")
            found = div_no_nan(total, most, name="mean")
            update = div_no_nan(new_total, new_most, name=inner)
            return collected(found, update, metrics_collections, updates_collections)


sparse_average_precision_at_k = average_precision_at_k


def _in_range(labels: Any, classes: Any) -> Any:
    """Labels that are no class, as -1."""
    is_sparse = isinstance(labels, SparseTensor)
    largest: Any = reduce_max(labels.values if is_sparse else labels)

    def clean() -> Any:
        values = labels.values if is_sparse else labels
        wrong = apply("GreaterEqual", values, classes)
        found = where_v2(wrong, -1 * ones_like(values), values)
        return labels.with_values(found) if is_sparse else found

    return cond(apply("GreaterEqual", largest, classes), clean, lambda: labels)


def _precisions(labels: Any, places: Any, k: int) -> Any:
    """The mean of precisions of each example."""
    with name_scope(None, "average_precision", [places, labels]) as scope:
        places = cast(places, int64, name="predictions_idx")
        labels = _with_axis(labels, places)
        of_each = expand_dims(places, -1, name="predictions_idx_per_k")
        labels_of_each = _tiled(labels, k, "labels_per_k")
        with name_scope("relevant_per_k"):
            right: Any = cast(set_size(set_intersection(of_each, labels_of_each)), "float64")
        found = cumsum(right, axis=-1, name="tp_per_k")
        all_ = cumsum(ones_like(right), axis=-1, name="retrieved_per_k")
        share = divide(cast(found, "float64"), cast(all_, "float64"), name="precision_per_k")
        right = cast(right, "float64")
        total = apply("Mul", share, right, name="relevant_precision_per_k")
        total = reduce_sum(total, axis=(-1,), name="precision_sum")
        return divide(total, cast(_relevant(labels, k), "float64"), name=scope)


def _tiled(labels: Any, count: int, name: str) -> Any:
    """Labels once for each of the likeliest classes."""
    with name_scope(name) as scope:
        if isinstance(labels, SparseTensor):
            from scopecli.dryrun.ops.indexing import slice
            from scopecli.dryrun.sparse.combining import sparse_concat

            axes: Any = size(labels.dense_shape)
            place = reshape(axes - 1, [1])
            before = slice(labels.dense_shape, [0], place)
            whole = (before, [1], slice(labels.dense_shape, place, [-1]))
            wide = sparse_reshape(labels, concat(whole, 0, name="expanded_shape"), "expand")
            return wide if count == 1 else sparse_concat(-2, [wide] * count, name=scope)
        wide_labels = expand_dims(labels, -2, name="expand")
        if count == 1:
            return wide_labels
        ones: Any = ones_like(shape(labels))
        multiples = concat((ones[:-1], (count,), ones[-1:]), 0, name="multiples")
        return apply("Tile", wide_labels, multiples, name=scope)


def _relevant(labels: Any, k: int) -> Any:
    """How many labels could be among the likeliest classes."""
    with name_scope(None, "num_relevant", [labels]) as scope:
        if isinstance(labels, SparseTensor):
            return apply("Minimum", set_size(labels), k, name=scope)
        is_one = apply("GreaterEqual", labels, 0)
        each = where_v2(is_one, ones_like(labels), zeros_like(labels))
        return apply("Minimum", reduce_sum(each, axis=-1), k, name=scope)
