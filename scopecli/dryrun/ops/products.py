"""Products of matrices and tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.scopes import name_scope
from scopecli.dryrun.ops.applying import apply, convert_to_tensor
from scopecli.dryrun.ops.arrays import concat, reshape, shape, stack, transpose
from scopecli.dryrun.ops.indexing import gather
from scopecli.dryrun.ops.reductions import reduce_prod

if TYPE_CHECKING:
    from scopecli.dryrun.graph.nodes import Tensor


def matmul(
    a: Any,
    b: Any,
    transpose_a: bool = False,
    transpose_b: bool = False,
    adjoint_a: bool = False,
    adjoint_b: bool = False,
    a_is_sparse: bool = False,
    b_is_sparse: bool = False,
    output_type: Any = None,
    name: str | None = None,
) -> Tensor:
    """The product of matrices."""
    with name_scope(name, "MatMul") as scope:
        a = convert_to_tensor(a, name="a")
        b = convert_to_tensor(b, name="b", hint=a.dtype.base_dtype)
        ranks = [2 if tensor.dims is not None and len(tensor.dims) <= 2 else 3 for tensor in (a, b)]
        if max(ranks) > 2:
            return apply(
                "BatchMatMulV2",
                a,
                b,
                name=scope,
                adj_x=adjoint_a or transpose_a,
                adj_y=adjoint_b or transpose_b,
            )
        return apply(
            "MatMul",
            a,
            b,
            name=scope,
            transpose_a=transpose_a or adjoint_a,
            transpose_b=transpose_b or adjoint_b,
        )


batch_matmul = matmul


def tensordot(a: Any, b: Any, axes: Any, name: str | None = None) -> Tensor:
    """The product over several axes."""
    with name_scope(name, "Tensordot") as scope:
        a = convert_to_tensor(a, name="a")
        b = convert_to_tensor(b, name="b")
        if isinstance(axes, int):
            rank = len(a.dims or ())
            pair: Any = (list(range(rank - axes, rank)), list(range(axes)))
        else:
            pair = tuple([axis] if isinstance(axis, int) else list(axis) for axis in axes)
        left, left_free = _flattened(a, pair[0], last=True)
        right, right_free = _flattened(b, pair[1], last=False)
        product = matmul(left, right)
        sizes = [*left_free[1], *right_free[1]]
        if isinstance(left_free[0], list) and isinstance(right_free[0], list):
            if product.shape.is_fully_defined() and product.shape.as_list() == sizes:
                return product
            return reshape(product, left_free[0] + right_free[0], name=scope)
        outer = [convert_to_tensor(free[0], "int32") for free in (left_free, right_free)]
        found = reshape(product, concat(outer, 0), name=scope)
        found.set_shape(sizes)
        return found


def _flattened(a: Tensor, axes: list[int], last: bool) -> tuple[Tensor, tuple[Any, list[Any]]]:
    """A tensor as a matrix whose columns (or rows) are the axes that are multiplied."""
    dims = list(a.dims or ())
    axes = [axis % len(dims) for axis in axes]
    free = [axis for axis in range(len(dims)) if axis not in axes]
    sizes = [dims[axis] for axis in free]
    if None not in dims:
        outer, inner = _total(sizes), _total([dims[axis] for axis in axes])
        order = free + axes if last else axes + free
        matrix = [outer, inner] if last else [inner, outer]
        if order != list(range(len(dims))):
            a = transpose(a, order)
        if a.dims != tuple(matrix):
            a = reshape(a, matrix)
        return a, (sizes, sizes)
    chosen = convert_to_tensor(axes, "int32", name="axes")
    kept = convert_to_tensor(free, "int32", name="free")
    whole = shape(a)
    free_sizes, axes_sizes = gather(whole, kept), gather(whole, chosen)
    totals = reduce_prod(free_sizes), reduce_prod(axes_sizes)
    perm = concat([kept, chosen] if last else [chosen, kept], 0)
    sizes_now = stack([totals[0], totals[1]] if last else [totals[1], totals[0]])
    return reshape(transpose(a, perm), sizes_now), (free_sizes, sizes)


def _total(sizes: list[Any]) -> int:
    total = 1
    for extent in sizes:
        total *= extent
    return total
