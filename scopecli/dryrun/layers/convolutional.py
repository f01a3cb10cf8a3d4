"""Convolutions and their transposes."""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.layers.base import Layer
from scopecli.dryrun.layers.checking import (
    activation_of,
    checked_layout,
    checked_padding,
    per_axis,
)
from scopecli.dryrun.layers.core import _ZEROS, _known_depth, made
from scopecli.dryrun.nn.activations import bias_add
from scopecli.dryrun.nn.convolutions import convolution
from scopecli.dryrun.ops.applying import apply
from scopecli.dryrun.ops.arrays import expand_dims, reshape, shape, squeeze, stack
from scopecli.dryrun.values.shapes import TensorShape


class _Conv(Layer):
    rank = 2
    kernel: Any
    bias: Any

    def __init__(
        self,
        filters: Any,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str = "channels_last",
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = None,
        bias_initializer: Any = _ZEROS,
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        trainable: bool = True,
        name: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(
            trainable=trainable, name=name, activity_regularizer=activity_regularizer, **options
        )
        self.filters = int(filters)
        self.kernel_size = per_axis(kernel_size, self.rank, "kernel_size")
        self.strides = per_axis(strides, self.rank, "strides", allow_zero=True)
        self.padding = checked_padding(padding)
        self.first = checked_layout(data_format) == "channels_first"
        self.dilation_rate = per_axis(dilation_rate, self.rank, "dilation_rate")
        self.activation = activation_of(activation)
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ValueError(
                "`strides > 1` not supported in conjunction with `dilation_rate > 1`. Received: "
                f"strides={self.strides} and dilation_rate={self.dilation_rate}"
            )
        self.input_spec = {"min_ndim": self.rank + 2}
        self.use_bias = use_bias
        self.kernel_options = (kernel_initializer, kernel_regularizer, kernel_constraint)
        self.bias_options = (bias_initializer, bias_regularizer, bias_constraint)

    @property
    def layout(self) -> str:
        """`NHWC` and its kin."""
        axes = "DHW"[3 - self.rank :]
        return f"NC{axes}" if self.first else f"N{axes}C"

    def channels(self, input_shape: Any) -> int:
        """Number of input channels.

        Raises:
            ValueError: it is not known.
        """
        found = input_shape[1 if self.first else -1].value
        if found is None:
            raise ValueError(
                "The channel dimension of the inputs should be defined. The input_shape received "
                f"is {input_shape}, where axis {1 if self.first else -1} (0-based) is the channel "
                "dimension, which found to be `None`."
            )
        return int(found)

    def kernel_shape(self, channels: int) -> tuple[int, ...]:
        """Shape of the kernel."""
        return (*self.kernel_size, channels, self.filters)

    def build(self, input_shape: Any) -> None:
        initializer, regularizer, constraint = self.kernel_options
        input_shape = TensorShape(input_shape)
        channels = self.channels(input_shape)
        sizes = self.kernel_shape(channels)
        self.kernel = self.add_weight(
            "kernel", sizes, None, initializer, regularizer, constraint=constraint
        )
        self.input_spec = {**self.input_spec, "axes": {1 if self.first else -1: channels}}
        self.build_bias()

    def build_bias(self) -> None:
        """Make the bias where one is wanted."""
        self.bias = None
        if self.use_bias:
            initializer, regularizer, constraint = self.bias_options
            self.bias = self.add_weight(
                "bias", (self.filters,), None, initializer, regularizer, constraint=constraint
            )
        self.built = True

    def convolved(self, inputs: Any) -> Any:
        """The convolution itself."""
        return convolution(
            inputs,
            self.kernel,
            self.padding.upper(),
            strides=list(self.strides),
            dilation_rate=list(self.dilation_rate),
            data_format=self.layout,
            name=type(self).__name__,
        )

    def call(self, inputs: Any, **_: Any) -> Any:
        outputs = self.convolved(inputs)
        if self.use_bias and self.rank == 1 and self.first:
            outputs = outputs + reshape(self.bias, (1, self.filters, 1))
        elif self.use_bias:
            outputs = bias_add(outputs, self.bias, data_format=self.layout)
        return outputs if self.activation is None else self.activation(outputs)

    def __call__(self, inputs: Any, *arguments: Any, **options: Any) -> Any:
        if not self.built:
            _known_depth(inputs, 1 if self.first else -1, f"layer {self.name}")
        return super().__call__(inputs, *arguments, **options)


class Conv1D(_Conv):
    """A convolution over one axis; a causal one looks back only."""

    rank = 1

    def convolved(self, inputs: Any) -> Any:
        if self.padding != "causal":
            return super().convolved(inputs)
        left = self.dilation_rate[0] * (self.kernel_size[0] - 1)
        axis = 2 if self.first else 1
        paddings = [[0, 0] for _ in range(3)]
        paddings[axis][0] = left
        self.padding = "valid"
        found = super().convolved(apply("Pad", inputs, paddings))
        self.padding = "causal"
        return found


class Conv2D(_Conv):
    """A convolution over two axes."""


class Conv3D(_Conv):
    """A convolution over three axes."""

    rank = 3


class _Transpose(_Conv):
    asks_for_sizes = False  # in the graph, although they are known

    def kernel_shape(self, channels: int) -> tuple[int, ...]:
        return (*self.kernel_size, self.filters, channels)

    def output_sizes(self, inputs: Any) -> tuple[Any, tuple[Any, ...]]:
        """The output's shape as far as it is known, and with tensors for what is not."""
        sizes = shape(inputs)
        axes = range(2, 2 + self.rank) if self.first else range(1, 1 + self.rank)
        batch = sizes[0]
        spatial: list[Any] = []
        for axis in axes:
            known = inputs.dims[axis]
            asked = known is None or self.asks_for_sizes
            spatial.append(sizes[axis] if asked else known)
        grown = self._grown(spatial)
        static = self._grown([inputs.dims[axis] for axis in axes])
        if self.first:
            return (batch, self.filters, *grown), (inputs.dims[0], self.filters, *static)
        return (batch, *grown, self.filters), (inputs.dims[0], *static, self.filters)

    def _grown(self, extents: list[Any]) -> list[Any]:
        sizes = zip(extents, self.kernel_size, self.strides, strict=True)
        return [
            None if extent is None else _length(extent, kernel, stride, self.padding)
            for extent, kernel, stride in sizes
        ]


def _length(extent: Any, kernel: int, stride: int, padding: str) -> Any:
    """Output size of one axis; the input size may be a tensor."""
    extent = extent * stride
    return extent + max(kernel - stride, 0) if padding == "valid" else extent


class Conv2DTranspose(_Transpose):
    """The transpose of a convolution over two axes."""

    def convolved(self, inputs: Any) -> Any:
        from scopecli.dryrun.nn.transposed_convolutions import conv2d_transpose

        sizes, static = self.output_sizes(inputs)
        steps = (1, 1, *self.strides) if self.first else (1, *self.strides, 1)
        wanted = stack(sizes)
        _ = wanted[0]  # Keras looks whether the batch is None, which makes nodes
        outputs = conv2d_transpose(
            inputs, self.kernel, wanted, steps, self.padding.upper(), self.layout
        )
        outputs.set_shape(static)
        return outputs


class Conv3DTranspose(_Transpose):
    """The transpose of a convolution over three axes."""

    rank = 3
    asks_for_sizes = True

    def convolved(self, inputs: Any) -> Any:
        from scopecli.dryrun.nn.transposed_convolutions import conv3d_transpose

        sizes, static = self.output_sizes(inputs)
        steps = (1, 1, *self.strides) if self.first else (1, *self.strides, 1)
        outputs = conv3d_transpose(
            inputs, self.kernel, stack(sizes), steps, self.padding.upper(), self.layout
        )
        outputs.set_shape(static)
        return outputs


class SeparableConv2D(_Conv):
    """A convolution of each channel by itself, and then of all together."""

    def __init__(
        self,
        *arguments: Any,
        depth_multiplier: int = 1,
        depthwise_initializer: Any = None,
        pointwise_initializer: Any = None,
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(*arguments, **options)
        self.depth_multiplier = depth_multiplier
        self.depth_options = (depthwise_initializer, depthwise_regularizer)
        self.point_options = (pointwise_initializer, pointwise_regularizer)
        self.point: Any = None

    def build(self, input_shape: Any) -> None:
        channels = self.channels(input_shape)
        sizes = (*self.kernel_size, channels, self.depth_multiplier)
        self.kernel = self.add_weight("depthwise_kernel", sizes, None, *self.depth_options)
        sizes = (1, 1, self.depth_multiplier * channels, self.filters)
        self.point = self.add_weight("pointwise_kernel", sizes, None, *self.point_options)
        self.build_bias()

    def convolved(self, inputs: Any) -> Any:
        from scopecli.dryrun.nn.depthwise_convolutions import separable_conv2d

        steps = (1, 1, *self.strides) if self.first else (1, *self.strides, 1)
        return separable_conv2d(
            inputs,
            self.kernel,
            self.point,
            steps,
            self.padding.upper(),
            rate=self.dilation_rate,
            data_format=self.layout,
        )


class SeparableConv1D(SeparableConv2D):
    """The same over one axis."""

    rank = 1

    def build(self, input_shape: Any) -> None:
        channels = self.channels(input_shape)
        sizes = (*self.kernel_size, channels, self.depth_multiplier)
        self.kernel = self.add_weight("depthwise_kernel", sizes, None, *self.depth_options)
        sizes = (1, self.depth_multiplier * channels, self.filters)
        self.point = self.add_weight("pointwise_kernel", sizes, None, *self.point_options)
        self.build_bias()

    def call(self, inputs: Any, **_: Any) -> Any:
        from scopecli.dryrun.nn.depthwise_convolutions import separable_conv2d

        axis = 2 if self.first else 1
        steps = self.strides * 2
        inputs = expand_dims(inputs, axis)
        kernel, point = expand_dims(self.kernel, 0), expand_dims(self.point, 0)
        outputs: Any = separable_conv2d(
            inputs,
            kernel,
            point,
            (1, 1, *steps) if self.first else (1, *steps, 1),
            self.padding.upper(),
            rate=(1, *self.dilation_rate),
            data_format="NCHW" if self.first else "NHWC",
        )
        if self.use_bias:
            outputs = bias_add(outputs, self.bias, data_format="NCHW" if self.first else "NHWC")
        outputs = squeeze(outputs, [axis])
        return outputs if self.activation is None else self.activation(outputs)


def _function(cls: Any) -> Any:
    def function(inputs: Any, filters: Any, kernel_size: Any, *rest: Any, **options: Any) -> Any:
        return made(cls, inputs, options, filters, kernel_size, *rest)

    return function


conv1d = _function(Conv1D)
conv2d = _function(Conv2D)
conv3d = _function(Conv3D)
conv2d_transpose = _function(Conv2DTranspose)
conv3d_transpose = _function(Conv3DTranspose)
separable_conv2d = _function(SeparableConv2D)
separable_conv1d = _function(SeparableConv1D)
