"""`tf.keras.layers`: those that programs of TensorFlow 1 use, with their variables.

Recurrent layers have their variables, and one node that stands for the rest.
"""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.keras.base import KerasLayer, unique_name
from scopecli.dryrun.keras.base import KerasLayer as Layer
from scopecli.dryrun.layers import convolutional, core, normalization, pooling
from scopecli.dryrun.layers.checking import activation_of, initializer_of
from scopecli.dryrun.namespaces import attributes
from scopecli.dryrun.nn.activations import leaky_relu
from scopecli.dryrun.nn.embeddings import embedding_lookup
from scopecli.dryrun.ops.applying import apply
from scopecli.dryrun.ops.arithmetic import cast
from scopecli.dryrun.ops.arrays import concat, placeholder, reshape, shape
from scopecli.dryrun.ops.opaque import call
from scopecli.dryrun.ops.reductions import reduce_max, reduce_mean
from scopecli.dryrun.values.dtypes import as_dtype
from scopecli.dryrun.values.shapes import TensorShape
from scopecli.dryrun.variables.initializers import (
    orthogonal_initializer,
    random_uniform_initializer,
)

__all__ = ["Layer"]

__getattr__: Any = attributes(__name__, {})


class Dense(KerasLayer, core.Dense):
    """Every input goes to every output."""


class Conv1D(KerasLayer, convolutional.Conv1D):
    """A convolution over one axis."""


class Conv2D(KerasLayer, convolutional.Conv2D):
    """A convolution over two axes."""


class Conv3D(KerasLayer, convolutional.Conv3D):
    """A convolution over three axes."""


class Conv2DTranspose(KerasLayer, convolutional.Conv2DTranspose):
    """The transpose of a convolution over two axes."""


class SeparableConv2D(KerasLayer, convolutional.SeparableConv2D):
    """A convolution of each channel by itself, and then of all together."""


Convolution2D = Conv2D


class BatchNormalization(KerasLayer, normalization.BatchNormalization):
    """Normalized by the batch while training, by moving averages otherwise."""

    asks_for_phase = True


class Dropout(KerasLayer, core.Dropout):
    """Some elements become zero while training."""

    asks_for_phase = True


class Flatten(KerasLayer, core.Flatten):
    """All axes but the first as one."""


class _Pooling(KerasLayer):
    def __init__(
        self, pool_size: Any = 2, strides: Any = None, padding: str = "valid", **options: Any
    ) -> None:
        options.setdefault("data_format", "channels_last")
        options["data_format"] = options["data_format"] or "channels_last"
        steps = pool_size if strides is None else strides
        super().__init__(pool_size, steps, padding, **options)


class MaxPooling1D(_Pooling, pooling.MaxPooling1D):  # type: ignore[misc]
    """The largest of each window over one axis."""


class MaxPooling2D(_Pooling, pooling.MaxPooling2D):  # type: ignore[misc]
    """The largest of each window over two axes."""


class AveragePooling2D(_Pooling, pooling.AveragePooling2D):  # type: ignore[misc]
    """The mean of each window over two axes."""


MaxPool2D, AvgPool2D, MaxPool1D = MaxPooling2D, AveragePooling2D, MaxPooling1D


class GlobalAveragePooling2D(KerasLayer):
    """The mean of each channel."""

    def call(self, inputs: Any, **_: Any) -> Any:
        return reduce_mean(inputs, axis=[1, 2])


class GlobalMaxPooling2D(KerasLayer):
    """The largest of each channel."""

    def call(self, inputs: Any, **_: Any) -> Any:
        return reduce_max(inputs, axis=[1, 2])


class GlobalAveragePooling1D(KerasLayer):
    """The mean over the steps."""

    def call(self, inputs: Any, **_: Any) -> Any:
        return reduce_mean(inputs, axis=1)


class Activation(KerasLayer):
    """A function of each element."""

    def __init__(self, activation: Any, **options: Any) -> None:
        super().__init__(**options)
        self.activation = activation_of(activation)

    def call(self, inputs: Any, **_: Any) -> Any:
        return inputs if self.activation is None else self.activation(inputs)


class ReLU(KerasLayer):
    """Nothing below zero."""

    def _kind(self) -> str:
        return "re_lu"

    def call(self, inputs: Any, **_: Any) -> Any:
        return apply("Relu", inputs)


class LeakyReLU(KerasLayer):
    """Little below zero."""

    def __init__(self, alpha: Any = 0.3, **options: Any) -> None:
        super().__init__(**options)
        self.alpha = alpha

    def _kind(self) -> str:
        return "leaky_re_lu"

    def call(self, inputs: Any, **_: Any) -> Any:
        return leaky_relu(inputs, alpha=self.alpha)


class Lambda(KerasLayer):
    """A function of the program's."""

    def __init__(self, function: Any, output_shape: Any = None, **options: Any) -> None:
        super().__init__(**options)
        self.function = function

    def call(self, inputs: Any, **_: Any) -> Any:
        return self.function(inputs)


class Reshape(KerasLayer):
    """The same elements in another shape."""

    def __init__(self, target_shape: Any, **options: Any) -> None:
        super().__init__(**options)
        self.target_shape = tuple(target_shape)

    def call(self, inputs: Any, **_: Any) -> Any:
        return reshape(inputs, (shape(inputs)[0], *self.target_shape))


class ZeroPadding2D(KerasLayer):
    """Zeros around pictures."""

    def __init__(self, padding: Any = (1, 1), **options: Any) -> None:
        super().__init__(**options)
        both = (padding, padding) if isinstance(padding, int) else tuple(padding)
        self.padding = [[each, each] if isinstance(each, int) else list(each) for each in both]

    def call(self, inputs: Any, **_: Any) -> Any:
        return apply("Pad", inputs, [[0, 0], *self.padding, [0, 0]])


class Add(KerasLayer):
    """The sum of several inputs."""

    def call(self, inputs: Any, **_: Any) -> Any:
        found = inputs[0]
        for other in inputs[1:]:
            found = found + other
        return found


class Multiply(KerasLayer):
    """The product of several inputs."""

    def call(self, inputs: Any, **_: Any) -> Any:
        found = inputs[0]
        for other in inputs[1:]:
            found = found * other
        return found


class Concatenate(KerasLayer):
    """One input after the other along an axis."""

    def __init__(self, axis: int = -1, **options: Any) -> None:
        super().__init__(**options)
        self.axis = axis

    def call(self, inputs: Any, **_: Any) -> Any:
        return concat(inputs, self.axis)


def add(inputs: Any, **options: Any) -> Any:
    """The sum of several inputs."""
    return Add(**options)(inputs)


def concatenate(inputs: Any, axis: int = -1, **options: Any) -> Any:
    """One input after the other along an axis."""
    return Concatenate(axis, **options)(inputs)


class Embedding(KerasLayer):
    """A vector for each symbol."""

    embeddings: Any

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.sizes = (input_dim, output_dim)
        self.options_ = (embeddings_initializer, embeddings_regularizer)

    def build(self, input_shape: Any) -> None:
        initializer, regularizer = self.options_
        if initializer == "uniform":
            initializer = random_uniform_initializer(-0.05, 0.05)
        self.embeddings = self.add_weight("embeddings", self.sizes, None, initializer, regularizer)

    def call(self, inputs: Any, **_: Any) -> Any:
        if inputs.dtype.name not in {"int32", "int64"}:
            inputs = cast(inputs, "int32")
        return embedding_lookup(self.embeddings, inputs)


class _Recurrent(KerasLayer):
    """Variables as they are, and one node for all the steps."""

    gates = 1
    kernel: Any
    recurrent_kernel: Any
    bias: Any

    def __init__(
        self, units: int, return_sequences: bool = False, use_bias: bool = True, **options: Any
    ) -> None:
        super().__init__(**options)
        self.units = units
        self.return_sequences = return_sequences
        self.use_bias = use_bias

    def build(self, input_shape: Any) -> None:
        depth = TensorShape(input_shape)[-1].value
        width = self.gates * self.units
        self.kernel = self.add_weight("kernel", [depth, width])
        initializer = initializer_of(orthogonal_initializer())
        self.recurrent_kernel = self.add_weight(
            "recurrent_kernel", [self.units, width], None, initializer
        )
        if self.use_bias:
            self.bias = self.add_weight("bias", [width], None, "zeros")

    def call(self, inputs: Any, **_: Any) -> Any:
        found = call(f"tf.keras.layers.{type(self).__name__}", None, inputs, *self.weights)
        dims = inputs.dims or (None, None, None)
        found.set_shape([*dims[: 2 if self.return_sequences else 1], self.units])
        return found


class SimpleRNN(_Recurrent):
    """A network whose outputs are its state."""

    def _kind(self) -> str:
        return "simple_rnn"


class GRU(_Recurrent):
    """Gated recurrent units."""

    gates = 3


class LSTM(_Recurrent):
    """A long short-term memory."""

    gates = 4


def Input(  # noqa: N802 - the name of Keras
    shape: Any = None,
    batch_size: Any = None,
    name: Any = None,
    dtype: Any = "float32",
    batch_shape: Any = None,
    tensor: Any = None,
    **_: Any,
) -> Any:
    """What a model is fed."""
    if tensor is not None:
        return tensor
    sizes = batch_shape or (batch_size, *(shape or ()))
    return placeholder(as_dtype(dtype or "float32"), sizes, name or unique_name("input_1"))


def InputLayer(input_shape: Any = None, **options: Any) -> Any:  # noqa: N802 - the name of Keras
    """What a model is fed."""
    return Input(input_shape, **options)
