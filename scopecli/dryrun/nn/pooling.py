"""Pooling."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.scopes import name_scope
from scopecli.dryrun.nn.convolutions import channel_axis, check_padding, sequence
from scopecli.dryrun.ops.applying import apply, convert_to_tensor
from scopecli.dryrun.ops.arrays import expand_dims, squeeze
from scopecli.dryrun.ops.constants import constant

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


def _pooling_of_steps(type_: str, default: str) -> Any:
    def pooling(
        input: Any,
        ksize: Any,
        strides: Any,
        padding: str,
        data_format: str = "NWC",
        name: str | None = None,
    ) -> Tensor:
        with name_scope(name, default, [input]) as scope:
            first = data_format == "NCW"
            sizes, steps = (sequence(value, 1, 1 if first else 2) for value in (ksize, strides))
            axis = 2 if first else 1
            wide = expand_dims(input, axis)
            found = apply(
                type_,
                wide,
                name=scope,
                ksize=[1, *sizes],
                strides=[1, *steps],
                padding=padding,
                data_format="NCHW" if first else "NHWC",
            )
            return squeeze(found, axis)

    return pooling


max_pool1d = _pooling_of_steps("MaxPool", "MaxPool1d")
avg_pool1d = _pooling_of_steps("AvgPool", "AvgPool1D")

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
            from scopecli.dryrun.ops.opaque import call

            return call("tf.nn.pool", scope, input)
        constant(rates, "int32", name="dilation_rate")
        function = globals()[f"{kind}_pool{_SPATIAL[count]}"]
        steps = [1, *(strides or [1] * count), 1]
        found: Tensor = function(input, [1, *window_shape, 1], steps, padding, name=scope)
        return found
