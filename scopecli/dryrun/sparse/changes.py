"""Sparse tensors out of another: in order, in parts, with other axes.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/ops/sparse_ops.py
"""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.graph.default import get_default_graph
from scopecli.dryrun.graph.scopes import name_scope
from scopecli.dryrun.ops.applying import apply, apply_op, convert_to_tensor
from scopecli.dryrun.ops.arithmetic import cast
from scopecli.dryrun.ops.arithmetic import range as range_
from scopecli.dryrun.ops.arrays import concat, expand_dims, identity, rank, shape, transpose
from scopecli.dryrun.ops.filled import fill, zeros, zeros_like
from scopecli.dryrun.ops.indexed_slices import IndexedSlices
from scopecli.dryrun.ops.indexing import gather, gather_nd, slice, where_v2
from scopecli.dryrun.sparse.tensor import SparseTensor, sparse_tensor_to_dense
from scopecli.dryrun.values.dtypes import int64
from scopecli.dryrun.values.python_values import Longs


def sparse_reorder(sp_input: SparseTensor, name: str | None = None) -> SparseTensor:
    """The same elements in the order of their places."""
    indices, values = apply_op("SparseReorder", *sp_input.parts, name=name).outputs
    if sp_input.shape.is_fully_defined():
        return SparseTensor(indices, values, sp_input.shape.as_list())
    found = SparseTensor(indices, values, identity(sp_input.dense_shape))
    found.set_shape(sp_input.shape)
    return found


def sparse_slice(
    sp_input: SparseTensor, start: Any, size: Any, name: str | None = None
) -> SparseTensor:
    """The elements of a part."""
    start, size = convert_to_tensor(start, int64), convert_to_tensor(size, int64)
    with name_scope(name, "SparseSlice", [sp_input]) as scope:
        op = apply_op("SparseSlice", *sp_input.parts, start, size, name=scope)
        return SparseTensor(*op.outputs)


def sparse_split(
    *,
    sp_input: Any = None,
    num_split: Any = None,
    axis: Any = None,
    name: str | None = None,
    split_dim: Any = None,
) -> list[SparseTensor]:
    """The elements of parts along an axis.

    Raises:
        ValueError: something is not said.
    """
    axis = split_dim if axis is None else axis
    for word, value in (("sp_input", sp_input), ("num_split", num_split), ("axis", axis)):
        if value is None:
            raise ValueError(f"{word} is required")
    graph = get_default_graph()
    with graph.name_scope(name or "SparseSplit") as scope:
        place = convert_to_tensor(axis, int64, name="split_dim")
        axes = len(sp_input.dense_shape.dims or ()) and sp_input.dense_shape.dims[0]
        outputs: list[Any] = [(int64, (None, axes))] * num_split
        outputs += [(sp_input.dtype, (None,))] * num_split
        outputs += [(int64, (axes,))] * num_split
        op = graph.add("SparseSplit", scope[:-1], [place, *sp_input.parts], outputs, {})
    return [SparseTensor(*op.outputs[number::num_split]) for number in range(num_split)]


def sparse_transpose(sp_input: SparseTensor, perm: Any = None, name: Any = None) -> SparseTensor:
    """The same elements, with the axes in another order."""
    with name_scope(name, "SparseTranspose", [sp_input]):
        axes = sp_input.shape.rank
        if perm is None and axes is not None:
            perm = Longs(range(axes)[::-1])
        elif perm is None:
            count: Any = rank(sp_input)
            perm = count - 1 - range_(0, count, 1)
        indices = transpose(gather(transpose(sp_input.indices), perm))
        convert_to_tensor(perm)
        if isinstance(perm, (list, tuple)) and sp_input.shape.is_fully_defined():
            sizes: Any = [sp_input.shape.as_list()[axis] for axis in perm]
        else:
            sizes = gather(sp_input.dense_shape, perm)
        return sparse_reorder(SparseTensor(indices, sp_input.values, sizes))


def sparse_softmax(sp_input: SparseTensor, name: str | None = None) -> SparseTensor:
    """Shares of each row's elements."""
    with name_scope(name, "SparseSoftmax", [sp_input.indices, sp_input.values]):
        return sp_input.with_values(apply("SparseSoftmax", *sp_input.parts))


def sparse_merge(
    sp_ids: Any,
    sp_values: SparseTensor,
    vocab_size: Any,
    name: str | None = None,
    already_sorted: bool = False,
) -> SparseTensor:
    """Values at the places that numbers say.

    Raises:
        ValueError: there are not as many sizes as numbers.
    """
    if isinstance(sp_ids, SparseTensor):
        sp_ids, vocab_size = [sp_ids], [vocab_size]
    if len(sp_ids) != len(vocab_size):
        raise ValueError("sp_ids and vocab_size have to have equal lengths.")
    with name_scope(name, "SparseMerge", [sp_ids, sp_values]):
        columns = [expand_dims(cast(ids.values, int64), 1) for ids in sp_ids]
        sizes = [cast(size, int64) for size in vocab_size]
        rows: Any = sp_ids[0].indices
        indices = concat([rows[:, :-1], *columns], 1)
        outer: Any = sp_ids[0].dense_shape
        whole = concat([outer[:-1], sizes], 0)
        found = SparseTensor(indices, sp_values.values, whole)
        if already_sorted:
            return found
        found = sparse_reorder(found)
        return SparseTensor(found.indices, found.values, whole)


def sparse_to_indicator(sp_input: SparseTensor, vocab_size: Any, name: str | None = None) -> Any:
    """Which numbers are in each row."""
    with name_scope(name, "SparseToIndicator", [sp_input]) as scope:
        count: Any = shape(sp_input.indices)[0]
        there = sp_input.with_values(fill(expand_dims(count, 0), True))
        merged = sparse_merge(sp_input, there, vocab_size, scope)
        return sparse_tensor_to_dense(merged, default_value=False, name=scope)


def sparse_mask(a: Any, mask_indices: Any, name: str | None = None) -> IndexedSlices:
    """Rows of a tensor without some."""
    with name_scope(name, "sparse_mask", [a, mask_indices]) as scope:
        op = apply_op("ListDiff", a.indices, mask_indices, out_idx="int32")
        kept, places = op.outputs
        return IndexedSlices(gather(a.values, places, name=scope), kept, a.dense_shape)


def sparse_expand_dims(
    sp_input: SparseTensor, axis: Any = None, name: str | None = None
) -> SparseTensor:
    """The same elements, with an axis of size 1 more."""
    axes = (sp_input.dense_shape.dims or (None,))[0]
    count: Any = shape(sp_input.dense_shape)[0] if axes is None else axes
    with name_scope(name, "expand_dims", [sp_input]):
        place: Any = convert_to_tensor(-1 if axis is None else axis, "int32", name="axis")
        place = where_v2(place >= 0, place, place + count + 1)
        rows: Any = shape(sp_input.indices)[0]
        column = zeros([rows, 1], int64)
        before = slice(sp_input.indices, [0, 0], [-1, place])
        behind = slice(sp_input.indices, [0, place], [-1, -1])
        indices = concat([before, column, behind], axis=1)
        outer = slice(sp_input.dense_shape, [0], [place])
        inner = slice(sp_input.dense_shape, [place], [-1])
        one = convert_to_tensor([1], int64, name="new_shape")
        whole = concat([outer, one, inner], axis=0)
        return SparseTensor(indices, sp_input.values, whole)


def from_dense(tensor: Any, name: str | None = None) -> SparseTensor:
    """The elements of a tensor that are not zero."""
    with name_scope(name, "dense_to_sparse"):
        tensor = convert_to_tensor(tensor)
        indices = where_v2(apply("NotEqual", tensor, zeros_like(tensor)))
        return SparseTensor(indices, gather_nd(tensor, indices), shape(tensor, None, int64))
