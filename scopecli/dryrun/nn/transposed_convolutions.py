"""Transposed convolutions."""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.graph.nodes import Tensor
from scopecli.dryrun.graph.scopes import name_scope
from scopecli.dryrun.nn.convolutions import channel_axis, sequence
from scopecli.dryrun.ops.applying import apply
from scopecli.dryrun.ops.arrays import concat, expand_dims, squeeze


def conv2d_transpose(
    value: Any = None,
    filter: Any = None,
    output_shape: Any = None,
    strides: Any = None,
    padding: str = "SAME",
    data_format: Any = "NHWC",
    name: str | None = None,
    input: Any = None,
    filters: Any = None,
    dilations: Any = None,
) -> Tensor:
    """The transpose of a convolution over two axes."""
    value = input if value is None else value
    filter = filters if filter is None else filter
    with name_scope(name, "conv2d_transpose") as outer, name_scope(outer) as scope:
        channel = channel_axis(data_format, 4)
        return apply(
            "Conv2DBackpropInput",
            output_shape,
            filter,
            value,
            name=scope,
            strides=sequence(strides, 2, channel),
            padding=padding,
            data_format=data_format,
        )


def conv3d_transpose(
    value: Any,
    filter: Any = None,
    output_shape: Any = None,
    strides: Any = None,
    padding: str = "SAME",
    data_format: Any = "NDHWC",
    name: str | None = None,
    input: Any = None,
    filters: Any = None,
    dilations: Any = None,
) -> Tensor:
    """The transpose of a convolution over three axes."""
    filter = filters if filter is None else filter
    with name_scope(name, "conv3d_transpose") as scope:
        channel = channel_axis(data_format, 5)
        return apply(
            "Conv3DBackpropInputV2",
            output_shape,
            filter,
            value,
            name=scope,
            strides=sequence(strides, 3, channel),
            padding=padding,
            data_format=data_format,
        )


def conv1d_transpose(
    input: Any,
    filters: Any,
    output_shape: Any,
    strides: Any,
    padding: str = "SAME",
    data_format: Any = "NWC",
    dilations: Any = None,
    name: str | None = None,
) -> Tensor:
    """The transpose of a convolution over one axis."""
    with name_scope(name, "conv1d_transpose") as scope:
        axis, channel = (2, 1) if str(data_format).startswith("NC") else (1, 2)
        value = expand_dims(input, axis)
        filters = expand_dims(filters, 0)
        if not isinstance(output_shape, Tensor):
            output_shape = list(output_shape)
        sizes = concat([output_shape[:axis], [1], output_shape[axis:]], 0)
        found = apply(
            "Conv2DBackpropInput",
            sizes,
            filters,
            value,
            name=scope,
            strides=[1, *sequence(strides, 1, channel)],
            padding=padding,
            data_format=data_format,
        )
        return squeeze(found, axis)
