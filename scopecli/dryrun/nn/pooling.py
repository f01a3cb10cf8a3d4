"""Pooling."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.scopes import name_scope
from scopecli.dryrun.nn.convolutions import channel_axis, check_padding, sequence
from scopecli.dryrun.ops.applying import apply, constant, convert_to_tensor
from scopecli.dryrun.ops.opaque import call

if TYPE_CHECKING:
    from scopecli.dryrun.graph.nodes import Tensor


def _pooling(type_: str, count: int, layout: str, default: str | None = None) -> Any:
    def pooling(
        value: Any = None,
        ksize: Any = None,
        strides: Any = None,
        padding: Any = None,
        data_format: Any = layout,
        name: str | None = None,
        input: Any = None,
    ) -> Tensor:
        value = input if value is None else value
        with name_scope(name, default or type_) as scope:
            channel = channel_axis(data_format, count + 2)
            check_padding(type_, padding)
            return apply(
                type_,
                value,
                name=scope,
                ksize=sequence(ksize, count, channel),
                strides=sequence(strides, count, channel),
                padding=padding,
                data_format=data_format or layout,
            )

    return pooling


max_pool = _pooling("MaxPool", 2, "NHWC")
max_pool2d = _pooling("MaxPool", 2, "NHWC", "MaxPool2d")
avg_pool = avg_pool2d = _pooling("AvgPool", 2, "NHWC")
max_pool3d = _pooling("MaxPool3D", 3, "NDHWC")
avg_pool3d = _pooling("AvgPool3D", 3, "NDHWC")

_SPATIAL = {1: "", 2: "", 3: "3d"}


def pool(
    input: Any,
    window_shape: Any,
    pooling_type: str,
    padding: str,
    dilation_rate: Any = None,
    strides: Any = None,
    name: str | None = None,
    data_format: Any = None,
    dilations: Any = None,
) -> Tensor:
    """Pooling over as many axes as the window has."""
    count = len(window_shape)
    rates = list(dilations or dilation_rate or [1] * count)
    kind = pooling_type.lower()
    with name_scope(name, f"{kind}_pool") as scope:
        input = convert_to_tensor(input, name="input")
        if any(rate > 1 for rate in rates):
            return call("tf.nn.pool", scope, input)
        constant(rates, "int32", name="dilation_rate")
        function = globals()[f"{kind}_pool{_SPATIAL[count]}"]
        steps = [1, *(strides or [1] * count), 1]
        found: Tensor = function(input, [1, *window_shape, 1], steps, padding, name=scope)
        return found
