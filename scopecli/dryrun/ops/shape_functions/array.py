"""Shapes of what arranges a tensor anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.dryrun.ops.constant_values import constant_value, number, vector
from scopecli.dryrun.ops.shape_functions.common import from_values, handle
from scopecli.dryrun.values.shapes import brackets, compatible, dims_of, merged, mismatch

if TYPE_CHECKING:
    from scopecli.dryrun.ops.shape_functions import Attributes, Inputs
    from scopecli.dryrun.values.shapes import Dims


def resource_gather(inputs: Inputs, attributes: Attributes) -> Dims:
    """Rows of the variable that a handle is for."""
    params, indices = handle(inputs, attributes), inputs[1].dims
    return None if params is None or indices is None else indices + params[1:]


def transposed(inputs: Inputs, _: Attributes) -> Dims:
    """As the first input says, but for the batch, which is that of the third."""
    sizes, batch = from_values(inputs[0]), inputs[2].dims
    return None if sizes is None else ((batch or (None,))[0], *sizes[1:])


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
    for dims in known:
        if not dims:
            raise ValueError("Can't concatenate scalars (use tf.stack instead)")
        if len(dims) != rank:
            raise ValueError(f"Shape must be rank {rank} but is rank {len(dims)}")
    if axis is None:
        return (None,) * rank
    least = axis + 1 if axis >= 0 else -axis
    if rank < least:
        raise ValueError(f"Shape must be at least rank {least} but is rank {rank}")
    axis %= rank
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
    whole = all(size is not None and size >= 0 for size in sizes)
    if whole and total is not None and known != total:
        parts = ",".join(map(str, sizes))
        raise ValueError(f"can't split axis of size {total} into pieces of size [{parts}]")
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
            raise ValueError(mismatch(found, tensor.dims))
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
    least = axis + 1 if axis >= 0 else -axis
    if len(params) < least:
        raise ValueError(f"Shape must be at least rank {least} but is rank {len(params)}")
    axis %= len(params)
    return (*params[:axis], *indices, *params[axis + 1 :])


def gather_nd(inputs: Inputs, _: Attributes) -> Dims:
    """Rows at many indices."""
    params, indices = inputs[0].dims, inputs[1].dims
    if params is None or not indices or indices[-1] is None:
        return None
    return (*indices[:-1], *params[indices[-1] :])


def resource_gather_nd(inputs: Inputs, attributes: Attributes) -> Dims:
    """Rows at many indices of the variable that a handle is for."""
    params, indices = handle(inputs, attributes), inputs[1].dims
    if params is None or not indices or indices[-1] is None:
        return None
    return (*indices[:-1], *params[indices[-1] :])


def rank_vectors(inputs: Inputs, _: Attributes) -> list[Dims]:
    """For each of a list, as long as it has axes."""
    return [rank_vector([tensor], {}) for tensor in inputs[0]]


def longer_vector(inputs: Inputs, _: Attributes) -> Dims:
    """Of two vectors the longer one."""
    sizes = [(tensor.dims or (None,))[0] for tensor in inputs]
    known = [size for size in sizes if size is not None]
    return (max(known) if len(known) == len(sizes) else None,)


def stretched_to(inputs: Inputs, _: Attributes) -> Dims:
    """As the values of the second input say; what the first has more than once, stays."""
    wanted, own = vector(inputs[1]), inputs[0].dims
    if wanted is None or own is None:
        return None if wanted is None else tuple(wanted)
    outer = len(wanted) - len(own)
    return tuple(
        own[axis - outer] if size is None and axis >= outer and own[axis - outer] != 1 else size
        for axis, size in enumerate(wanted)
    )


def ensured(inputs: Inputs, attributes: Attributes) -> Dims:
    """Of the input, with what an attribute says.

    Raises:
        ValueError: they contradict each other.
    """
    dims, wanted = inputs[0].dims, dims_of(attributes["shape"])
    if not compatible(dims, wanted):
        raise ValueError(mismatch(dims, wanted))
    return merged(dims, wanted)


def unique(inputs: Inputs, _: Attributes) -> list[Dims]:
    """Nobody knows how many, and where each is among them."""
    return [(None,), inputs[0].dims]


def unique_with_counts(inputs: Inputs, _: Attributes) -> list[Dims]:
    """Nobody knows how many, where each is among them, and how often they come."""
    return [(None,), inputs[0].dims, (None,)]


def decoded_image(_: Inputs, attributes: Attributes) -> Dims:
    """A picture of any size."""
    return (None, None, int(attributes.get("channels") or 0) or None)


def decoded_raw(inputs: Inputs, _: Attributes) -> Dims:
    """One more axis, of any size."""
    dims = inputs[0].dims
    return None if dims is None else (*dims, None)


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
    if len(dims) != len(times):
        raise ValueError(f"Shape must be rank {len(dims)} but is rank {len(times)}")
    return tuple(
        None if size is None or count is None else size * count
        for size, count in zip(dims, times, strict=True)
    )


def pad(inputs: Inputs, _: Attributes) -> Dims:
    """Longer by the padding at both ends."""
    dims, paddings = inputs[0].dims, constant_value(inputs[1])
    pairs = inputs[1].dims
    if pairs is not None and len(pairs) != 2:
        raise ValueError(f"Shape must be rank 2 but is rank {len(pairs)}")
    if dims is None:
        return None
    if not isinstance(paddings, (list, tuple)):
        return (None,) * len(dims)
    return tuple(
        None if size is None or None in tuple(pair) else size + sum(pair)
        for size, pair in zip(dims, paddings, strict=True)
    )


def new_list(_: Inputs, __: Attributes) -> list[Dims]:
    """A list's handle and flow."""
    return [(2,), ()]


def joined_elements(_: Inputs, __: Attributes) -> list[Dims]:
    """The elements of a list one after the other, and their lengths."""
    return [None, (None,)]


def samples_of_each(inputs: Inputs, _: Attributes) -> Dims:
    """So many samples of each element of the second input."""
    count, each = from_values(inputs[0]), inputs[1].dims
    return None if count is None or each is None else (*count, *each)


def sparse_set(inputs: Inputs, _: Attributes) -> list[Dims]:
    """Where elements are, what they are, and the shape of the whole: as many axes as went in."""
    dims = inputs[0].dims
    rank = None if dims is None else len(dims)
    return [(None, rank), (None,), (rank,)]


def filled_rows(inputs: Inputs, _: Attributes) -> list[Dims]:
    """Where elements are, what they are, which rows were empty, and where elements went."""
    return [inputs[0].dims and (None, inputs[0].dims[1]), (None,), (None,), (None,)]


def reshaped_sparse(inputs: Inputs, _: Attributes) -> list[Dims]:
    """Where elements are and the shape of the whole, with as many axes as asked for."""
    indices, sizes = inputs[0].dims, inputs[2].dims
    rows = indices[0] if indices else None
    axes = sizes[0] if sizes else None
    return [(rows, axes), (axes,)]


def pictures(_: Inputs, __: Attributes) -> Dims:
    """Any number of pictures of any size."""
    return (None, None, None, 3)


def split_texts(_: Inputs, __: Attributes) -> list[Dims]:
    """A sparse matrix of words."""
    return [(None, 2), (None,), (2,)]
