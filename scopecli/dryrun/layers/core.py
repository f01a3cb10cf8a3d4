"""Dense layers, dropout and flattening."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

from scopecli.dryrun.graph.nodes import Tensor
from scopecli.dryrun.layers.base import Layer, snake_case, when
from scopecli.dryrun.layers.checking import activation_of, check_floating, checked_units
from scopecli.dryrun.nn.activations import bias_add
from scopecli.dryrun.nn.activations import dropout as nn_dropout
from scopecli.dryrun.ops.applying import apply, convert_to_tensor
from scopecli.dryrun.ops.arithmetic import cast
from scopecli.dryrun.ops.arrays import expand_dims, reshape, shape, transpose
from scopecli.dryrun.ops.constants import constant
from scopecli.dryrun.values.dtypes import float32
from scopecli.dryrun.values.shapes import TensorShape
from scopecli.dryrun.variables.initializers import zeros_initializer

_ZEROS = zeros_initializer()


class Dense(Layer):
    """Every input goes to every output."""

    kernel: Any
    bias: Any

    def __init__(
        self,
        units: Any,
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
        options["activity_regularizer"] = activity_regularizer
        super().__init__(trainable=trainable, name=name, **options)
        self.input_spec = {"min_ndim": 2}
        self.units = checked_units(units)
        self.activation = activation_of(activation)
        self.use_bias = use_bias
        self.kernel_options = (kernel_initializer, kernel_regularizer, kernel_constraint)
        self.bias_options = (bias_initializer, bias_regularizer, bias_constraint)

    def build(self, input_shape: Any) -> None:
        input_shape = TensorShape(input_shape)
        check_floating(self.dtype or float32)
        last = input_shape[-1].value
        if last is None:
            raise ValueError(
                "The last dimension of the inputs to a Dense layer should be defined. Found None. "
                f"Full input shape received: {input_shape}"
            )
        initializer, regularizer, constraint = self.kernel_options
        self.kernel = self.add_weight(
            "kernel", [last, self.units], None, initializer, regularizer, constraint=constraint
        )
        self.input_spec = {"min_ndim": 2, "axes": {-1: last}}
        self.bias = None
        if self.use_bias:
            initializer, regularizer, constraint = self.bias_options
            self.bias = self.add_weight(
                "bias", [self.units], None, initializer, regularizer, constraint=constraint
            )
        self.built = True

    def _own_type(self, kind: Any) -> Any:
        return kind

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """Of the outputs, for a shape of the inputs."""
        return TensorShape([*TensorShape(input_shape).as_list()[:-1], self.units])

    def call(self, inputs: Any, **_: Any) -> Any:
        from scopecli.dryrun.ops.products import matmul, tensordot

        inputs = cast(inputs, self.dtype)
        rank = inputs.shape.rank
        if rank in {2, None}:
            outputs = matmul(inputs, self.kernel)
        else:
            outputs = tensordot(inputs, self.kernel, [[rank - 1], [0]])
            outputs.set_shape([*inputs.dims[:-1], self.units])
        if self.use_bias:
            outputs = bias_add(outputs, self.bias)
        return outputs if self.activation is None else self.activation(outputs)

    def __call__(self, inputs: Any, *arguments: Any, **options: Any) -> Any:
        if not self.built:
            _known_depth(inputs, -1, f"layer {self.name}")
        return super().__call__(inputs, *arguments, **options)


def _known_depth(inputs: Any, axis: int, what: str) -> None:
    """Name the unknown operation where a layer needs the number of channels from it."""
    if isinstance(inputs, Tensor) and inputs.dims and inputs.dims[axis] is not None:
        return
    from scopecli.dryrun.ops.opaque import Unknown, blame

    if isinstance(inputs, Unknown):
        inputs = inputs.tensor()
    dims = getattr(inputs, "dims", ())
    if isinstance(inputs, Tensor) and (dims is None or dims[axis] is None):
        blame(inputs, what)


class Dropout(Layer):
    """Some elements become zero while training."""

    def __init__(
        self,
        rate: Any = 0.5,
        noise_shape: Any = None,
        seed: Any = None,
        name: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(name=name, **options)
        self.rate = rate
        self.noise_shape = noise_shape

    def _noise(self, inputs: Tensor) -> Any:
        """The shape of what decides; an element that is not said is the input's."""
        if self.noise_shape is None:
            return None
        sizes = shape(inputs)
        told = [sizes[i] if size is None else size for i, size in enumerate(self.noise_shape)]
        return convert_to_tensor(told)

    def call(self, inputs: Any, training: Any = False, **_: Any) -> Any:
        def dropped() -> Tensor:
            return nn_dropout(inputs, rate=self.rate, noise_shape=self._noise(inputs))

        if isinstance(self.rate, (int, float)) and self.rate == 0:
            return apply("Identity", inputs)
        return when(training, dropped, lambda: apply("Identity", inputs))


class Flatten(Layer):
    """All axes but the first as one."""

    def __init__(self, data_format: Any = "channels_last", name: Any = None, **rest: Any) -> None:
        super().__init__(name=name, **rest)
        self.input_spec = {"min_ndim": 1}
        self.first = data_format == "channels_first"

    def call(self, inputs: Any, **_: Any) -> Any:
        dims = inputs.dims
        if self.first and dims is not None and len(dims) > 1:
            inputs = transpose(inputs, perm=[0, *range(2, len(dims)), 1])
            dims = inputs.dims
        if dims is not None and len(dims) == 1:
            return expand_dims(inputs, axis=1)
        if dims is not None and None not in dims[1:]:
            return reshape(inputs, constant([-1, math.prod(dims[1:])]))
        if dims is not None and dims[0] is not None:
            return reshape(inputs, constant([dims[0], -1]))
        return reshape(inputs, [shape(inputs)[0], -1])


def dense(
    inputs: Any, units: Any, activation: Any = None, use_bias: bool = True, **options: Any
) -> Any:
    """Every input goes to every output."""
    return made(Dense, inputs, options, units, activation, use_bias)


@cache
def _options_of(cls: Any) -> frozenset[str]:
    """The arguments that a layer takes by name."""
    found: set[str] = set()
    for base in cls.__mro__[:-1]:
        code = base.__init__.__code__
        found.update(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount])
    return frozenset(found - {"_scope", "_reuse", "self"})


def made(cls: Any, inputs: Any, options: dict[str, Any], *arguments: Any) -> Any:
    """Make a layer and call it: what all these functions do."""
    name, reuse = options.pop("name", None), options.pop("reuse", None)
    for option in options:
        if option not in _options_of(cls):
            raise TypeError(
                f"{snake_case(cls.__name__)}() got an unexpected keyword argument '{option}'"
            )
    layer = cls(*arguments, **options, name=name, _scope=name, _reuse=reuse)
    return layer(inputs)


def dropout(
    inputs: Any,
    rate: Any = 0.5,
    noise_shape: Any = None,
    seed: Any = None,
    training: Any = False,
    name: Any = None,
) -> Any:
    """Some elements become zero while training."""
    return Dropout(rate, noise_shape, seed, name)(inputs, training=training)


def flatten(inputs: Any, name: Any = None, data_format: str = "channels_last") -> Any:
    """All axes but the first as one."""
    return Flatten(data_format, name)(inputs)
