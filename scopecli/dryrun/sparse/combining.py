"""Sparse tensors together, and what is left of one when axes are summed up.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/ops/sparse_ops.py
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.scopes import name_scope
from scopecli.dryrun.ops.applying import apply, apply_op, convert_to_tensor
from scopecli.dryrun.ops.arithmetic import cast
from scopecli.dryrun.ops.arithmetic import range as range_
from scopecli.dryrun.ops.arrays import broadcast_static_shape, concat, rank, reshape
from scopecli.dryrun.ops.constants import constant
from scopecli.dryrun.ops.reductions import reduce_max
from scopecli.dryrun.sparse.tensor import SparseTensor
from scopecli.dryrun.values.dtypes import int64

if TYPE_CHECKING:
    from scopecli.dryrun.values.shapes import TensorShape


def sparse_cross_hashed(
    inputs: Any, num_buckets: int = 0, hash_key: Any = None, name: str | None = None
) -> SparseTensor:
    """A number for each combination of elements of a row, by a hash."""
    sparse = [part for part in inputs if isinstance(part, SparseTensor)]
    dense = [part for part in inputs if not isinstance(part, SparseTensor)]
    values = [_texts_or_numbers(part.values) for part in sparse]
    op = apply_op(
        "SparseCross",
        [part.indices for part in sparse],
        values,
        [part.dense_shape for part in sparse],
        [_texts_or_numbers(part) for part in dense],
        name=name,
        out_type=int64,
    )
    return SparseTensor(*op.outputs)


def _texts_or_numbers(tensor: Any) -> Any:
    return tensor if tensor.dtype.name == "string" else cast(tensor, int64)


def sparse_add(a: Any, b: Any, threshold: Any = None, thresh: Any = None) -> Any:
    """The sum: sparse where both are.

    Raises:
        TypeError: neither is sparse.
    """
    threshold = thresh if threshold is None else threshold
    are_sparse = [isinstance(part, SparseTensor) for part in (a, b)]
    if not any(are_sparse):
        raise TypeError("At least one input should be SparseTensor; do you mean to use tf.add()?")
    if not all(are_sparse):
        a, b = (a, b) if are_sparse[0] else (b, a)
        return apply("SparseTensorDenseAdd", *a.parts, b)
    limit = convert_to_tensor(threshold or 0, a.dtype.base_dtype, name="threshold")
    indices, values, sizes = apply_op("SparseAdd", *a.parts, *b.parts, limit).outputs
    a.shape.assert_is_compatible_with(b.shape)
    whole = broadcast_static_shape(a.shape, b.shape)
    return SparseTensor(indices, values, whole.as_list() if whole.is_fully_defined() else sizes)


def sparse_concat(
    axis: Any,
    sp_inputs: Any,
    name: str | None = None,
    expand_nonconcat_dim: bool = False,
    concat_dim: Any = None,
    expand_nonconcat_dims: Any = None,
) -> SparseTensor:
    """Sparse tensors one after the other along an axis."""
    axis = concat_dim if axis is None else axis
    parts = list(sp_inputs)
    if len(parts) == 1:
        return parts[0]  # type: ignore[no-any-return]
    sizes: list[Any] = [part.dense_shape for part in parts]
    expand = expand_nonconcat_dim or expand_nonconcat_dims
    if expand:
        largest: Any = reduce_max(concat([reshape(size, [1, -1]) for size in sizes], 0), 0)
        last = axis == -1
        sizes = [
            concat(
                [
                    largest[:axis],
                    size[-1:] if last else size[axis : axis + 1],
                    [] if last else largest[axis + 1 :],
                ],
                0,
            )
            for size in sizes
        ]
    op = apply_op(
        "SparseConcat",
        [part.indices for part in parts],
        [part.values for part in parts],
        sizes,
        name=name,
    )
    indices, values, whole = op.outputs
    shapes = [part.shape for part in parts]
    if all(known.is_fully_defined() for known in shapes):
        whole = convert_to_tensor(_joined(shapes, axis, expand), int64)
        return SparseTensor(indices, values, whole)
    found = SparseTensor(indices, values, whole)
    if all(known.rank is not None for known in shapes):
        found.set_shape(_joined(shapes, axis, expand))
    return found


def _joined(shapes: list[TensorShape], axis: int, expand: Any) -> list[Any]:
    """The shape of the whole."""
    lists = [known.as_list() for known in shapes]
    columns = list(zip(*lists, strict=True))
    found = [_total(column, max) if expand else column[0] for column in columns]
    found[axis] = _total(columns[axis], sum)
    return found


def _total(sizes: Any, how: Any) -> Any:
    return None if None in sizes else how(sizes)


def _extreme(type_: str) -> Any:
    def extreme(sp_a: SparseTensor, sp_b: SparseTensor, name: str | None = None) -> SparseTensor:
        inputs = [sp_a.indices, sp_a.values, sp_b.indices, sp_b.values]
        with name_scope(name, type_, inputs) as scope:
            op = apply_op(type_, *sp_a.parts, *sp_b.parts, name=scope)
        indices, values = op.outputs
        return SparseTensor(indices, values, sp_a.dense_shape)

    return extreme


sparse_maximum, sparse_minimum = _extreme("SparseSparseMaximum"), _extreme("SparseSparseMinimum")


def _reduced(type_: str) -> Any:
    def reduced(
        sp_input: SparseTensor,
        axis: Any = None,
        keepdims: Any = None,
        reduction_axes: Any = None,
        keep_dims: Any = None,
    ) -> Any:
        axis = reduction_axes if axis is None else axis
        op = apply_op(
            type_, *sp_input.parts, _axes(sp_input, axis), keep_dims=keepdims or keep_dims
        )
        return SparseTensor(*op.outputs) if type_.endswith("Sparse") else op.outputs[0]

    return reduced


def _axes(tensor: SparseTensor, axis: Any) -> Any:
    """The axes that are summed up: all of them where nothing is said."""
    if axis is not None:
        return axis
    count = tensor.shape.rank
    return constant([*range(count)], "int32") if count else range_(0, rank(tensor))


sparse_reduce_sum = _reduced("SparseReduceSum")
sparse_reduce_max = _reduced("SparseReduceMax")
sparse_reduce_sum_sparse = _reduced("SparseReduceSumSparse")
sparse_reduce_max_sparse = _reduced("SparseReduceMaxSparse")
