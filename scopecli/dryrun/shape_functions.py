"""Static shapes of the outputs, from the inputs and attributes of a node.

A function gets the inputs as the table lists them and gives one shape for every output, or a list
with a shape for each. Messages are those of TensorFlow's own shape functions.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/framework/common_shape_fns.cc
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.constant_values import constant_value, number, vector
from scopecli.dryrun.shapes import brackets, compatible, merged, mismatch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scopecli.dryrun.shapes import Dims

    Inputs = Sequence[Any]
    Attributes = dict[str, Any]


def same(inputs: Inputs, _: Attributes) -> Dims:
    """Of the first input."""
    return inputs[0].dims  # type: ignore[no-any-return]


def second(inputs: Inputs, _: Attributes) -> Dims:
    """Of the second input."""
    return inputs[1].dims  # type: ignore[no-any-return]


def scalar(_: Inputs, __: Attributes) -> Dims:
    """No axes."""
    return ()


def unknown(_: Inputs, __: Attributes) -> Dims:
    """Nothing is known."""
    return None


def attribute(_: Inputs, attributes: Attributes) -> Dims:
    """As an attribute says."""
    return attributes["shape"]  # type: ignore[no-any-return]


def assign(inputs: Inputs, attributes: Attributes) -> Dims:
    """Of the variable, which must have the shape of the value."""
    a, b = inputs[0].dims, inputs[1].dims
    if attributes.get("validate_shape") is False:
        return b  # type: ignore[no-any-return]
    if not compatible(a, b):
        raise ValueError(mismatch(a, b))
    return merged(a, b)


def each(inputs: Inputs, _: Attributes) -> list[Dims]:
    """Of each of a list."""
    return [tensor.dims for tensor in inputs[0]]


def handle(inputs: Inputs, _: Attributes) -> Dims:
    """Of the variable that a handle is for."""
    return inputs[0].op.attributes.get("shape")  # type: ignore[no-any-return]


def resource_gather(inputs: Inputs, attributes: Attributes) -> Dims:
    """Rows of the variable that a handle is for."""
    params, indices = handle(inputs, attributes), inputs[1].dims
    return None if params is None or indices is None else indices + params[1:]


def broadcast(inputs: Inputs, _: Attributes) -> Dims:
    """Of all inputs, stretched to each other."""
    found: Dims = ()
    for tensor in inputs:
        found = _stretched(found, tensor.dims)
    return found


def _stretched(a: Dims, b: Dims) -> Dims:
    if a is None or b is None:
        return None
    long, short = (a, b) if len(a) >= len(b) else (b, a)
    short = (1,) * (len(long) - len(short)) + short
    sizes: list[int | None] = []
    for x, y in zip(long, short, strict=True):
        if x == 1 or y == 1:
            sizes.append(y if x == 1 else x)
        elif x is None or y is None:
            sizes.append(y if x is None else x)
        elif x != y:
            raise ValueError(
                f"Dimensions must be equal, but are {_of(a, b, x, y)} with input shapes: "
                f"{brackets(a)}, {brackets(b)}."
            )
        else:
            sizes.append(x)
    return tuple(sizes)


def _of(a: Dims, b: Dims, x: int, y: int) -> str:
    first, last = (x, y) if a is not None and b is not None and len(a) >= len(b) else (y, x)
    return f"{first} and {last}"


def together(inputs: Inputs, _: Attributes) -> Dims:
    """What a list of equal shapes says together."""
    found: Dims = None
    for tensor in inputs[0]:
        found = _merge(found, tensor.dims)
    return found


def together_but_first(inputs: Inputs, _: Attributes) -> Dims:
    """What the second and third say together."""
    return _merge(inputs[1].dims, inputs[2].dims)


def _merge(a: Dims, b: Dims) -> Dims:
    if not compatible(a, b):
        raise ValueError(f"Shapes must be equal, but are {brackets(a)} and {brackets(b)}")
    return merged(a, b)


def matmul(inputs: Inputs, attributes: Attributes) -> Dims:
    """Of the product of two matrices."""
    a, b = _rank(inputs[0].dims, 2, inputs), _rank(inputs[1].dims, 2, inputs)
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
    outer = _stretched(a[:-2], b[:-2])
    return None if outer is None else (*outer, rows, columns)


def _rank(dims: Dims, rank: int, inputs: Inputs) -> tuple[int | None, ...]:
    if dims is None:
        return (None,) * rank
    if len(dims) != rank:
        shapes = ", ".join(brackets(tensor.dims) for tensor in inputs)
        raise ValueError(
            f"Shape must be rank {rank} but is rank {len(dims)} with input shapes: {shapes}."
        )
    return dims


def bias_add(inputs: Inputs, attributes: Attributes) -> Dims:
    """Of the value; the bias must be as long as its channels."""
    value, bias = inputs[0].dims, inputs[1].dims
    if value is None or bias is None or len(bias) != 1:
        return value  # type: ignore[no-any-return]
    axis = 1 if str(attributes.get("data_format")).startswith("NC") else len(value) - 1
    sizes = value[axis], bias[0]
    if None not in sizes and sizes[0] != sizes[1]:
        raise ValueError(
            f"Dimensions must be equal, but are {sizes[0]} and {sizes[1]} with input shapes: "
            f"{brackets(value)}, {brackets(bias)}."
        )
    return (*value[:axis], bias[0] if value[axis] is None else value[axis], *value[axis + 1 :])


def window(
    size: int | None, filter_: int | None, stride: int, padding: Any, dilation: int = 1
) -> int | None:
    """Output size of one axis that a window slides over."""
    if size is None:
        return None
    if padding == "SAME":
        return -(-size // stride)
    if filter_ is None:
        return None
    return (size - (filter_ - 1) * dilation - 1) // stride + 1


def convolution(inputs: Inputs, attributes: Attributes) -> Dims:
    """Of a convolution over two or three axes."""
    return _convolved(inputs, attributes, lambda kernel: kernel[-1])


def depthwise_convolution(inputs: Inputs, attributes: Attributes) -> Dims:
    """Of a convolution of each channel by itself."""

    def channels(kernel: Sequence[int | None]) -> int | None:
        return None if None in kernel[-2:] else kernel[-2] * kernel[-1]  # type: ignore[operator]

    return _convolved(inputs, attributes, channels)


def _convolved(inputs: Inputs, attributes: Attributes, channels: Any) -> Dims:
    value, kernel = inputs[0].dims, inputs[1].dims
    rank = len(kernel) if kernel is not None else len(attributes["strides"])
    value = _rank(value, rank, inputs)
    kernel = _rank(kernel, rank, inputs)
    first = str(attributes.get("data_format")).startswith("NC")
    axis = 1 if first else rank - 1
    depths = value[axis], kernel[-2]
    if depths[0] is not None and depths[1] and depths[0] % depths[1]:
        raise ValueError(
            f"Depth of input ({depths[0]}) is not a multiple of input depth of filter "
            f"({depths[1]}) with input shapes: {brackets(value)}, {brackets(kernel)}."
        )
    spatial = range(2, rank) if first else range(1, rank - 1)
    sizes = _slid(value, kernel, spatial, attributes)
    depth = channels(kernel)
    return (value[0], depth, *sizes) if first else (value[0], *sizes, depth)


def _slid(
    value: Sequence[int | None],
    kernel: Sequence[int | None],
    spatial: range,
    attributes: Attributes,
) -> list[int | None]:
    strides = attributes["strides"]
    dilations = attributes.get("dilations") or (1,) * len(value)
    sizes = []
    for number_, axis in enumerate(spatial):
        size = window(
            value[axis], kernel[number_], strides[axis], attributes["padding"], dilations[axis]
        )
        if size is not None and size <= 0:
            raise ValueError(
                f"Negative dimension size caused by subtracting {kernel[number_]} from "
                f"{value[axis]} with input shapes: {brackets(tuple(value))}."
            )
        sizes.append(size)
    return sizes


def pool(inputs: Inputs, attributes: Attributes) -> Dims:
    """Of a window that takes the largest or the mean."""
    value = inputs[0].dims
    ksize = attributes["ksize"]
    value = _rank(value, len(ksize), inputs)
    sizes = []
    for axis, size in enumerate(value):
        if ksize[axis] == 1 and attributes["strides"][axis] == 1:
            sizes.append(size)
            continue
        found = window(size, ksize[axis], attributes["strides"][axis], attributes["padding"])
        if found is not None and found <= 0:
            raise ValueError(
                f"Negative dimension size caused by subtracting {ksize[axis]} from {size} with "
                f"input shapes: {brackets(value)}."
            )
        sizes.append(found)
    return tuple(sizes)


def batch_norm(inputs: Inputs, attributes: Attributes) -> list[Dims]:
    """The value, and five statistics by channel."""
    value = inputs[0].dims
    first = str(attributes.get("data_format")).startswith("NC")
    depth = None if value is None else value[1 if first else -1]
    for tensor in inputs[1:3]:
        if depth is None and tensor.dims:
            depth = tensor.dims[0]
    return [value, *[(depth,)] * 4, None]


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
    axis %= len(dims)
    return dims[:axis] + dims[axis + 1 :]  # type: ignore[no-any-return]


def from_shape_input(inputs: Inputs, _: Attributes) -> Dims:
    """As the values of the first input say."""
    return _from_values(inputs[0])


def transposed(inputs: Inputs, _: Attributes) -> Dims:
    """As the first input says, but for the batch, which is that of the third."""
    sizes, batch = _from_values(inputs[0]), inputs[2].dims
    return None if sizes is None else ((batch or (None,))[0], *sizes[1:])


def twice(inputs: Inputs, _: Attributes) -> Dims:
    """The axes twice over."""
    dims = inputs[0].dims
    return None if dims is None else dims + dims


def segments(inputs: Inputs, _: Attributes) -> Dims:
    """As many rows as the third input says."""
    dims, ids = inputs[0].dims, inputs[1].dims
    return None if dims is None or ids is None else (number(inputs[2]), *dims[len(ids) :])


def from_second_input(inputs: Inputs, _: Attributes) -> Dims:
    """As the values of the second input say."""
    return _from_values(inputs[1])


def _from_values(tensor: Any) -> Dims:
    sizes = vector(tensor)
    if sizes is None:
        return None
    return tuple(None if size is None or size < 0 else size for size in sizes)


def reshape(inputs: Inputs, _: Attributes) -> Dims:
    """As the second input says; -1 stands for what is left."""
    dims, wanted = inputs[0].dims, vector(inputs[1])
    if wanted is None:
        return None
    known = 1
    unknowns = [i for i, size in enumerate(wanted) if size is None or size < 0]
    for size in wanted:
        known *= size if size is not None and size >= 0 else 1
    sizes = [None if size is None or size < 0 else size for size in wanted]
    if dims is not None and None not in dims:
        total = 1
        for size in dims:
            total *= size
        if len(unknowns) == 1:
            if known and total % known:
                raise ValueError(
                    f"Dimension size must be evenly divisible by {known} but is {total} with "
                    f"input shapes: {brackets(dims)}, [{len(wanted)}]."
                )
            sizes[unknowns[0]] = total // known if known else None
        elif not unknowns and total != known:
            raise ValueError(
                f"Cannot reshape a tensor with {total} elements to shape "
                f"{brackets(tuple(sizes))} ({known} elements)"
            )
    return tuple(sizes)


def concat(inputs: Inputs, _: Attributes) -> Dims:
    """One after the other along an axis."""
    axis = number(inputs[1])
    shapes = [tensor.dims for tensor in inputs[0]]
    known = [dims for dims in shapes if dims is not None]
    if not known:
        return None
    rank = len(known[0])
    if axis is None:
        return (None,) * rank
    axis = axis % rank if rank else 0
    found: Dims = None
    total: int | None = 0
    for dims in shapes:
        rest = None if dims is None else (*dims[:axis], None, *dims[axis + 1 :])
        if not compatible(found, rest):
            raise ValueError(mismatch(found, rest))
        found = merged(found, rest)
        size = None if dims is None else dims[axis]
        total = None if total is None or size is None else total + size
    found = found or ()
    return (*found[:axis], total, *found[axis + 1 :])


def split(inputs: Inputs, attributes: Attributes) -> list[Dims]:
    """Equal parts along an axis."""
    axis, dims, count = number(inputs[0]), inputs[1].dims, attributes["num_split"]
    if dims is None or axis is None:
        return [None if dims is None else (None,) * len(dims)] * count
    axis %= len(dims)
    size = dims[axis]
    if size is not None and size % count:
        raise ValueError(
            f"Dimension size must be evenly divisible by {count} but is {size} with input "
            f"shapes: [], {brackets(dims)}."
        )
    part = None if size is None else size // count
    return [(*dims[:axis], part, *dims[axis + 1 :])] * count


def split_v(inputs: Inputs, attributes: Attributes) -> list[Dims]:
    """Parts of given sizes along an axis."""
    dims, axis = inputs[0].dims, number(inputs[2])
    sizes = vector(inputs[1]) or [None] * attributes["num_split"]
    if dims is None or axis is None:
        return [None] * len(sizes)
    axis %= len(dims)
    total = dims[axis]
    known = sum(size for size in sizes if size is not None and size >= 0)
    found: list[Dims] = []
    for size in sizes:
        rest = None if total is None else total - known
        part = rest if size is not None and size < 0 else size
        found.append((*dims[:axis], part, *dims[axis + 1 :]))
    return found


def pack(inputs: Inputs, attributes: Attributes) -> Dims:
    """One more axis, as long as the list."""
    found: Dims = None
    for tensor in inputs[0]:
        if not compatible(found, tensor.dims):
            shapes = f"{brackets(found)} and {brackets(tensor.dims)}"
            raise ValueError(f"Shapes must be equal, but are {shapes}")
        found = merged(found, tensor.dims)
    if found is None:
        return None
    axis = attributes.get("axis", 0) % (len(found) + 1)
    return (*found[:axis], len(inputs[0]), *found[axis:])


def unpack(inputs: Inputs, attributes: Attributes) -> list[Dims]:
    """The parts along an axis, without it."""
    dims = inputs[0].dims
    if dims is not None:
        axis = attributes.get("axis", 0) % len(dims)
        dims = dims[:axis] + dims[axis + 1 :]
    return [dims] * attributes["num"]


def gather(inputs: Inputs, _: Attributes) -> Dims:
    """The indices' axes in place of the one that is looked up."""
    params, indices, axis = inputs[0].dims, inputs[1].dims, number(inputs[2])
    if params is None or indices is None or axis is None:
        return None
    axis %= len(params)
    return (*params[:axis], *indices, *params[axis + 1 :])


def gather_nd(inputs: Inputs, _: Attributes) -> Dims:
    """Rows at many indices."""
    params, indices = inputs[0].dims, inputs[1].dims
    if params is None or not indices or indices[-1] is None:
        return None
    return (*indices[:-1], *params[indices[-1] :])


def rank_vector(inputs: Inputs, _: Attributes) -> Dims:
    """As long as the input has axes."""
    dims = inputs[0].dims
    return (None if dims is None else len(dims),)


def one_hot(inputs: Inputs, attributes: Attributes) -> Dims:
    """One more axis, as long as there are classes."""
    dims, depth = inputs[0].dims, number(inputs[1])
    if dims is None:
        return None
    axis = attributes.get("axis", -1)
    axis = len(dims) if axis == -1 else axis
    return (*dims[:axis], depth, *dims[axis:])


def transpose(inputs: Inputs, _: Attributes) -> Dims:
    """The axes in another order."""
    dims, order = inputs[0].dims, vector(inputs[1])
    if order is None or dims is None:
        return None if order is None else (None,) * len(order)
    if len(order) != len(dims):
        raise ValueError(
            f"Dimension must be {len(dims)} but is {len(order)} with input shapes: "
            f"{brackets(dims)}, [{len(order)}]."
        )
    return tuple(None if axis is None else dims[axis] for axis in order)


def expand_dims(inputs: Inputs, _: Attributes) -> Dims:
    """One more axis of size 1."""
    dims, axis = inputs[0].dims, number(inputs[1])
    if dims is None:
        return None
    if axis is None:
        return (None,) * (len(dims) + 1)
    if not -len(dims) - 1 <= axis <= len(dims):
        raise ValueError(
            f"dim {axis} not in the interval [{-len(dims) - 1}, {len(dims)}]. with input shapes: "
            f"{brackets(dims)}, []."
        )
    axis %= len(dims) + 1
    return (*dims[:axis], 1, *dims[axis:])


def squeeze(inputs: Inputs, attributes: Attributes) -> Dims:
    """Without axes of size 1."""
    dims = inputs[0].dims
    if dims is None:
        return None
    axes = attributes.get("squeeze_dims")
    if axes:
        gone = {axis % len(dims) for axis in axes}
        for axis in sorted(gone):
            if dims[axis] not in {1, None}:
                raise ValueError(
                    f"Can not squeeze dim[{axis}], expected a dimension of 1, got {dims[axis]} "
                    f"with input shapes: {brackets(dims)}."
                )
        return tuple(size for axis, size in enumerate(dims) if axis not in gone)
    return None if None in dims else tuple(size for size in dims if size != 1)


def tile(inputs: Inputs, _: Attributes) -> Dims:
    """Each axis so many times."""
    dims, times = inputs[0].dims, vector(inputs[1])
    if times is None:
        return None if dims is None else (None,) * len(dims)
    if dims is None:
        return (None,) * len(times)
    return tuple(
        None if size is None or count is None else size * count
        for size, count in zip(dims, times, strict=True)
    )


def slice_(inputs: Inputs, _: Attributes) -> Dims:
    """A block of the input."""
    dims, begin, size = inputs[0].dims, vector(inputs[1]), vector(inputs[2])
    if size is None:
        return None if dims is None else (None,) * len(dims)
    found: list[int | None] = []
    for axis, extent in enumerate(size):
        if extent is None or extent >= 0:
            found.append(extent)
            continue
        whole = None if dims is None else dims[axis]
        start = None if begin is None else begin[axis]
        found.append(None if whole is None or start is None else whole - start)
    return tuple(found)


def strided_slice(inputs: Inputs, attributes: Attributes) -> Dims:
    """A block with steps; axes may be added and dropped."""
    dims = inputs[0].dims
    begin, end, step = (vector(tensor) for tensor in inputs[1:])
    if dims is None or begin is None or end is None or step is None:
        return None
    masks = {key: attributes.get(f"{key}_mask", 0) for key in _MASKS}
    used = sum(
        1
        for i in range(len(begin))
        if not masks["new_axis"] >> i & 1 and not masks["ellipsis"] >> i & 1
    )
    found: list[int | None] = []
    axis = 0
    for i in range(len(begin)):
        if masks["ellipsis"] >> i & 1:
            count = len(dims) - used
            found += dims[axis : axis + count]
            axis += count
        elif masks["new_axis"] >> i & 1:
            found.append(1)
        else:
            if axis >= len(dims):
                raise ValueError(
                    f"Index out of range using input dim {axis}; input has only {len(dims)} dims"
                )
            if masks["shrink_axis"] >> i & 1:
                _check_index(begin[i], dims[axis])
            else:
                bounds = (
                    None if masks["begin"] >> i & 1 else (begin[i],),
                    None if masks["end"] >> i & 1 else (end[i],),
                )
                found.append(_length(dims[axis], bounds, step[i]))
            axis += 1
    return (*found, *dims[axis:])


_MASKS = ("begin", "end", "ellipsis", "new_axis", "shrink_axis")


def _check_index(index: int | None, size: int | None) -> None:
    if index is not None and size is not None and not -size <= index < size:
        raise ValueError(f"slice index {index} of dimension 0 out of bounds.")


def _length(
    size: int | None,
    bounds: tuple[tuple[int | None] | None, tuple[int | None] | None],
    step: int | None,
) -> int | None:
    """How many elements a slice takes; a bound is None where it is left out."""
    first, last = bounds
    if step is None or None in (first or ()) or None in (last or ()):
        return None
    start, stop = first[0] if first else None, last[0] if last else None
    if size is None:
        return None
    return len(range(*slice(start, stop, step).indices(size)))


def pad(inputs: Inputs, _: Attributes) -> Dims:
    """Longer by the padding at both ends."""
    dims, paddings = inputs[0].dims, constant_value(inputs[1])
    if dims is None:
        return None
    if not isinstance(paddings, (list, tuple)):
        return (None,) * len(dims)
    return tuple(
        None if size is None or None in tuple(pair) else size + sum(pair)
        for size, pair in zip(dims, paddings, strict=True)
    )


def range_(inputs: Inputs, _: Attributes) -> Dims:
    """As many as there are numbers."""
    bounds = [constant_value(tensor) for tensor in inputs]
    if None in bounds or not bounds[2]:
        return (None,)
    start, limit, delta = bounds
    return (max(0, -int(-(limit - start) // delta)),)


def cross_entropy(inputs: Inputs, _: Attributes) -> list[Dims]:
    """A loss for each row, and the gradient."""
    together_ = broadcast(inputs, {})
    return [None if together_ is None else together_[:1], together_]


def sparse_cross_entropy(inputs: Inputs, _: Attributes) -> list[Dims]:
    """A loss for each row, and the gradient."""
    logits, labels = inputs[0].dims, inputs[1].dims
    first = logits[:-1] if logits is not None else None
    return [merged(labels, first) if compatible(labels, first) else labels, logits]


def top_k(inputs: Inputs, _: Attributes) -> Dims:
    """The last axis as long as so many are asked for."""
    dims, count = inputs[0].dims, number(inputs[1])
    return None if dims is None else (*dims[:-1], count)


def merge(inputs: Inputs, _: Attributes) -> list[Dims]:
    """What the branches agree in, and the number of the one that was taken."""
    found = inputs[0][0].dims
    for tensor in inputs[0][1:]:
        dims = tensor.dims
        if found is None or dims is None or len(found) != len(dims):
            found = None
        else:
            found = tuple(a if a == b else None for a, b in zip(found, dims, strict=True))
    return [found, ()]


def resize(inputs: Inputs, _: Attributes) -> Dims:
    """Images of another size."""
    dims, size = inputs[0].dims, vector(inputs[1])
    height, width = size or (None, None)
    return (None, height, width, None) if dims is None else (dims[0], height, width, dims[3])


def dynamic_partition(_: Inputs, attributes: Attributes) -> list[Dims]:
    """Parts of unknown length."""
    return [(None, *attributes["rest"])] * int(attributes["num_partitions"])


def dynamic_stitch(inputs: Inputs, _: Attributes) -> Dims:
    """Rows from many parts."""
    data = inputs[1][0].dims
    indices = inputs[0][0].dims
    return None if data is None or indices is None else (None, *data[len(indices) :])


def segment(inputs: Inputs, _: Attributes) -> Dims:
    """As many rows as there are segments."""
    dims = inputs[0].dims
    return None if dims is None else (None, *dims[1:])


def where(inputs: Inputs, _: Attributes) -> Dims:
    """A row of coordinates for each that is true."""
    dims = inputs[0].dims
    return (None, None if dims is None else len(dims))


def multinomial(inputs: Inputs, _: Attributes) -> Dims:
    """So many samples for each row."""
    dims = inputs[0].dims
    return (None if dims is None else dims[0], number(inputs[1]))


def vector_of_third(inputs: Inputs, _: Attributes) -> Dims:
    """As long as the third input says."""
    return (number(inputs[2]),)


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


def candidates(inputs: Inputs, attributes: Attributes) -> list[Dims]:
    """The sampled classes, and how often each is expected."""
    return [(attributes["num_sampled"],), inputs[0].dims, (attributes["num_sampled"],)]


def space_to_depth(inputs: Inputs, attributes: Attributes) -> Dims:
    """Blocks become channels."""
    dims, block = inputs[0].dims, attributes["block_size"]
    if dims is None:
        return None
    batch, height, width, depth = dims
    return (
        batch,
        None if height is None else height // block,
        None if width is None else width // block,
        None if depth is None else depth * block * block,
    )


def depth_to_space(inputs: Inputs, attributes: Attributes) -> Dims:
    """Channels become blocks."""
    dims, block = inputs[0].dims, attributes["block_size"]
    if dims is None:
        return None
    batch, height, width, depth = dims
    return (
        batch,
        None if height is None else height * block,
        None if width is None else width * block,
        None if depth is None else depth // (block * block),
    )


def space_to_batch(inputs: Inputs, _: Attributes) -> Dims:
    """Blocks become rows of the batch."""
    dims, blocks = inputs[0].dims, vector(inputs[1])
    pads = constant_value(inputs[2])
    if dims is None or blocks is None:
        return None if dims is None else (None,) * len(dims)
    batch, sizes = dims[0], list(dims[1 : len(blocks) + 1])
    for axis, block in enumerate(blocks):
        size, pair = sizes[axis], pads[axis] if isinstance(pads, (list, tuple)) else None
        unknown_ = size is None or block is None or pair is None or None in pair
        sizes[axis] = None if unknown_ else (size + sum(pair)) // block  # type: ignore[arg-type]
        batch = None if batch is None or block is None else batch * block
    return (batch, *sizes, *dims[len(blocks) + 1 :])


def batch_to_space(inputs: Inputs, _: Attributes) -> Dims:
    """Rows of the batch become blocks."""
    dims, blocks = inputs[0].dims, vector(inputs[1])
    crops = constant_value(inputs[2])
    if dims is None or blocks is None:
        return None if dims is None else (None,) * len(dims)
    batch, sizes = dims[0], list(dims[1 : len(blocks) + 1])
    for axis, block in enumerate(blocks):
        size, pair = sizes[axis], crops[axis] if isinstance(crops, (list, tuple)) else None
        unknown_ = size is None or block is None or pair is None or None in pair
        sizes[axis] = None if unknown_ else size * block - sum(pair)  # type: ignore[arg-type]
        batch = None if batch is None or block is None else batch // block
    return (batch, *sizes, *dims[len(blocks) + 1 :])
