"""Shapes of what moves blocks between axes, or parts between tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.dryrun.ops.constant_values import constant_value, vector
from scopecli.dryrun.ops.shape_functions.nn import window

if TYPE_CHECKING:
    from scopecli.dryrun.ops.shape_functions import Attributes, Inputs
    from scopecli.dryrun.values.shapes import Dims
from scopecli.dryrun.values.structures import flattened


def resize(inputs: Inputs, _: Attributes) -> Dims:
    """Images of another size."""
    dims, size = inputs[0].dims, vector(inputs[1])
    height, width = size or (None, None)
    return (None, height, width, None) if dims is None else (dims[0], height, width, dims[3])


def dynamic_partition(inputs: Inputs, attributes: Attributes) -> list[Dims]:
    """Parts of unknown length."""
    data, chosen = inputs[0].dims, inputs[1].dims
    part = None if data is None or chosen is None else (None, *data[len(chosen) :])
    return [part] * int(attributes["num_partitions"])


def dynamic_stitch(inputs: Inputs, _: Attributes) -> Dims:
    """Rows from many parts; where all indices are known, as many as the largest says."""
    data, indices = inputs[1][0].dims, inputs[0][0].dims
    if data is None or indices is None:
        return None
    values = [constant_value(tensor) for tensor in inputs[0]]
    rows = None
    if None not in values:
        rows = 1 + max((index for value in values for index in flattened(value)), default=-1)
    return (rows, *data[len(indices) :])


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


def boxes(inputs: Inputs, _: Attributes) -> Dims:
    """As many pictures as there are boxes, of one size."""
    dims, rows, size = inputs[0].dims, inputs[1].dims, vector(inputs[3]) or [None, None]
    return (rows[0] if rows else None, *size, dims[-1] if dims else None)


def distorted_box(_: Inputs, __: Attributes) -> list[Dims]:
    """Where a random part begins, how large it is, and the same as a box."""
    return [(3,), (3,), (1, 1, 4)]


def patches(inputs: Inputs, attributes: Attributes) -> Dims:
    """The elements of each window as the channels of one place."""
    dims = inputs[0].dims
    if dims is None:
        return (None,) * 4
    sizes, strides, rates = (attributes[key] for key in ("ksizes", "strides", "rates"))
    depth, wide = dims[3], []
    for axis in (1, 2):
        extent = (sizes[axis] - 1) * rates[axis] + 1
        wide.append(window(dims[axis], extent, strides[axis], attributes["padding"]))
    return (dims[0], *wide, None if depth is None else depth * sizes[1] * sizes[2])
