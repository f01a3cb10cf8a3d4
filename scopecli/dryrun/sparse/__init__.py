"""`tf.sparse`: tensors of which only the elements that are not zero are there."""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.namespaces import attributes, places

_MODULES = {
    "sparse.tensor": "SparseTensor sparse_placeholder sparse_tensor_to_dense sparse_to_dense"
    " sparse_tensor_dense_matmul sparse_reshape sparse_retain sparse_fill_empty_rows",
    "sparse.changes": "sparse_reorder sparse_slice sparse_split sparse_transpose sparse_softmax"
    " sparse_merge sparse_to_indicator sparse_mask sparse_expand_dims from_dense",
    "sparse.combining": "sparse_add sparse_concat sparse_cross_hashed sparse_maximum"
    " sparse_minimum sparse_reduce_sum sparse_reduce_max sparse_reduce_sum_sparse"
    " sparse_reduce_max_sparse",
}
_ALIASES = {
    "to_dense": "sparse_tensor_to_dense",
    "matmul": "sparse_tensor_dense_matmul",
    "sparse_dense_matmul": "sparse_tensor_dense_matmul",
}
_NAMES = places(_MODULES)
_names = attributes(__name__, _MODULES)


def __getattr__(name: str) -> Any:
    """Find a name when it is first used; most have the namespace's name in them."""
    own = _ALIASES.get(name, f"sparse_{name}")
    return _names(own if own in _NAMES else name)
