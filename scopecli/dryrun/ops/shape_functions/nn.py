"""Shapes of convolutions, pooling, normalization and losses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.ops.constant_values import number
from scopecli.dryrun.ops.shape_functions.common import broadcast, of_rank
from scopecli.dryrun.values.shapes import brackets, compatible, merged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scopecli.dryrun.ops.shape_functions import Attributes, Inputs
    from scopecli.dryrun.values.shapes import Dims


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
    value = of_rank(value, rank, inputs)
    kernel = of_rank(kernel, rank, inputs)
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
    value = of_rank(value, len(ksize), inputs)
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


def multinomial(inputs: Inputs, _: Attributes) -> Dims:
    """So many samples for each row."""
    dims = inputs[0].dims
    return (None if dims is None else dims[0], number(inputs[1]))


def candidates(inputs: Inputs, attributes: Attributes) -> list[Dims]:
    """The sampled classes, and how often each is expected."""
    return [(attributes["num_sampled"],), inputs[0].dims, (attributes["num_sampled"],)]


def pool_with_places(inputs: Inputs, attributes: Attributes) -> list[Dims]:
    """Of a pooling, and of where the largest elements were."""
    return [pool(inputs, attributes)] * 2


def connectionist(inputs: Inputs, _: Attributes) -> list[Dims]:
    """A loss for each sequence, and the gradients."""
    dims = inputs[0].dims
    return [None if dims is None else (dims[1],), dims]


def decoded(inputs: Inputs, _: Attributes) -> list[Dims]:
    """A sparse tensor, and how likely it is."""
    dims = inputs[0].dims
    return [(None, 2), (None,), (2,), (dims[1] if dims else None, 1)]
