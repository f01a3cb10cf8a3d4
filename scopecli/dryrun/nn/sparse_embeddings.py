"""Lookups of rows whose numbers stand in a sparse tensor: part of `tf.nn`.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/ops/embedding_ops.py
"""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.graph.nodes import Tensor
from scopecli.dryrun.graph.scopes import name_scope
from scopecli.dryrun.nn.embeddings import embedding_lookup
from scopecli.dryrun.ops.applying import apply, apply_op, convert_to_tensor
from scopecli.dryrun.ops.arithmetic import cast, div_no_nan, pow
from scopecli.dryrun.ops.arrays import concat, expand_dims, rank, reshape, shape, size, stack
from scopecli.dryrun.ops.filled import ones, ones_like, zeros_like
from scopecli.dryrun.ops.indexing import gather, slice, where
from scopecli.dryrun.ops.reductions import reduce_prod
from scopecli.dryrun.sparse.tensor import (
    SparseTensor,
    sparse_fill_empty_rows,
    sparse_reshape,
    sparse_retain,
)
from scopecli.dryrun.values.shapes import TensorShape

_COMBINERS = ("mean", "sqrtn", "sum")
_SEGMENTS = {
    "sum": "SparseSegmentSum",
    "mean": "SparseSegmentMean",
    "sqrtn": "SparseSegmentSqrtN",
}


def _parts(params: Any) -> list[Any]:
    if hasattr(params, "_get_variable_list"):
        return list(params)
    return params if isinstance(params, list) else [params]


def embedding_lookup_sparse(
    params: Any,
    sp_ids: Any,
    sp_weights: Any,
    partition_strategy: str = "mod",
    name: str | None = None,
    combiner: Any = None,
    max_norm: Any = None,
    allow_fast_lookup: bool = False,
) -> Any:
    """Rows combined to one for each row of a sparse tensor.

    Raises:
        ValueError: they cannot be combined like that.
        TypeError: what should be a sparse tensor is none.
    """
    combiner = combiner or "mean"
    if combiner not in _COMBINERS:
        raise ValueError(f"combiner must be one of 'mean', 'sqrtn' or 'sum', got {combiner}")
    parts = _parts(params)
    if not isinstance(sp_ids, SparseTensor):
        raise TypeError(f"sp_ids must be SparseTensor, got {type(sp_ids)}")
    if sp_weights is not None and not isinstance(sp_weights, SparseTensor):
        raise TypeError(f"sp_weights must be either None or SparseTensor,got {type(sp_weights)}")
    with name_scope(name, "embedding_lookup_sparse") as scope:
        rows: Any = sp_ids.indices[:, 0]
        if len(parts) == 1 and not isinstance(parts[0], Tensor):
            parts = [convert_to_tensor(parts[0], name="params")]
        fast = sp_weights is None or allow_fast_lookup
        near = len(parts) == 1 and parts[0].device == rows.device
        if near and max_norm is None and fast:
            table, places, own = parts[0], sp_ids.values, not allow_fast_lookup
        else:
            ids, places = apply_op("Unique", sp_ids.values, out_idx="int32").outputs
            table = embedding_lookup(parts, ids, partition_strategy, max_norm=max_norm)
            own = False
        if sp_weights is None:
            type_ = _SEGMENTS[combiner]
            return apply(type_, table, places, rows, name=scope, sparse_gradient=own)
        return _weighted(table, places, cast(rows, "int32"), sp_weights.values, combiner, scope)


def _weighted(table: Any, places: Any, rows: Any, weights: Any, combiner: str, name: str) -> Any:
    """Rows with weights, combined."""
    found = gather(table, places)
    kind = found.dtype
    if kind.name in {"float16", "bfloat16"}:
        found = cast(found, "float32")
    weights = cast(weights, found.dtype)
    more: Any = expand_dims(rank(found) - 1, 0)
    sizes = shape(weights)
    wide = concat([sizes, ones(more, sizes.dtype)], 0)
    static = weights.shape
    weights = reshape(weights, wide)
    if found.dims is not None:
        weights.set_shape(static.concatenate(TensorShape([1] * (len(found.dims) - 1))))
    found = found * weights
    if combiner == "sum":
        total = apply("SegmentSum", found, rows, name=name)
        return cast(total, kind)
    total = apply("SegmentSum", found, rows)
    if combiner == "mean":
        share = apply("SegmentSum", weights, rows)
    else:
        share = apply("Sqrt", apply("SegmentSum", pow(weights, 2), rows))
    return cast(div_no_nan(total, share, name=name), kind)


def safe_embedding_lookup_sparse(
    embedding_weights: Any,
    sparse_ids: Any,
    sparse_weights: Any = None,
    combiner: str = "mean",
    default_id: Any = None,
    name: str | None = None,
    partition_strategy: str = "div",
    max_norm: Any = None,
    allow_fast_lookup: bool = False,
) -> Any:
    """The same, where rows may be empty and numbers negative.

    Raises:
        ValueError: there is no table.
    """
    if embedding_weights is None:
        raise ValueError("Missing embedding_weights None.")
    parts = _parts(embedding_weights)
    if not parts:
        raise ValueError(f"Missing embedding_weights {parts}.")
    kind = None if sparse_weights is None else sparse_weights.dtype
    parts = [p if getattr(p, "is_resource", False) else convert_to_tensor(p, kind) for p in parts]
    with name_scope(name, "embedding_lookup") as scope:
        original = sparse_ids.dense_shape
        known = None if original.dims is None else original.dims[0]
        axes: Any = size(original) if known is None else known
        before = reduce_prod(slice(original, [0], [axes - 1]))
        last = gather(original, axes - 1)
        sparse_ids = sparse_reshape(sparse_ids, [before, last])
        if sparse_weights is not None:
            sparse_weights = SparseTensor(
                sparse_ids.indices, sparse_weights.values, sparse_ids.dense_shape
            )
        sparse_ids, sparse_weights = _valid(sparse_ids, sparse_weights, combiner)
        sparse_ids, empty = sparse_fill_empty_rows(sparse_ids, default_id or 0)
        if sparse_weights is not None:
            sparse_weights, _ = sparse_fill_empty_rows(sparse_weights, 1.0)
        found = embedding_lookup_sparse(
            parts,
            sparse_ids,
            sparse_weights,
            partition_strategy,
            None if default_id is None else scope,
            combiner,
            max_norm,
            allow_fast_lookup,
        )
        if default_id is None:
            column = reshape(empty, [-1, 1])
            empty = apply("Tile", column, stack([1, shape(found)[1]]))
            found = where(empty, zeros_like(found), found, name=scope)
        outer = slice(cast(original, "int32"), [0], [axes - 1])
        inner = slice(shape(found), [1], [-1])
        whole = reshape(found, concat([outer, inner], 0))
        rest = TensorShape(None if known is None else [None] * (known - 1))
        whole.set_shape(rest.concatenate(found.shape[1:]))
        return whole


def _valid(ids: Any, weights: Any, combiner: str) -> tuple[Any, Any]:
    """Without negative numbers, and without weights that are not positive."""
    wanted = apply("GreaterEqual", ids.values, 0)
    if weights is not None:
        wanted = apply("LogicalAnd", wanted, ones_like(weights.values, dtype="bool"))
    ids = sparse_retain(ids, wanted)
    if weights is None:
        return ids, None
    weights = sparse_retain(weights, wanted)
    if combiner != "sum":
        wanted = apply("Greater", weights.values, 0)
        ids, weights = sparse_retain(ids, wanted), sparse_retain(weights, wanted)
    return ids, weights
