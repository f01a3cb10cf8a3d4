"""Sums and means of the rows that have one number: `tf.unsorted_segment_mean` and its kin.

Those that are one node are wrappers.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/ops/math_ops.py
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.scopes import name_scope
from scopecli.dryrun.ops.applying import apply, convert_to_tensor
from scopecli.dryrun.ops.arrays import concat, rank, reshape, shape
from scopecli.dryrun.ops.filled import ones

if TYPE_CHECKING:
    from scopecli.dryrun.graph.nodes import Tensor


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
