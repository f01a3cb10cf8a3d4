"""Shapes of products of matrices, reductions and segments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.dryrun.ops.constant_values import constant_value, number, vector
from scopecli.dryrun.ops.shape_functions.common import of_rank, stretched
from scopecli.dryrun.values.shapes import brackets

if TYPE_CHECKING:
    from scopecli.dryrun.ops.shape_functions import Attributes, Inputs
    from scopecli.dryrun.values.shapes import Dims


def matmul(inputs: Inputs, attributes: Attributes) -> Dims:
    """Of the product of two matrices."""
    a, b = of_rank(inputs[0].dims, 2, inputs), of_rank(inputs[1].dims, 2, inputs)
    rows, inner_a = a[::-1] if attributes.get("transpose_a") else a
    inner_b, columns = b[::-1] if attributes.get("transpose_b") else b
    if None not in (inner_a, inner_b) and inner_a != inner_b:
        raise ValueError(
            f"Dimensions must be equal, but are {inner_a} and {inner_b} for "
            f"'{{{{node MatMul}}}}' with input shapes: {brackets(a)}, {brackets(b)}."
        )
    return (rows, columns)


def batch_matmul(inputs: Inputs, attributes: Attributes) -> Dims:
    """Of the products of many matrices."""
    a, b = inputs[0].dims, inputs[1].dims
    if a is None or b is None:
        return None
    rows = a[-1] if attributes.get("adj_x") else a[-2]
    columns = b[-2] if attributes.get("adj_y") else b[-1]
    inner_a = a[-2] if attributes.get("adj_x") else a[-1]
    inner_b = b[-1] if attributes.get("adj_y") else b[-2]
    if None not in (inner_a, inner_b) and inner_a != inner_b:
        raise ValueError(
            f"Dimensions must be equal, but are {inner_a} and {inner_b} with input shapes: "
            f"{brackets(a)}, {brackets(b)}."
        )
    outer = stretched(a[:-2], b[:-2])
    return None if outer is None else (*outer, rows, columns)


def reduce(inputs: Inputs, attributes: Attributes) -> Dims:
    """Without the reduced axes, or with 1 for them."""
    dims = inputs[0].dims
    keep = bool(attributes.get("keep_dims"))
    if dims is None:
        return None
    axes = constant_value(inputs[1])
    if axes is None:
        return (None,) * len(dims) if keep else None
    listed = axes if isinstance(axes, (list, tuple)) else [axes]
    rank = len(dims)
    for axis in listed:
        if not -rank <= axis < rank:
            raise ValueError(
                f"Invalid reduction dimension {axis} for input with {rank} dimensions."
            )
    gone = {axis % rank for axis in listed}
    if keep:
        return tuple(1 if i in gone else size for i, size in enumerate(dims))
    return tuple(size for i, size in enumerate(dims) if i not in gone)


def without(inputs: Inputs, _: Attributes) -> Dims:
    """Without one axis."""
    dims, axis = inputs[0].dims, number(inputs[1])
    if dims is None:
        return None
    if axis is None:
        return (None,) * (len(dims) - 1)
    rank = len(dims)
    if not -rank <= axis < rank:
        raise ValueError(
            f"Dimension ({axis}) must be in the range [{-rank}, {rank}), where {rank} is the "
            "number of dimensions in the input."
        )
    axis %= len(dims)
    return dims[:axis] + dims[axis + 1 :]  # type: ignore[no-any-return]


def segments(inputs: Inputs, _: Attributes) -> Dims:
    """As many rows as the third input says."""
    dims, ids = inputs[0].dims, inputs[1].dims
    return None if dims is None or ids is None else (number(inputs[2]), *dims[len(ids) :])


def range_(inputs: Inputs, _: Attributes) -> Dims:
    """As many as there are numbers."""
    bounds = [constant_value(tensor) for tensor in inputs]
    if None in bounds or not bounds[2]:
        return (None,)
    start, limit, delta = bounds
    return (max(0, -int(-(limit - start) // delta)),)


def segment(inputs: Inputs, _: Attributes) -> Dims:
    """As many rows as there are segments."""
    dims = inputs[0].dims
    return None if dims is None else (None, *dims[1:])


def qr(inputs: Inputs, _: Attributes) -> list[Dims]:
    """A matrix with orthogonal columns, and a triangular one."""
    dims = inputs[0].dims
    if dims is None or None in dims[-2:]:
        return [None, None]
    rows, columns = dims[-2:]
    least = min(rows, columns)
    return [(*dims[:-2], rows, least), (*dims[:-2], least, columns)]


def diagonal(inputs: Inputs, _: Attributes) -> Dims:
    """The first half of the axes."""
    dims = inputs[0].dims
    return None if dims is None else dims[: len(dims) // 2]


def eye(inputs: Inputs, _: Attributes) -> Dims:
    """A matrix with this diagonal."""
    dims = inputs[0].dims
    return None if not dims else (*dims, dims[-1])


def outer(inputs: Inputs, _: Attributes) -> Dims:
    """Without the last two axes."""
    dims = inputs[0].dims
    return None if dims is None else dims[:-2]


def two_outer(inputs: Inputs, attributes: Attributes) -> list[Dims]:
    """Twice without the last two axes."""
    return [outer(inputs, attributes)] * 2


def diagonal_of_matrix(inputs: Inputs, _: Attributes) -> Dims:
    """The shorter of the last two axes."""
    dims = inputs[0].dims
    return None if dims is None else (*dims[:-2], _least(dims))


def _least(dims: tuple[int | None, ...]) -> int | None:
    rows, columns = dims[-2:]
    return None if rows is None or columns is None else min(rows, columns)


def eigen(inputs: Inputs, _: Attributes) -> list[Dims]:
    """The eigenvalues and the eigenvectors."""
    dims = inputs[0].dims
    return [None if dims is None else dims[:-1], dims]


def svd(inputs: Inputs, _: Attributes) -> list[Dims]:
    """The singular values, and the singular vectors of both sides."""
    dims = inputs[0].dims
    if dims is None:
        return [None] * 3
    least = _least(dims)
    return [(*dims[:-2], least), (*dims[:-1], least), (*dims[:-2], dims[-1], least)]


def sparse_matmul(inputs: Inputs, attributes: Attributes) -> Dims:
    """Of the product of a sparse matrix and another."""
    sizes, b = vector(inputs[2]), inputs[3].dims
    rows, columns = (sizes or [None, None])[:2], b or (None, None)
    return (
        rows[1] if attributes.get("adjoint_a") else rows[0],
        columns[0] if attributes.get("adjoint_b") else columns[1],
    )
