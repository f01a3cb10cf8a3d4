"""Depthwise and separable convolutions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.scopes import name_scope
from scopecli.dryrun.nn.convolutions import conv2d
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
        _rate_nodes(filter, rate or dilations)
        return depthwise_conv2d_native(
            input, filter, strides, padding, data_format=data_format, name=scope
        )


def _rate_nodes(filter: Tensor, rate: Any) -> None:
    """The constants that are made before it is known that nothing is dilated."""
    shape(filter)
    convert_to_tensor(rate or [1, 1], "int32", name="dilation_rate")


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
        _rate_nodes(depth, rate or dilations)
        each = depthwise_conv2d_native(
            input, depth, strides, padding, data_format=data_format, name="depthwise"
        )
        return conv2d(each, point, [1, 1, 1, 1], "VALID", data_format=data_format, name=scope)
