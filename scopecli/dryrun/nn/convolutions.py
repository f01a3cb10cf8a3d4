"""Convolutions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.scopes import name_scope
from scopecli.dryrun.ops.applying import apply, convert_to_tensor
from scopecli.dryrun.ops.arrays import expand_dims, squeeze

if TYPE_CHECKING:
    from scopecli.dryrun.graph.nodes import Tensor


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


def channel_axis(data_format: Any, rank: int) -> int:
    """Which axis the channels are on."""
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
    channel = channel_axis(data_format, 4)
    check_padding("Conv2D", padding)
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


def check_padding(type_: str, padding: Any) -> None:
    """Check the name of a padding.

    Raises:
        ValueError: the operation does not know it.
    """
    known = ["SAME", "VALID", *(["EXPLICIT"] if type_ in {"Conv2D", "MaxPool"} else [])]
    if isinstance(padding, str) and padding not in known:
        names = ", ".join(f'"{name}"' for name in known)
        raise ValueError(
            f"Attr 'padding' of '{type_}' Op passed string '{padding}' not in: {names}."
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
    channel = channel_axis(data_format, 5)
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
        steps = sequence(strides, count, channel)

        def convolved(value: Any, how: Any) -> Tensor:
            if count == 1:
                return conv1d(value, kernel, steps, how, data_format=data_format, name=scope)
            if count == 2:
                layout = "NCHW" if channel == 1 else "NHWC"
                return conv2d(value, kernel, steps, how, data_format=layout, name=scope)
            layout = "NCDHW" if channel == 1 else "NDHWC"
            return conv3d(value, kernel, steps, how, data_format=layout, name=scope)

        if all(rate == 1 for rate in dilated):
            return convolved(input, padding)
        from scopecli.dryrun.nn.dilated import with_space_to_batch

        first = channel == 1
        apart = dilated[2:] if first else dilated[1:-1]
        sizes = kernel.shape.as_list()
        return with_space_to_batch(input, sizes, apart, padding, first, convolved)


def atrous_conv2d(
    value: Any, filters: Any, rate: Any, padding: Any, name: str | None = None
) -> Tensor:
    """A dilated convolution over two axes."""
    return convolution(value, filters, padding, dilation_rate=[rate, rate], name=name)
