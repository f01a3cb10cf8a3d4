"""Reductions over axes, and the norms made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.scopes import name_scope
from scopecli.dryrun.ops.applying import apply, convert_to_tensor
from scopecli.dryrun.ops.arithmetic import add, cast
from scopecli.dryrun.ops.arithmetic import range as range_
from scopecli.dryrun.ops.arrays import identity, rank, reshape, size
from scopecli.dryrun.ops.constants import constant
from scopecli.dryrun.ops.indexed_slices import IndexedSlices
from scopecli.dryrun.values.dtypes import BY_NAME, as_dtype, int64
from scopecli.dryrun.values.python_values import one_of

if TYPE_CHECKING:
    from scopecli.dryrun.graph.nodes import Tensor


def reduced_axes(tensor: Any, axis: Any) -> Any:
    """The axes that are reduced: all of them where none are given."""
    if axis is not None:
        return axis
    dims = tensor.dims
    if dims:
        return constant(list(range(len(dims))), "int32")
    return range_(0, rank(tensor))


def _reduction(type_: str) -> Any:
    def reduction(
        input_tensor: Any,
        axis: Any = None,
        keepdims: Any = None,
        name: str | None = None,
        reduction_indices: Any = None,
        keep_dims: Any = None,
    ) -> Tensor:
        axis = one_of("axis", axis, "reduction_indices", reduction_indices)
        keep = bool(one_of("keepdims", keepdims, "keep_dims", keep_dims))
        if hasattr(input_tensor, "tensor"):  # of something that is not known
            input_tensor = convert_to_tensor(input_tensor)
        if not hasattr(input_tensor, "dims"):
            if axis is None and hasattr(input_tensor, "shape"):
                axis = _axes_of_shape(input_tensor)
            elif axis is None:
                return _reduced_value(type_, input_tensor, keep, name)
        return _scalar(
            apply(type_, input_tensor, reduced_axes(input_tensor, axis), name=name, keep_dims=keep),
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
    axes = list(range(len(tuple(value.shape))))
    return constant(axes, "int32") if axes else range_(0, rank(value))


def _reduced_value(type_: str, value: Any, keep: bool, name: str | None) -> Tensor:
    """Of a list: its axes are asked for as a tensor."""
    axes = range_(0, rank(value))
    return apply(type_, value, axes, name=name, keep_dims=keep)


reduce_sum = _reduction("Sum")
reduce_mean = _reduction("Mean")
reduce_max = _reduction("Max")
reduce_min = _reduction("Min")
reduce_prod = _reduction("Prod")
reduce_all = _reduction("All")
reduce_any = _reduction("Any")


def reduce_join(
    inputs: Any,
    axis: Any = None,
    keep_dims: Any = None,
    separator: str = "",
    name: str | None = None,
    reduction_indices: Any = None,
    keepdims: Any = None,
) -> Tensor:
    """Texts one after the other."""
    axis = one_of("axis", axis, "reduction_indices", reduction_indices)
    keep = bool(one_of("keepdims", keepdims, "keep_dims", keep_dims))
    with name_scope(None, "ReduceJoin"):
        texts = convert_to_tensor(inputs)
        if axis is None and texts.dims is not None:
            axis = constant(list(range(len(texts.dims) - 1, -1, -1)), "int32")
        elif axis is None:
            axis = range_(rank(texts) - 1, -1, -1)
        return apply("ReduceJoin", texts, axis, name=name, keep_dims=keep)


def reduce_logsumexp(
    input_tensor: Any,
    axis: Any = None,
    keepdims: Any = None,
    name: str | None = None,
    reduction_indices: Any = None,
    keep_dims: Any = None,
) -> Tensor:
    """The logarithm of a sum of exponentials."""
    axis = one_of("axis", axis, "reduction_indices", reduction_indices)
    keep = bool(one_of("keepdims", keepdims, "keep_dims", keep_dims))
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
    axis = one_of("axis", axis, "dimension", dimension)
    return _arg("ArgMax", input, axis, name, output_type)


def argmin(
    input: Any,
    axis: Any = None,
    name: str | None = None,
    dimension: Any = None,
    output_type: Any = int64,
) -> Tensor:
    """Where the smallest element is."""
    axis = one_of("axis", axis, "dimension", dimension)
    return _arg("ArgMin", input, axis, name, output_type)


def _arg(type_: str, value: Any, axis: Any, name: str | None, kind: Any) -> Tensor:
    axis = 0 if axis is None else axis
    return apply(type_, value, axis, name=name, output_type=as_dtype(kind))


def clip_by_norm(t: Any, clip_norm: Any, axes: Any = None, name: str | None = None) -> Any:
    """Not longer than a bound."""
    from scopecli.dryrun.ops.filled import ones_like
    from scopecli.dryrun.ops.indexing import where

    with name_scope(name, "clip_by_norm") as scope:
        rows = isinstance(t, IndexedSlices)
        values = convert_to_tensor(t.values if rows else t, name="t")
        if isinstance(clip_norm, (int, float)):
            clip_norm = max(clip_norm, 0)
        else:
            clip_norm = cast(apply("Maximum", clip_norm, 0), values.dtype.base_dtype)
        total = reduce_sum(values * values, axes, True)
        positive = total > 0
        safe = where(positive, total, ones_like(total))
        norm = where(positive, apply("Sqrt", safe), total)
        intermediate = values * clip_norm
        clipped = identity(intermediate / apply("Maximum", norm, clip_norm), name=scope)
        return t.with_values(clipped) if rows else clipped


def clip_by_average_norm(t: Any, clip_norm: Any, name: str | None = None) -> Tensor:
    """Not longer than a bound for each element."""
    with name_scope(name, "clip_by_average_norm") as scope:
        t = convert_to_tensor(t, name="t")
        count = cast(size(t), "float32")
        square = t * t
        inverse = apply("Rsqrt", reduce_sum(square, range_(rank(t))))
        scaled = t * clip_norm
        least = apply("Minimum", inverse * count, constant(1.0) / clip_norm)
        return identity(scaled * least, name=scope)


def norm(
    tensor: Any,
    ord: Any = "euclidean",
    axis: Any = None,
    keepdims: Any = None,
    name: str | None = None,
    keep_dims: Any = None,
) -> Tensor:
    """The length of a vector."""
    keep = bool(one_of("keepdims", keepdims, "keep_dims", keep_dims))
    with name_scope(name, "norm"):
        tensor = convert_to_tensor(tensor)
        axes = axis if axis is None or isinstance(axis, (list, tuple)) else [axis]
        result = apply("Sqrt", reduce_sum(tensor * tensor, axes, True))
        return result if keep else apply("Squeeze", result, squeeze_dims=axes)


def reduce_variance(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """How far elements are from their mean, squared."""
    with name_scope(name or "reduce_variance"):
        tensor = convert_to_tensor(input_tensor)
        means = reduce_mean(tensor, axis, True)
        return reduce_mean(apply("Square", tensor - means), axis, keepdims)  # type: ignore[no-any-return]


def reduce_std(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """How far elements are from their mean."""
    with name_scope(name or "reduce_std"):
        tensor = convert_to_tensor(input_tensor)
        return apply("Sqrt", reduce_variance(tensor, axis, keepdims))


def count_nonzero(
    input_tensor: Any = None,
    axis: Any = None,
    keepdims: Any = None,
    dtype: Any = "int64",
    name: str | None = None,
    reduction_indices: Any = None,
    keep_dims: Any = None,
    input: Any = None,
) -> Tensor:
    """How many elements are not zero."""
    from scopecli.dryrun.ops.filled import zeros

    axis = one_of("axis", axis, "reduction_indices", reduction_indices)
    keep = one_of("keepdims", keepdims, "keep_dims", keep_dims)
    with name_scope(name, "count_nonzero"):
        tensor = convert_to_tensor(input_tensor if input is None else input, name="input")
        nothing = zeros([], tensor.dtype.base_dtype)
        some = cast(apply("NotEqual", tensor, nothing), "int64")
        return cast(reduce_sum(some, axis, keep), dtype)
