"""Tensors of one value: zeros, ones, fill, eye."""

from __future__ import annotations

from math import prod
from typing import Any

from scopecli.dryrun.graph.nodes import Tensor
from scopecli.dryrun.graph.scopes import name_scope
from scopecli.dryrun.ops.applying import apply, convert_to_tensor
from scopecli.dryrun.ops.arrays import concat, reshape, shape_node
from scopecli.dryrun.ops.constants import constant, constant_of_one_value
from scopecli.dryrun.values.dtypes import as_dtype, float32
from scopecli.dryrun.values.shapes import TensorShape, dims_of

_SMALL = 1000


def fill(dims: Any, value: Any, name: str | None = None) -> Tensor:
    """A tensor with one value everywhere."""
    return apply("Fill", dims, value, name=name)


def zeros(shape: Any, dtype: Any = float32, name: str | None = None) -> Tensor:
    """A tensor of zeros; a constant where it is small."""
    return _repeated("zeros", 0, shape, dtype, name)


def ones(shape: Any, dtype: Any = float32, name: str | None = None) -> Tensor:
    """A tensor of ones; a constant where it is small."""
    return _repeated("ones", 1, shape, dtype, name)


def _repeated(default: str, number: int, shape: Any, dtype: Any, name: str | None) -> Tensor:
    kind = as_dtype(dtype).base_dtype
    value: Any = number
    if kind.is_bool:
        value = bool(number)
    elif kind.name == "string" and not number:
        value = ""
    with name_scope(name, default) as scope:
        if not isinstance(shape, Tensor):
            sizes = _sizes(shape)
            if sizes is not None and prod(sizes) < _SMALL:
                return constant_of_one_value(value, kind, sizes, scope)
            if sizes is not None or isinstance(shape, int):
                shape = convert_to_tensor(TensorShape(shape))
            else:
                shape = convert_to_tensor(shape, "int32")
        if not shape.dims:
            shape = reshape(shape, [-1])
        return fill(shape, constant(value, kind), name=scope)


def _sizes(shape: Any) -> tuple[int, ...] | None:
    """The sizes as plain numbers; None where one is a tensor or unknown, or it is no list."""
    if isinstance(shape, int):
        return None
    try:
        dims = dims_of(shape)
    except (TypeError, ValueError):
        return None
    return None if dims is None or None in dims else dims  # type: ignore[return-value]


def zeros_like(
    tensor: Any, dtype: Any = None, name: str | None = None, optimize: bool = True
) -> Tensor:
    """Zeros in the shape of another tensor."""
    with name_scope(name, "zeros_like", [tensor]) as scope:
        tensor = convert_to_tensor(tensor, name="tensor")
        kind = tensor.dtype.base_dtype
        if optimize and tensor.shape.is_fully_defined():
            return zeros(tensor.shape, dtype or kind, name=scope)
        if dtype is not None and as_dtype(dtype) != kind:
            return zeros(shape_node(tensor, None, None, optimize=optimize), dtype, name=scope)
        return apply("ZerosLike", tensor, name=scope)


def ones_like(
    tensor: Any, dtype: Any = None, name: str | None = None, optimize: bool = True
) -> Tensor:
    """Ones in the shape of another tensor."""
    with name_scope(name, "ones_like", [tensor]) as scope:
        tensor = convert_to_tensor(tensor, name="tensor")
        sizes = shape_node(tensor, None, None, optimize=optimize)
        found = ones(sizes, dtype or tensor.dtype.base_dtype, name=scope)
        found.set_shape(tensor.shape)
        return found


def eye(
    num_rows: Any,
    num_columns: Any = None,
    batch_shape: Any = None,
    dtype: Any = float32,
    name: str | None = None,
) -> Tensor:
    """A matrix with ones on its diagonal."""
    with name_scope(name, "eye", [num_rows]):
        columns = num_rows if num_columns is None else num_columns
        dynamic = any(isinstance(size, Tensor) for size in (num_rows, columns, batch_shape))
        square = num_columns is None if dynamic else num_rows == columns
        sizes: Any = [*(batch_shape or ()), num_rows, columns]
        if dynamic:
            least = apply("Minimum", num_rows, columns)
            batch = convert_to_tensor(batch_shape or [], "int32", name="shape")
            length: Any = concat([batch, [least]], 0)
            sizes = None if square else concat([batch, [num_rows, columns]], 0)
        else:
            length = [*sizes[:-2], min(num_rows, columns)]
        diagonal = ones(length, dtype=dtype)
        if square:
            return apply("MatrixDiagV3", diagonal, 0, -1, -1, 0, name="diag")
        matrix = zeros(sizes, dtype=dtype)
        return apply("MatrixSetDiagV3", matrix, diagonal, 0, name="set_diag")
