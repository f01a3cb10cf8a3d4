"""Operations on the shape and order of tensors, named as TensorFlow's wrappers name them."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from scopecli.dryrun.applying import apply, apply_op, constant, convert_to_tensor
from scopecli.dryrun.dtypes import as_dtype, bool_, float32, int32
from scopecli.dryrun.graph import Tensor
from scopecli.dryrun.scopes import name_scope
from scopecli.dryrun.shapes import Dimension, TensorShape, dims_of

_SMALL = 1000


def placeholder(dtype: Any, shape: Any = None, name: str | None = None) -> Tensor:
    """A tensor that is fed."""
    return apply("Placeholder", name=name, dtype=as_dtype(dtype).base_dtype, shape=dims_of(shape))


def placeholder_with_default(input: Any, shape: Any, name: str | None = None) -> Tensor:
    """A tensor that may be fed."""
    return apply("PlaceholderWithDefault", input, name=name, shape=dims_of(shape))


def identity(input: Any, name: str | None = None) -> Tensor:
    """The same tensor as a node of its own."""
    return apply("Identity", input, name=name)


def shape(input: Any, name: str | None = None, out_type: Any = int32) -> Tensor:
    """The shape as a tensor; a constant where it is known."""
    return _shape(input, name, out_type, optimize=True)


def _shape(input: Any, name: str | None, out_type: Any, *, optimize: bool) -> Tensor:
    with name_scope(name, "Shape", [input]) as scope:
        tensor = convert_to_tensor(input)
        if optimize and tensor.shape.is_fully_defined():
            if out_type is None:
                return convert_to_tensor(tensor.shape)
            return constant(tensor.shape.as_list(), out_type, name=scope)
        return apply("Shape", tensor, name=scope, out_type=as_dtype(out_type or "int32"))


def rank(input: Any, name: str | None = None) -> Tensor:
    """The number of axes as a tensor."""
    with name_scope(name, "Rank", [input]) as scope:
        tensor = convert_to_tensor(input)
        if tensor.dims is not None:
            return constant(len(tensor.dims), "int32", name=scope)
        return apply("Rank", tensor, name=scope)


def size(input: Any, name: str | None = None, out_type: Any = int32) -> Tensor:
    """The number of elements as a tensor."""
    with name_scope(name, "Size", [input]) as scope:
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
    axis = dim if axis is None else axis
    if axis is None:
        raise ValueError("Must specify an axis argument to tf.expand_dims()")
    return apply("ExpandDims", input, axis, name=name)


def squeeze(
    input: Any, axis: Any = None, name: str | None = None, squeeze_dims: Any = None
) -> Tensor:
    """Without axes of size 1."""
    axis = squeeze_dims if axis is None else axis
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
            from scopecli.dryrun.maths import range as range_

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


def gather(
    params: Any,
    indices: Any,
    validate_indices: Any = None,
    name: str | None = None,
    axis: Any = None,
    batch_dims: int = 0,
) -> Tensor:
    """Rows of a tensor by their numbers."""
    read = getattr(params, "sparse_read", None)
    if read is not None and axis in {None, 0}:
        return read(indices, name)  # type: ignore[no-any-return]
    return apply("GatherV2", params, indices, axis or 0, name=name)


def gather_nd(params: Any, indices: Any, name: str | None = None, batch_dims: int = 0) -> Tensor:
    """Elements or slices by their coordinates."""
    return apply("GatherNd", params, indices, name=name)


def one_hot(
    indices: Any,
    depth: Any,
    on_value: Any = None,
    off_value: Any = None,
    axis: Any = None,
    dtype: Any = None,
    name: str | None = None,
) -> Tensor:
    """A row for each index with a 1 in its place."""
    with name_scope(name, "one_hot", [indices]) as scope:
        kind = None if dtype is None else as_dtype(dtype)
        if on_value is not None:
            on_value = convert_to_tensor(on_value, hint=kind)
        if off_value is not None:
            off_value = convert_to_tensor(off_value, hint=kind)
        given = on_value if on_value is not None else off_value
        kind = given.dtype.base_dtype if kind is None and given is not None else kind or float32
        if on_value is None:
            on_value = convert_to_tensor(1, kind, name="on_value")
        if off_value is None:
            off_value = convert_to_tensor(0, kind, name="off_value")
        axis = -1 if axis is None else axis
        return apply("OneHot", indices, depth, on_value, off_value, name=scope, axis=axis)


def slice(input_: Any, begin: Any, size: Any, name: str | None = None) -> Tensor:
    """A block of a tensor."""
    return apply("Slice", input_, begin, size, name=name)


def strided_slice(
    input_: Any,
    begin: Any,
    end: Any,
    strides: Any = None,
    begin_mask: int = 0,
    end_mask: int = 0,
    ellipsis_mask: int = 0,
    new_axis_mask: int = 0,
    shrink_axis_mask: int = 0,
    var: Any = None,
    name: str | None = None,
) -> Tensor:
    """A block of a tensor, with steps."""
    if strides is None:
        strides = ones_like(begin)
    return apply(
        "StridedSlice",
        input_,
        begin,
        end,
        strides,
        name=name,
        begin_mask=begin_mask,
        end_mask=end_mask,
        ellipsis_mask=ellipsis_mask,
        new_axis_mask=new_axis_mask,
        shrink_axis_mask=shrink_axis_mask,
    )


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


def where(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> Tensor:
    """Elements of one tensor or the other; the places that are true where there are none.

    Raises:
        ValueError: one is given and the other is not.
    """
    if x is None and y is None:
        with name_scope(name, "Where", [condition]) as scope:
            tensor = convert_to_tensor(condition, name="condition", hint=bool_)
            return apply("Where", tensor, name=scope)
    if x is None or y is None:
        raise ValueError("x and y must both be non-None or both be None.")
    return apply("Select", condition, x, y, name=name)


def where_v2(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> Tensor:
    """Elements of one tensor or the other, stretched to each other."""
    if x is None:
        return where(condition, name=name)
    return apply("SelectV2", condition, x, y, name=name)


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
            if sizes is not None and _count(sizes) < _SMALL:
                return constant(value, kind, shape=sizes, name=scope)
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


def _count(sizes: tuple[int, ...]) -> int:
    total = 1
    for extent in sizes:
        total *= extent
    return total


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
            return zeros(_shape(tensor, None, None, optimize=optimize), dtype, name=scope)
        return apply("ZerosLike", tensor, name=scope)


def ones_like(
    tensor: Any, dtype: Any = None, name: str | None = None, optimize: bool = True
) -> Tensor:
    """Ones in the shape of another tensor."""
    with name_scope(name, "ones_like", [tensor]) as scope:
        tensor = convert_to_tensor(tensor, name="tensor")
        sizes = _shape(tensor, None, None, optimize=optimize)
        found = ones(sizes, dtype or tensor.dtype.base_dtype, name=scope)
        found.set_shape(tensor.shape)
        return found


def sequence_mask(
    lengths: Any, maxlen: Any = None, dtype: Any = bool_, name: str | None = None
) -> Tensor:
    """True for as many elements of each row as its length says."""
    with name_scope(name, "SequenceMask", [lengths]):
        lengths = convert_to_tensor(lengths)
        if maxlen is None:
            axes = list(range(len(lengths.dims or ())))
            maxlen = apply("Max", lengths, constant(axes, "int32"))
            maxlen = apply("Maximum", constant(0, maxlen.dtype), maxlen)
        else:
            maxlen = convert_to_tensor(maxlen)
        row = apply("Range", constant(0, maxlen.dtype), maxlen, constant(1, maxlen.dtype))
        matrix = apply("Cast", expand_dims(lengths, -1), DstT=maxlen.dtype.base_dtype)
        result: Tensor = row < matrix
        kind = as_dtype(dtype)
        return result if kind.is_bool else apply("Cast", result, DstT=kind)


def boolean_mask(tensor: Any, mask: Any, name: str = "boolean_mask", axis: Any = None) -> Tensor:
    """The rows that a mask lets through.

    Raises:
        ValueError: the mask is a scalar or its rank is unknown.
    """
    with name_scope(name, values=[tensor, mask]):
        tensor = convert_to_tensor(tensor, name="tensor")
        mask = convert_to_tensor(mask, name="mask")
        if mask.dims is None:
            raise ValueError(
                "Number of mask dimensions must be specified, even if some dimensions are None.  "
                "E.g. shape=[None] is ok, but shape=None is not."
            )
        count = len(mask.dims)
        if count == 0:
            raise ValueError("mask cannot be scalar.")
        axis = 0 if axis is None else axis
        own = tensor.shape
        own[axis : axis + count].assert_is_compatible_with(mask.shape)
        leading = apply("Prod", shape(tensor)[axis : axis + count], [0])
        parts = [shape(tensor)[:axis], [leading], shape(tensor)[axis + count :]]
        tensor = reshape(tensor, concat(parts, 0))
        first = own[axis : axis + count].num_elements()
        tensor.set_shape(own[:axis].concatenate([first]).concatenate(own[axis + count :]))
        mask = reshape(mask, [-1])
        indices = squeeze(where(mask), axis=[1])
        return gather(tensor, indices, axis=axis)


def meshgrid(*args: Any, **kwargs: Any) -> list[Tensor]:
    """Coordinates of a grid."""
    from scopecli.dryrun.opaque import call

    return [call("tf.meshgrid", None) for _ in args]


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
        square = columns is num_rows or columns == num_rows
        least = min(num_rows, columns) if isinstance(num_rows, int) else num_rows
        diagonal = ones([least], dtype=dtype)
        if square:
            return apply("MatrixDiagV3", diagonal, 0, -1, -1, 0, name="diag")
        matrix = zeros([num_rows, columns], dtype=dtype)
        return apply("MatrixSetDiagV3", matrix, diagonal, 0, name="set_diag")
