"""Arithmetic, reductions and matrix products, named as TensorFlow's wrappers name them."""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.applying import apply, constant, convert_to_tensor
from scopecli.dryrun.arrays import identity, reshape, shape, transpose
from scopecli.dryrun.dtypes import BY_NAME, as_dtype, int64
from scopecli.dryrun.graph import Tensor
from scopecli.dryrun.operators import divided
from scopecli.dryrun.scopes import name_scope

_NUMBERS = ("int32", "int64", "float16", "bfloat16", "float32", "float64")


def add(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The sum of two tensors."""
    with name_scope(name, "Add") as scope:
        x = convert_to_tensor(x, name="x")
        y = convert_to_tensor(y, name="y", hint=x.dtype.base_dtype)
        type_ = "Add" if x.dtype.base_dtype.name == "string" else "AddV2"
        return apply(type_, x, y, name=scope)


def truediv(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The quotient as floating point."""
    with name_scope(name, "truediv") as scope:
        x = convert_to_tensor(x, name="x")
        y = convert_to_tensor(y, name="y", hint=x.dtype.base_dtype)
        return divided(x, y, scope)


def divide(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The quotient as floating point."""
    if name is not None:
        return truediv(x, y, name)
    return convert_to_tensor(x) / y  # type: ignore[no-any-return]


def div(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The quotient; of integers, rounded down."""
    with name_scope(name, "div") as scope:
        x = convert_to_tensor(x, name="x")
        y = convert_to_tensor(y, name="y", hint=x.dtype.base_dtype)
        type_ = "RealDiv" if x.dtype.is_floating or x.dtype.is_complex else "FloorDiv"
        return apply(type_, x, y, name=scope)


def floordiv(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The quotient, rounded down."""
    with name_scope(name, "floordiv") as scope:
        return apply("FloorDiv", x, y, name=scope)


def pow(x: Any, y: Any, name: str | None = None) -> Tensor:
    """A power."""
    with name_scope(name, "Pow") as scope:
        return apply("Pow", x, y, name=scope)


def logical_xor(x: Any, y: Any, name: str = "LogicalXor") -> Tensor:
    """True where just one is."""
    either, both = apply("LogicalOr", x, y), apply("LogicalAnd", x, y)
    return apply("LogicalAnd", either, apply("LogicalNot", both), name=name)


def add_n(inputs: Any, name: str | None = None) -> Tensor:
    """The sum of many tensors.

    Raises:
        ValueError: there is none.
    """
    if not inputs:
        raise ValueError(
            "Inputs must be an iterable of at least one Tensor/IndexedSlices with the same dtype "
            "and shape."
        )
    tensors = [convert_to_tensor(value) for value in inputs]
    if len(tensors) == 1:
        return identity(tensors[0], name) if name else tensors[0]
    return apply("AddN", tensors, name=name)


def accumulate_n(
    inputs: Any, shape: Any = None, tensor_dtype: Any = None, name: str | None = None
) -> Tensor:
    """The sum of many tensors."""
    return add_n(inputs, name)


def cast(x: Any, dtype: Any, name: str | None = None) -> Tensor:
    """The same values as another type."""
    kind = as_dtype(dtype).base_dtype
    if isinstance(x, Tensor) and x.dtype == kind:
        return x
    if getattr(x, "is_resource", False) and x.dtype == kind:
        return x  # type: ignore[no-any-return] # TensorFlow gives the variable itself
    with name_scope(name, "Cast") as scope:
        x = convert_to_tensor(x, name="x")
        return x if x.dtype == kind else apply("Cast", x, name=scope, DstT=kind)


def to_float(x: Any, name: str = "ToFloat") -> Tensor:
    """As float32."""
    return cast(x, "float32", name)


def to_int32(x: Any, name: str = "ToInt32") -> Tensor:
    """As int32."""
    return cast(x, "int32", name)


def to_int64(x: Any, name: str = "ToInt64") -> Tensor:
    """As int64."""
    return cast(x, "int64", name)


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
            pair: Any = (list(builtin_range(rank - axes, rank)), list(builtin_range(axes)))
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
        from scopecli.dryrun.arrays import concat

        outer = [convert_to_tensor(free[0], "int32") for free in (left_free, right_free)]
        found = reshape(product, concat(outer, 0), name=scope)
        found.set_shape(sizes)
        return found


def _flattened(a: Tensor, axes: list[int], last: bool) -> tuple[Tensor, tuple[Any, list[Any]]]:
    """A tensor as a matrix whose columns (or rows) are the axes that are multiplied."""
    from scopecli.dryrun.arrays import concat, gather, stack

    dims = list(a.dims or ())
    axes = [axis % len(dims) for axis in axes]
    free = [axis for axis in builtin_range(len(dims)) if axis not in axes]
    sizes = [dims[axis] for axis in free]
    if None not in dims:
        outer, inner = _total(sizes), _total([dims[axis] for axis in axes])
        order = free + axes if last else axes + free
        matrix = [outer, inner] if last else [inner, outer]
        if order != list(builtin_range(len(dims))):
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


builtin_range = range


def range(
    start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None, name: str = "range"
) -> Tensor:
    """Numbers in equal steps."""
    if limit is None:
        start, limit = 0, start
    with name_scope(name, "Range") as scope:
        kinds = ("start", start), ("limit", limit), ("delta", delta)
        bounds = [convert_to_tensor(value, dtype, name=part) for part, value in kinds]
        names = [bound.dtype.base_dtype.name for bound in bounds]
        kind = as_dtype(dtype) if dtype else BY_NAME[max(names, key=_NUMBERS.index)]
        return apply("Range", *[cast(bound, kind) for bound in bounds], name=scope)


def _axes(tensor: Any, axis: Any) -> Any:
    """The axes that are reduced: all of them where none are given."""
    if axis is not None:
        return axis
    dims = tensor.dims
    if dims:
        return constant(list(builtin_range(len(dims))), "int32")
    from scopecli.dryrun.arrays import rank

    return range(0, rank(tensor))


def _reduction(type_: str) -> Any:
    def reduction(
        input_tensor: Any,
        axis: Any = None,
        keepdims: Any = None,
        name: str | None = None,
        reduction_indices: Any = None,
        keep_dims: Any = None,
    ) -> Tensor:
        axis = reduction_indices if axis is None else axis
        keep = bool(keep_dims if keepdims is None else keepdims)
        if not hasattr(input_tensor, "dims"):
            if axis is None and hasattr(input_tensor, "shape"):
                axis = _axes_of_shape(input_tensor)
            elif axis is None:
                return _reduced_value(type_, input_tensor, keep, name)
        return _scalar(
            apply(type_, input_tensor, _axes(input_tensor, axis), name=name, keep_dims=keep),
            axis is None and not keep,
        )

    return reduction


def _scalar(found: Tensor, over_all: bool) -> Tensor:
    """What is reduced over all axes is a scalar, even where nobody knows how many there are."""
    if over_all:
        found.set_shape(())
    return found


def _axes_of_shape(value: Any) -> Any:
    """All axes of a variable or an array."""
    rank = len(tuple(value.shape))
    return constant(list(builtin_range(rank)), "int32") if rank else range(0, _rank(value))


def _rank(value: Any) -> Tensor:
    from scopecli.dryrun.arrays import rank

    return rank(value)


def _reduced_value(type_: str, value: Any, keep: bool, name: str | None) -> Tensor:
    """Of a list: its axes are asked for as a tensor."""
    axes = range(0, _rank(value))
    return apply(type_, value, axes, name=name, keep_dims=keep)


reduce_sum = _reduction("Sum")
reduce_mean = _reduction("Mean")
reduce_max = _reduction("Max")
reduce_min = _reduction("Min")
reduce_prod = _reduction("Prod")
reduce_all = _reduction("All")
reduce_any = _reduction("Any")


def reduce_logsumexp(
    input_tensor: Any,
    axis: Any = None,
    keepdims: Any = None,
    name: str | None = None,
    reduction_indices: Any = None,
    keep_dims: Any = None,
) -> Tensor:
    """The logarithm of a sum of exponentials."""
    axis = reduction_indices if axis is None else axis
    keep = bool(keep_dims if keepdims is None else keepdims)
    with name_scope(name, "ReduceLogSumExp") as scope:
        tensor = convert_to_tensor(input_tensor)
        largest = reduce_max(tensor, axis, True)
        finite = apply("SelectV2", apply("IsFinite", largest), largest, 0)
        largest = apply("StopGradient", finite)
        total = reduce_sum(apply("Exp", apply("Sub", tensor, largest)), axis, keep)
        result = apply("Log", total)
        if not keep:
            largest = reshape(largest, apply("Shape", result, out_type=BY_NAME["int32"]))
        return add(result, largest, name=scope)


def argmax(
    input: Any,
    axis: Any = None,
    name: str | None = None,
    dimension: Any = None,
    output_type: Any = int64,
) -> Tensor:
    """Where the largest element is."""
    return _arg("ArgMax", input, dimension if axis is None else axis, name, output_type)


def argmin(
    input: Any,
    axis: Any = None,
    name: str | None = None,
    dimension: Any = None,
    output_type: Any = int64,
) -> Tensor:
    """Where the smallest element is."""
    return _arg("ArgMin", input, dimension if axis is None else axis, name, output_type)


def _arg(type_: str, value: Any, axis: Any, name: str | None, kind: Any) -> Tensor:
    axis = 0 if axis is None else axis
    return apply(type_, value, axis, name=name, output_type=as_dtype(kind))


def cumsum(
    x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False, name: str | None = None
) -> Tensor:
    """Running sums."""
    with name_scope(name, "Cumsum") as scope:
        return apply("Cumsum", convert_to_tensor(x, name="x"), axis, name=scope)


def cumprod(
    x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False, name: str | None = None
) -> Tensor:
    """Running products."""
    with name_scope(name, "Cumprod") as scope:
        return apply("Cumprod", convert_to_tensor(x, name="x"), axis, name=scope)


def scalar_mul(scalar: Any, x: Any, name: str | None = None) -> Tensor:
    """A tensor times a number."""
    x = convert_to_tensor(x)
    scalar = convert_to_tensor(scalar, x.dtype.base_dtype, name="scalar")
    return apply("Mul", scalar, x, name=name)


def clip_by_value(
    t: Any, clip_value_min: Any, clip_value_max: Any, name: str | None = None
) -> Tensor:
    """Between two bounds."""
    with name_scope(name, "clip_by_value") as scope:
        values = convert_to_tensor(t, name="t")
        least = apply("Minimum", values, clip_value_max)
        return apply("Maximum", least, clip_value_min, name=scope)


def clip_by_norm(t: Any, clip_norm: Any, axes: Any = None, name: str | None = None) -> Tensor:
    """Not longer than a bound."""
    from scopecli.dryrun.arrays import ones_like, where

    with name_scope(name, "clip_by_norm") as scope:
        values = convert_to_tensor(t, name="t")
        total = reduce_sum(values * values, axes, True)
        positive = total > 0
        safe = where(positive, total, ones_like(total))
        norm = where(positive, apply("Sqrt", safe), total)
        intermediate = values * clip_norm
        return identity(intermediate / apply("Maximum", norm, clip_norm), name=scope)


def norm(
    tensor: Any,
    ord: Any = "euclidean",
    axis: Any = None,
    keepdims: Any = None,
    name: str | None = None,
    keep_dims: Any = None,
) -> Tensor:
    """The length of a vector."""
    keep = bool(keep_dims if keepdims is None else keepdims)
    with name_scope(name, "norm"):
        tensor = convert_to_tensor(tensor)
        result = apply("Sqrt", reduce_sum(tensor * tensor, axis, True))
        return result if keep else apply("Squeeze", result, squeeze_dims=axis and [axis])
