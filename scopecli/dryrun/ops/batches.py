"""Rows of each matrix of a batch.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/ops/array_ops.py
"""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.graph.scopes import name_scope
from scopecli.dryrun.ops.applying import apply, convert_to_tensor
from scopecli.dryrun.ops.arrays import concat, reshape, shape, stack
from scopecli.dryrun.ops.filled import ones, zeros
from scopecli.dryrun.ops.indexing import gather


def batch_gather(params: Any, indices: Any, name: str | None = None) -> Any:
    """Rows of each matrix of a batch by numbers of its own.

    Raises:
        ValueError: nobody knows how many axes the numbers have.
    """
    with name_scope(name, "BatchGather", [params, indices]):
        indices = convert_to_tensor(indices, name="indices")
        params = convert_to_tensor(params, name="params")
        if indices.dims is None:
            raise ValueError("batch_gather does not allow indices with unknown shape.")
        axes = len(indices.dims)
        own, whole = shape(indices), shape(params)
        kind = indices.dtype.base_dtype
        places: Any = indices
        step: Any = ones((), kind)
        sizes: Any = apply("Cast", whole, DstT=kind)
        for axis in range(axes - 1, 0, -1):
            size = sizes[axis - 1]
            step = step * sizes[axis]
            starts: Any = apply("Range", zeros((), kind), size, ones((), kind))
            starts = starts * step
            column = stack([1] * (axis - 1) + [size] + [1] * (axes - axis), axis=0)
            places = places + reshape(starts, column)
        flat = reshape(places, [-1])
        rest: Any = whole
        rest = rest[axes:]
        inner: Any = whole
        count = apply("Prod", inner[:axes], [0])
        rows = gather(reshape(params, concat([[count], rest], axis=0)), flat)
        found = reshape(rows, concat([own, rest], axis=0))
        outer = indices.shape[: axes - 1].merge_with(params.shape[: axes - 1])
        outer = outer.concatenate(indices.shape[axes - 1 :])
        found.set_shape(outer.concatenate(params.shape[axes:]))
        return found
