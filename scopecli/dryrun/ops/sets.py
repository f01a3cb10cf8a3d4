"""Elements that differ, and how often each comes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.scopes import name_scope, with_dependencies
from scopecli.dryrun.ops.applying import apply, apply_op, convert_to_tensor
from scopecli.dryrun.ops.arithmetic import cast
from scopecli.dryrun.ops.arrays import concat, rank, reshape, shape, squeeze, stack
from scopecli.dryrun.ops.checks import assert_less, assert_non_negative
from scopecli.dryrun.ops.filled import ones, ones_like
from scopecli.dryrun.ops.reductions import reduce_max
from scopecli.dryrun.values.dtypes import as_dtype
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from scopecli.dryrun.graph.nodes import Tensor


class Unique(NamedTuple):
    """Elements, and which of them stands at each place."""

    y: Any
    idx: Any


class UniqueWithCounts(NamedTuple):
    """Elements, which of them stands at each place, and how often each comes."""

    y: Any
    idx: Any
    count: Any


class ListDiff(NamedTuple):
    """Elements, and where they stood."""

    out: Any
    idx: Any


def unique(x: Any, out_idx: Any = "int32", name: str | None = None) -> Unique:
    """Each element once."""
    return Unique(*apply_op("Unique", x, name=name, out_idx=as_dtype(out_idx)).outputs)


def unique_with_counts(x: Any, out_idx: Any = "int32", name: str | None = None) -> UniqueWithCounts:
    """Each element once, with how often it came."""
    op = apply_op("UniqueWithCounts", x, name=name, out_idx=as_dtype(out_idx))
    return UniqueWithCounts(*op.outputs)


def setdiff1d(x: Any, y: Any, index_dtype: Any = "int32", name: str | None = None) -> ListDiff:
    """The elements of one list that are not in another."""
    op = apply_op("ListDiff", x, y, name=name, out_idx=as_dtype(index_dtype))
    return ListDiff(*op.outputs)


def _divided_sums(default: str, divisor: Any) -> Any:
    """The sums of elements with the same number, divided by a function of how many there are."""

    def divided(data: Any, segment_ids: Any, num_segments: Any, name: str | None = None) -> Any:
        with name_scope(name, default):
            data = convert_to_tensor(data)
            segment_ids = convert_to_tensor(segment_ids)
            count = convert_to_tensor(num_segments)
            each = ones(shape(segment_ids), data.dtype)
            found = apply("UnsortedSegmentSum", each, segment_ids, count)
            first = count[None]
            rest = rank(data) - rank(segment_ids)
            sizes = concat([first, ones([rest], count.dtype)], 0)
            times = apply("Maximum", reshape(found, sizes), 1)
            total = apply("UnsortedSegmentSum", data, segment_ids, num_segments)
            return total / divisor(times)

    return divided


unsorted_segment_mean = _divided_sums("UnsortedSegmentMean", lambda times: times)
unsorted_segment_sqrt_n = _divided_sums("UnsortedSegmentSqrtN", lambda times: apply("Sqrt", times))


def _of_chosen_rows(kind: str) -> Any:
    """Segments of rows that are chosen first."""

    def segments(
        data: Any, indices: Any, segment_ids: Any, name: str | None = None, num_segments: Any = None
    ) -> Tensor:
        type_, inputs = f"SparseSegment{kind}", [data, indices, segment_ids]
        if num_segments is None:
            return apply(type_, *inputs, name=name)
        return apply(f"{type_}WithNumSegments", *inputs, num_segments, name=name)

    return segments


sparse_segment_sum, sparse_segment_mean = _of_chosen_rows("Sum"), _of_chosen_rows("Mean")
sparse_segment_sqrt_n = _of_chosen_rows("SqrtN")


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
