"""`tf.sets`: rows as sets.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/ops/sets_impl.py
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.namespaces import attributes
from scopecli.dryrun.ops.applying import apply, apply_op
from scopecli.dryrun.sparse.tensor import SparseTensor

if TYPE_CHECKING:
    from scopecli.dryrun.graph.nodes import Tensor

__getattr__ = attributes(__name__, {})


def set_size(a: SparseTensor, validate_indices: bool = True) -> Tensor:
    """How many elements each set has."""
    return apply("SetSize", *a.parts)


def _operation() -> Any:
    def operation(a: Any, b: Any, *_: Any, **__: Any) -> SparseTensor:
        if not hasattr(a, "is_sparse") and not hasattr(b, "is_sparse"):
            return SparseTensor(*apply_op("DenseToDenseSetOperation", a, b).outputs)
        if not hasattr(a, "is_sparse"):
            return SparseTensor(*apply_op("DenseToSparseSetOperation", a, *b.parts).outputs)
        if not hasattr(b, "is_sparse"):  # the sparse one comes second
            return SparseTensor(*apply_op("DenseToSparseSetOperation", b, *a.parts).outputs)
        op = apply_op("SparseToSparseSetOperation", *a.parts, *b.parts)
        return SparseTensor(*op.outputs)

    return operation


set_intersection = intersection = _operation()
set_union = union = _operation()
set_difference = difference = _operation()
size = set_size
