"""Parts of a tensor: slices, rows, masks and choices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.scopes import name_scope
from scopecli.dryrun.ops.applying import apply, convert_to_tensor
from scopecli.dryrun.ops.arrays import concat, expand_dims, reshape, shape, squeeze
from scopecli.dryrun.ops.constants import constant
from scopecli.dryrun.ops.filled import ones_like
from scopecli.dryrun.values.dtypes import as_dtype, bool_, float32

if TYPE_CHECKING:
    from scopecli.dryrun.graph.nodes import Tensor


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


def scatter_nd(indices: Any, updates: Any, shape: Any, name: str | None = None) -> Tensor:
    """A tensor with values in some places and zeros elsewhere."""
    return apply("ScatterNd", indices, updates, shape, name=name)


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
