"""Depthwise and separable convolutions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.scopes import name_scope
from scopecli.dryrun.nn.convolutions import conv2d
from scopecli.dryrun.nn.dilated import with_space_to_batch
from scopecli.dryrun.ops.applying import apply, convert_to_tensor
from scopecli.dryrun.ops.arrays import shape

if TYPE_CHECKING:
    from scopecli.dryrun.graph.nodes import Tensor


def depthwise_conv2d_native(
    input: Any,
    filter: Any,
    strides: Any,
    padding: Any,
    data_format: Any = "NHWC",
    dilations: Any = None,
    name: str | None = None,
) -> Tensor:
    """A convolution of each channel by itself."""
    return apply(
        "DepthwiseConv2dNative",
        input,
        filter,
        name=name,
        strides=strides,
        padding=padding,
        data_format=data_format or "NHWC",
    )


def depthwise_conv2d(
    input: Any,
    filter: Any,
    strides: Any,
    padding: Any,
    rate: Any = None,
    name: str | None = None,
    data_format: Any = None,
    dilations: Any = None,
) -> Tensor:
    """A convolution of each channel by itself."""
    with name_scope(name, "depthwise") as scope:
        input = convert_to_tensor(input, name="tensor_in")
        filter = convert_to_tensor(filter, name="filter_in")

        def each(value: Any, how: Any) -> Tensor:
            return depthwise_conv2d_native(
                value, filter, strides, how, data_format=data_format, name=scope
            )

        return _spread(input, filter, rate or dilations, padding, data_format, each)


def _spread(
    input: Tensor, filter: Tensor, rate: Any, padding: Any, data_format: Any, each: Any
) -> Tensor:
    """A convolution of each channel, dilated where a rate is given."""
    first = str(data_format).startswith("NC")
    return with_space_to_batch(input, shape(filter), rate or [1, 1], padding, first, each)


def separable_conv2d(
    input: Any,
    depthwise_filter: Any,
    pointwise_filter: Any,
    strides: Any,
    padding: Any,
    rate: Any = None,
    name: str | None = None,
    data_format: Any = None,
    dilations: Any = None,
) -> Tensor:
    """A convolution of each channel by itself, and then of all together."""
    with name_scope(name, "separable_conv2d") as scope:
        input = convert_to_tensor(input, name="tensor_in")
        depth = convert_to_tensor(depthwise_filter, name="depthwise_filter")
        point = convert_to_tensor(pointwise_filter, name="pointwise_filter")

        def each(value: Any, how: Any) -> Tensor:
            return depthwise_conv2d_native(
                value, depth, strides, how, data_format=data_format, name="depthwise"
            )

        apart = _spread(input, depth, rate or dilations, padding, data_format, each)
        return conv2d(apart, point, [1, 1, 1, 1], "VALID", data_format=data_format, name=scope)
