"""Convolutions and pooling: part of `tf.nn`."""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.applying import apply, convert_to_tensor
from scopecli.dryrun.arrays import concat, expand_dims, shape, squeeze
from scopecli.dryrun.graph import Tensor
from scopecli.dryrun.scopes import name_scope

NAMES = frozenset(
    [
        "conv1d",
        "conv2d",
        "conv3d",
        "convolution",
        "conv2d_transpose",
        "conv3d_transpose",
        "conv1d_transpose",
        "depthwise_conv2d",
        "depthwise_conv2d_native",
        "separable_conv2d",
        "atrous_conv2d",
        "max_pool",
        "max_pool2d",
        "avg_pool",
        "avg_pool2d",
        "max_pool3d",
        "avg_pool3d",
    ]
)


def sequence(value: Any, count: int, channel_index: int) -> list[int]:
    """A number for each spatial axis as a list for all axes.

    Raises:
        ValueError: it has another length.
    """
    if value is None:
        return [1] * (count + 2)
    values = list(value) if isinstance(value, (list, tuple)) else [value]
    if len(values) == count + 2:
        return values
    if len(values) == 1:
        values *= count
    elif len(values) != count:
        raise ValueError(
            f"strides should be of length 1, {count} or {count + 2}. Received: strides={values} "
            f"of length {len(values)}"
        )
    return [1, 1, *values] if channel_index == 1 else [1, *values, 1]


def _channel(data_format: Any, rank: int) -> int:
    return 1 if str(data_format).startswith("NC") else rank - 1


def conv2d(
    input: Any,
    filter: Any = None,
    strides: Any = None,
    padding: Any = None,
    use_cudnn_on_gpu: bool = True,
    data_format: Any = "NHWC",
    dilations: Any = None,
    name: str | None = None,
    filters: Any = None,
) -> Tensor:
    """A convolution over two axes."""
    filter = filters if filter is None else filter
    channel = _channel(data_format, 4)
    return apply(
        "Conv2D",
        input,
        filter,
        name=name,
        strides=sequence(strides, 2, channel),
        padding=_padding(padding),
        data_format=data_format or "NHWC",
        dilations=sequence(dilations, 2, channel),
    )


def _padding(padding: Any) -> Any:
    return padding.upper() if isinstance(padding, str) else padding


def conv3d(
    input: Any,
    filter: Any = None,
    strides: Any = None,
    padding: Any = None,
    data_format: Any = "NDHWC",
    dilations: Any = None,
    name: str | None = None,
    filters: Any = None,
) -> Tensor:
    """A convolution over three axes."""
    filter = filters if filter is None else filter
    channel = _channel(data_format, 5)
    return apply(
        "Conv3D",
        input,
        filter,
        name=name,
        strides=sequence(strides, 3, channel),
        padding=padding,
        data_format=data_format,
        dilations=sequence(dilations, 3, channel),
    )


def conv1d(
    value: Any = None,
    filters: Any = None,
    stride: Any = None,
    padding: Any = None,
    use_cudnn_on_gpu: Any = None,
    data_format: Any = None,
    name: str | None = None,
    input: Any = None,
    dilations: Any = None,
) -> Tensor:
    """A convolution over one axis, as one over two of which the first is 1."""
    value = input if value is None else value
    with name_scope(name, "conv1d") as scope:
        first = str(data_format).startswith("NC")
        axis, channel = (-2, 1) if first else (-3, 2)
        value = expand_dims(value, axis)
        filters = expand_dims(filters, 0)
        found = apply(
            "Conv2D",
            value,
            filters,
            name=scope,
            strides=[1, *sequence(stride, 1, channel)],
            padding=padding,
            data_format="NCHW" if first else "NHWC",
            dilations=[1, *sequence(dilations, 1, channel)],
        )
        return squeeze(found, [axis])


def convolution(
    input: Any,
    filter: Any = None,
    padding: Any = None,
    strides: Any = None,
    dilation_rate: Any = None,
    name: str | None = None,
    data_format: Any = None,
    filters: Any = None,
    dilations: Any = None,
    default_name: str = "convolution",
) -> Tensor:
    """A convolution over as many axes as the kernel has."""
    kernel = filters if filter is None else filter
    input = convert_to_tensor(input)
    rates = dilations if dilation_rate is None else dilation_rate
    count = len(kernel.shape.as_list()) - 2
    channel = 1 if str(data_format).startswith("NC") else count + 1
    with name_scope(name, None if name else default_name) as scope:
        dilated = sequence(rates, count, channel)
        if any(rate != 1 for rate in dilated):
            return _dilated(input, kernel, padding, strides, (dilated, channel, scope))
        steps = sequence(strides, count, channel)
        if count == 1:
            return conv1d(input, kernel, steps, padding, data_format=data_format, name=scope)
        if count == 2:
            layout = "NCHW" if channel == 1 else "NHWC"
            return conv2d(input, kernel, steps, padding, data_format=layout, name=scope)
        layout = "NCDHW" if channel == 1 else "NDHWC"
        return conv3d(input, kernel, steps, padding, data_format=layout, name=scope)


def _dilated(
    input: Tensor, kernel: Any, padding: Any, strides: Any, how: tuple[list[int], int, str]
) -> Tensor:
    """A dilated convolution: the blocks become rows of the batch, and back."""
    dilated, channel, scope = how
    rates = dilated[1:-1] if channel > 1 else dilated[2:]
    blocks = convert_to_tensor(rates, "int32", name="dilation_rate")
    sizes = kernel.shape.as_list()[:-2]
    extents = [size + (size - 1) * (rate - 1) for size, rate in zip(sizes, rates, strict=True)]
    spatial = (input.dims or ())[1:-1]
    paddings = [[0, 0] for _ in rates]
    if str(padding).upper() == "SAME":
        totals = [extent - 1 for extent in extents]
        paddings = [[total // 2, total - total // 2] for total in totals]
    whole: list[Any] = []
    crops: list[Any] = []
    for size, (before, behind), rate in zip(spatial, paddings, rates, strict=True):
        extra = None if size is None else -(size + before + behind) % rate
        whole.append([before, None if extra is None else behind + extra])
        crops.append([0, extra])
    if any(None in pair for pair in whole):
        from scopecli.dryrun.opaque import call

        found = call("tf.nn.convolution", scope, input, kernel)
        outer = (None,) * len(rates)
        found.set_shape(((input.dims or (None,))[0], *outer, kernel.shape.as_list()[-1]))
        return found
    blocks_in = apply("SpaceToBatchND", input, blocks, whole)
    if len(rates) == 1:
        inner = conv1d(blocks_in, kernel, 1, "VALID", name=scope)
    else:
        inner = conv2d(blocks_in, kernel, 1, "VALID", name=scope)
    return apply("BatchToSpaceND", inner, blocks, crops)


def atrous_conv2d(
    value: Any, filters: Any, rate: Any, padding: Any, name: str | None = None
) -> Tensor:
    """A dilated convolution over two axes."""
    return convolution(value, filters, padding, dilation_rate=[rate, rate], name=name)


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
        channel = _channel(data_format, 4)
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
        channel = _channel(data_format, 5)
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


def _pooling(type_: str, count: int, layout: str) -> Any:
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
        with name_scope(name, type_) as scope:
            channel = _channel(data_format, count + 2)
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


max_pool = max_pool2d = _pooling("MaxPool", 2, "NHWC")
avg_pool = avg_pool2d = _pooling("AvgPool", 2, "NHWC")
max_pool3d = _pooling("MaxPool3D", 3, "NDHWC")
avg_pool3d = _pooling("AvgPool3D", 3, "NDHWC")
