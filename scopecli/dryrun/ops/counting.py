"""How often values are there: `tf.bincount`, `tf.confusion_matrix`, `tf.histogram_fixed_width`.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/ops/bincount_ops.py
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.scopes import name_scope
from scopecli.dryrun.ops.applying import apply, convert_to_tensor
from scopecli.dryrun.ops.arithmetic import cast, clip_by_value, divide
from scopecli.dryrun.ops.arrays import reshape, shape, size, squeeze, stack
from scopecli.dryrun.ops.checks import assert_less, assert_non_negative
from scopecli.dryrun.ops.constants import constant
from scopecli.dryrun.ops.filled import ones_like
from scopecli.dryrun.ops.grouping import with_dependencies
from scopecli.dryrun.ops.reductions import reduce_max
from scopecli.dryrun.values.dtypes import as_dtype, int32

if TYPE_CHECKING:
    from scopecli.dryrun.graph.nodes import Tensor


def bincount(
    arr: Any, weights: Any = None, minlength: Any = None, maxlength: Any = None, dtype: Any = int32
) -> Tensor:
    """How often each number is there."""
    with name_scope("bincount"):
        arr = convert_to_tensor(arr, name="arr")
        if weights is not None:
            weights = convert_to_tensor(weights, name="weights")
        if not arr.dtype.is_integer:
            arr = cast(arr, int32)
        some: Any = size(arr)
        some = some > 0
        some = cast(some, arr.dtype)
        largest: Any = reduce_max(arr)
        length = some * (largest + 1)
        for type_, name, limit in (
            ("Maximum", "minlength", minlength),
            ("Minimum", "maxlength", maxlength),
        ):
            if limit is not None:
                length = apply(type_, convert_to_tensor(limit, arr.dtype, name=name), length)
        if weights is not None:
            weights = reshape(weights, [-1])
        arr = reshape(arr, [-1])
        if weights is None:
            weights = constant([], as_dtype(dtype))
        return apply("DenseBincount", arr, length, weights)


def histogram_fixed_width(
    values: Any, value_range: Any, nbins: Any = 100, dtype: Any = int32, name: str | None = None
) -> Tensor:
    """How many values are in each of so many ranges."""
    with name_scope(name, "histogram_fixed_width") as scope:
        kind = as_dtype(dtype)
        return apply("HistogramFixedWidth", values, value_range, nbins, name=scope, dtype=kind)


def histogram_fixed_width_bins(
    values: Any, value_range: Any, nbins: Any = 100, dtype: Any = int32, name: str | None = None
) -> Tensor:
    """In which range each value is."""
    from scopecli.dryrun.ops.control_flow.asserting import Assert

    with name_scope(name, "histogram_fixed_width_bins"):
        values = convert_to_tensor(values, name="values")
        sizes = shape(values)
        flat: Any = reshape(values, [-1])
        edges: Any = convert_to_tensor(value_range, name="value_range")
        count: Any = convert_to_tensor(nbins, int32, name="nbins")
        check = Assert(count > 0, [f"nbins {count} must > 0"])
        number: Any = cast(with_dependencies([check], count), values.dtype)
        above = flat - edges[0]
        shares: Any = divide(above, edges[1] - edges[0], name="scaled_values")
        places = apply("Floor", number * shares, name="indices")
        places = cast(clip_by_value(places, 0, number - 1), int32)
        return reshape(places, sizes)


def confusion_matrix(
    labels: Any,
    predictions: Any,
    num_classes: Any = None,
    dtype: Any = "int32",
    name: str | None = None,
    weights: Any = None,
) -> Tensor:
    """How often each class was taken for each."""
    with name_scope(name, "confusion_matrix"):
        labels, predictions = _of_one_rank(
            convert_to_tensor(labels, name="labels"),
            convert_to_tensor(predictions, name="predictions"),
        )
        predictions = cast(predictions, "int64")
        labels = cast(labels, "int64")
        words = "`labels` contains negative values"
        labels = with_dependencies([assert_non_negative(labels, message=words)], labels)
        words = "`predictions` contains negative values"
        check = assert_non_negative(predictions, message=words)
        predictions = with_dependencies([check], predictions)
        if num_classes is None:
            largest = apply("Maximum", reduce_max(predictions), reduce_max(labels))
            num_classes = largest + 1
        else:
            bound = cast(num_classes, "int64")
            check = assert_less(labels, bound, message="`labels` out of bound")
            labels = with_dependencies([check], labels)
            check = assert_less(predictions, bound, message="`predictions` out of bound")
            predictions = with_dependencies([check], predictions)
        if weights is not None:
            weights = cast(convert_to_tensor(weights, name="weights"), dtype)
        sizes = stack([num_classes, num_classes])
        places = stack([labels, predictions], axis=1)
        each = ones_like(predictions, dtype) if weights is None else weights
        return apply("ScatterNd", places, each, cast(sizes, "int64"))


def _of_one_rank(labels: Any, predictions: Any) -> tuple[Any, Any]:
    """Without a last axis that only one has."""
    with name_scope(None, "remove_squeezable_dimensions"):
        if labels.dims is not None and predictions.dims is not None:
            more = len(predictions.dims) - len(labels.dims)
            if more == 1 and predictions.dims[-1] in {1, None}:
                predictions = squeeze(predictions, [-1])
            elif more == -1 and labels.dims[-1] in {1, None}:
                labels = squeeze(labels, [-1])
    return labels, predictions
