"""Placeholders, shapes, and tensors put in another form or together."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from scopecli.dryrun.graph.nodes import Tensor
from scopecli.dryrun.graph.scopes import name_scope
from scopecli.dryrun.ops.applying import apply, apply_op, convert_to_tensor
from scopecli.dryrun.ops.arithmetic import range as range_
from scopecli.dryrun.ops.constants import constant
from scopecli.dryrun.ops.shape_functions.common import stretched
from scopecli.dryrun.values.dtypes import as_dtype, int32
from scopecli.dryrun.values.python_values import one_of
from scopecli.dryrun.values.shapes import Dimension, TensorShape, dims_of


def placeholder(dtype: Any, shape: Any = None, name: str | None = None) -> Tensor:
    """A tensor that is fed.

    Raises:
        TypeError: the type is none.
        ValueError: the shape is none.
    """
    try:
        kind = as_dtype(dtype).base_dtype
    except TypeError:
        raise TypeError(f"Expected DataType for argument 'dtype' not {dtype!r}.") from None
    try:
        dims = dims_of(shape)
    except (TypeError, ValueError) as error:
        words = f"Error converting shape to a TensorShape: {error}."
        raise type(error)(words) from None
    return apply("Placeholder", name=name, dtype=kind, shape=dims)


def placeholder_with_default(input: Any, shape: Any, name: str | None = None) -> Tensor:
    """A tensor that may be fed."""
    return apply("PlaceholderWithDefault", input, name=name, shape=dims_of(shape))


def identity(input: Any, name: str | None = None) -> Tensor:
    """The same tensor as a node of its own."""
    return apply("Identity", input, name=name)


def shape(input: Any, name: str | None = None, out_type: Any = int32) -> Tensor:
    """The shape as a tensor; a constant where it is known."""
    return shape_node(input, name, out_type, optimize=True)


def shape_node(input: Any, name: str | None, out_type: Any, *, optimize: bool) -> Tensor:
    """The shape of a tensor; a constant where that is known and wanted."""
    with name_scope(name, "Shape", [input]) as scope:
        if type(input) is not Tensor and hasattr(input, "is_sparse"):
            return apply("Cast", input.dense_shape, DstT=as_dtype(out_type or "int32"))
        tensor = convert_to_tensor(input)
        if optimize and tensor.shape.is_fully_defined():
            if out_type is None:
                return convert_to_tensor(tensor.shape)
            return constant(tensor.shape.as_list(), out_type, name=scope)
        return apply("Shape", tensor, name=scope, out_type=as_dtype(out_type or "int32"))


def broadcast_dynamic_shape(shape_x: Any, shape_y: Any) -> Tensor:
    """The shape that two shapes have together, as a tensor."""
    return apply("BroadcastArgs", shape_x, shape_y)


def broadcast_static_shape(shape_x: Any, shape_y: Any) -> TensorShape:
    """The shape that two shapes have together."""
    return TensorShape(stretched(dims_of(shape_x), dims_of(shape_y)))


def rank(input: Any, name: str | None = None) -> Tensor:
    """The number of axes as a tensor."""
    with name_scope(name, "Rank", [input]) as scope:
        if hasattr(input, "is_sparse"):
            return apply("Size", input.dense_shape, name=scope, out_type=int32)
        tensor = convert_to_tensor(input)
        if tensor.dims is not None:
            return constant(len(tensor.dims), "int32", name=scope)
        return apply("Rank", tensor, name=scope)


def size(input: Any, name: str | None = None, out_type: Any = int32) -> Tensor:
    """The number of elements as a tensor."""
    with name_scope(name, "Size", [input]) as scope:
        if hasattr(input, "is_sparse"):
            sizes = apply("Cast", input.dense_shape, DstT=as_dtype(out_type))
            return apply("Prod", sizes, 0, name=scope)
        tensor = convert_to_tensor(input)
        if tensor.shape.is_fully_defined():
            return constant(tensor.shape.num_elements(), out_type, name=scope)
        return apply("Size", tensor, name=scope, out_type=as_dtype(out_type))


def reshape(tensor: Any, shape: Any, name: str | None = None) -> Tensor:
    """The same elements in another shape."""
    return apply("Reshape", tensor, shape, name=name)


def expand_dims(input: Any, axis: Any = None, name: str | None = None, dim: Any = None) -> Tensor:
    """One more axis.

    Raises:
        ValueError: no axis is given.
    """
    axis = one_of("axis", axis, "dim", dim)
    if axis is None:
        raise ValueError("Must specify an axis argument to tf.expand_dims()")
    return apply("ExpandDims", input, axis, name=name)


def squeeze(
    input: Any, axis: Any = None, name: str | None = None, squeeze_dims: Any = None
) -> Tensor:
    """Without axes of size 1."""
    axis = one_of("axis", axis, "squeeze_dims", squeeze_dims)
    if axis is not None and not isinstance(axis, (list, tuple)):
        axis = [axis]
    return apply("Squeeze", input, name=name, squeeze_dims=axis)


def concat(values: Any, axis: Any, name: str = "concat") -> Tensor:
    """One tensor after the other along an axis."""
    if not isinstance(values, (list, tuple)):
        values = list(values) if hasattr(values, "_variable_list") else [values]
    if len(values) == 1:
        with name_scope(name):
            convert_to_tensor(axis, "int32", name="concat_dim").shape.assert_has_rank(0)
            return identity(values[0], name)
    return apply("ConcatV2", values, axis, name=name)


def stack(values: Any, axis: int = 0, name: str = "stack") -> Tensor:
    """Tensors as the rows of one."""
    if axis == 0:
        with suppress(TypeError, ValueError):
            return convert_to_tensor(values, name=name)
    first = convert_to_tensor(values[0], name=name)
    if first.dims is not None and not -len(first.dims) - 1 <= axis <= len(first.dims):
        bound = len(first.dims) + 1
        raise ValueError(f"Argument `axis` = {axis} not in range [{-bound}, {bound})")
    return apply("Pack", values, name=name, axis=axis)


def parallel_stack(values: Any, name: str = "parallel_stack") -> Tensor:
    """Tensors as the rows of one."""
    return stack(values, 0, name)


def unstack(value: Any, num: Any = None, axis: int = 0, name: str = "unstack") -> list[Tensor]:
    """The rows of a tensor.

    Raises:
        ValueError: their number is not known.
    """
    if num is None:
        value = convert_to_tensor(value)
        if value.dims is not None:
            bound = len(value.dims)
            if not -bound <= axis < bound:
                raise ValueError(f"Argument `axis` = {axis} not in range [{-bound}, {bound})")
            num = value.dims[axis]
        if num is None:
            raise ValueError(f"Cannot infer argument `num` from shape {value.shape}")
    return apply_op("Unpack", value, name=name, num=num, axis=axis).outputs


def split(
    value: Any, num_or_size_splits: Any, axis: Any = 0, num: Any = None, name: str = "split"
) -> list[Tensor]:
    """The parts of a tensor along an axis."""
    if isinstance(num_or_size_splits, (int, Dimension)):
        count = int(num_or_size_splits)
        return apply_op("Split", axis, value, name=name, num_split=count).outputs
    sizes = convert_to_tensor(num_or_size_splits)
    if sizes.dims == ():
        raise ValueError(
            "Rank-0 tensors are not supported as the num_or_size_splits argument to split. "
            f"Argument provided: {num_or_size_splits}"
        )
    parts = num or (sizes.dims or (None,))[0]
    if parts is None:
        raise ValueError(f"Cannot infer argument `num` from shape {num_or_size_splits}")
    return apply_op("SplitV", value, sizes, axis, name=name, num_split=parts).outputs


def transpose(a: Any, perm: Any = None, name: str = "transpose", conjugate: bool = False) -> Tensor:
    """The axes in another order."""
    with name_scope(name, "transpose", [a]) as scope:
        a = convert_to_tensor(a, name="a")
        if perm is None and a.dims is None:
            perm = range_(apply("Rank", a) - 1, -1, -1)
        elif perm is None:
            perm = list(reversed(range(len(a.dims or ()))))
        return apply("Transpose", a, perm, name=scope)


def matrix_transpose(a: Any, name: str = "matrix_transpose", conjugate: bool = False) -> Tensor:
    """The last two axes exchanged."""
    with name_scope(name, values=[a]):
        a = convert_to_tensor(a, name="a")
        last = len(a.dims or ())
        return transpose(a, [*range(last - 2), last - 1, last - 2])


def pad(
    tensor: Any,
    paddings: Any,
    mode: str = "CONSTANT",
    name: str | None = None,
    constant_values: Any = 0,
) -> Tensor:
    """Longer at both ends of each axis.

    Raises:
        ValueError: the mode is none.
    """
    mode = mode.upper()
    if mode == "CONSTANT":
        if not isinstance(constant_values, Tensor) and constant_values == 0:
            return apply("Pad", tensor, paddings, name=name)
        return apply("PadV2", tensor, paddings, constant_values, name=name)
    if mode not in {"REFLECT", "SYMMETRIC"}:
        raise ValueError(
            'Value of argument `mode` expected to be one of "CONSTANT", "REFLECT", or '
            f'"SYMMETRIC". Received `mode` = {mode}'
        )
    return apply("MirrorPad", tensor, paddings, name=name, mode=mode)
