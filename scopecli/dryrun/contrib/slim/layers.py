"""The layers of slim: `tf.layers` with other names, defaults and collections.

https://github.com/google-research/tf-slim/blob/master/tf_slim/layers/layers.py
"""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.contrib.slim.collecting import collected, keep
from scopecli.dryrun.contrib.slim.scoping import add_arg_scope
from scopecli.dryrun.contrib.slim.variables import LAYER_GETTER, PLAIN_GETTER
from scopecli.dryrun.contrib.slim.weights import xavier_initializer
from scopecli.dryrun.graph.scopes import (
    name_scope,
)
from scopecli.dryrun.initializers import (
    zeros_initializer,
)
from scopecli.dryrun.layers import convolutional, core, pooling
from scopecli.dryrun.nn.activations import softmax as nn_softmax
from scopecli.dryrun.ops.applying import apply, convert_to_tensor
from scopecli.dryrun.ops.arrays import reshape, shape
from scopecli.dryrun.variables.opening import variable_scope


def _relu(x: Any) -> Any:
    return apply("Relu", x)


_XAVIER, _ZEROS = xavier_initializer(), zeros_initializer()


def _finished(
    outputs: Any, normalizer: Any, parameters: Any, activation: Any, collections: Any
) -> Any:
    if normalizer is not None:
        outputs = normalizer(outputs, **(parameters or {}))
    if activation is not None:
        outputs = activation(outputs)
    return collected(collections, outputs)


_CLASSES = {3: convolutional.Conv1D, 4: convolutional.Conv2D, 5: convolutional.Conv3D}


def _convolution(default: str, classes: Any, padding_: str = "SAME") -> Any:
    def convolution(
        inputs: Any,
        num_outputs: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: str = padding_,
        data_format: Any = None,
        rate: Any = 1,
        activation_fn: Any = _relu,
        normalizer_fn: Any = None,
        normalizer_params: Any = None,
        weights_initializer: Any = _XAVIER,
        weights_regularizer: Any = None,
        biases_initializer: Any = _ZEROS,
        biases_regularizer: Any = None,
        reuse: Any = None,
        variables_collections: Any = None,
        outputs_collections: Any = None,
        trainable: bool = True,
        scope: Any = None,
    ) -> Any:
        with variable_scope(
            scope, default, [inputs], reuse=reuse, custom_getter=LAYER_GETTER
        ) as opened:
            inputs = convert_to_tensor(inputs)
            first = bool(data_format) and data_format.startswith("NC")
            layer = classes[len(inputs.dims or ())](
                num_outputs,
                kernel_size,
                strides=stride,
                padding=padding,
                data_format="channels_first" if first else "channels_last",
                dilation_rate=rate,
                use_bias=bool(not normalizer_fn and biases_initializer),
                kernel_initializer=weights_initializer,
                bias_initializer=biases_initializer,
                kernel_regularizer=weights_regularizer,
                bias_regularizer=biases_regularizer,
                trainable=trainable,
                name=opened.name,
                _scope=opened,
                _reuse=reuse,
            )
            outputs = layer(inputs)
            keep(layer.kernel, variables_collections, "weights")
            if layer.use_bias:
                keep(layer.bias, variables_collections, "biases")
            return _finished(
                outputs, normalizer_fn, normalizer_params, activation_fn, outputs_collections
            )

    convolution.__name__ = default.lower()
    return add_arg_scope(convolution)


convolution = convolution2d = conv2d = _convolution("Conv", _CLASSES)


convolution1d = conv1d = _convolution("Conv", _CLASSES)


convolution3d = conv3d = _convolution("Conv", _CLASSES)


convolution2d_transpose = conv2d_transpose = _convolution(
    "Conv2d_transpose", {4: convolutional.Conv2DTranspose}
)


@add_arg_scope
def separable_conv2d(
    inputs: Any,
    num_outputs: Any,
    kernel_size: Any,
    depth_multiplier: int = 1,
    stride: Any = 1,
    padding: str = "SAME",
    rate: Any = 1,
    activation_fn: Any = _relu,
    normalizer_fn: Any = None,
    normalizer_params: Any = None,
    weights_initializer: Any = _XAVIER,
    weights_regularizer: Any = None,
    biases_initializer: Any = _ZEROS,
    biases_regularizer: Any = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    scope: Any = None,
    **_: Any,
) -> Any:
    """A convolution of each channel by itself, and then of all together."""
    from scopecli.dryrun.contrib.slim.separable import depthwise_only, separable_getter

    with variable_scope(
        scope, "SeparableConv2d", [inputs], reuse=reuse, custom_getter=separable_getter()
    ) as opened:
        inputs = convert_to_tensor(inputs)
        if num_outputs is None:
            outputs = depthwise_only(
                inputs,
                kernel_size,
                depth_multiplier,
                stride,
                padding,
                weights_initializer,
                weights_regularizer,
                None if normalizer_fn else biases_initializer,
            )
        else:
            layer = convolutional.SeparableConv2D(
                num_outputs,
                kernel_size,
                strides=stride,
                padding=padding,
                depth_multiplier=depth_multiplier,
                use_bias=bool(not normalizer_fn and biases_initializer),
                depthwise_initializer=weights_initializer,
                pointwise_initializer=weights_initializer,
                depthwise_regularizer=weights_regularizer,
                pointwise_regularizer=weights_regularizer,
                bias_initializer=biases_initializer,
                name=opened.name,
                _scope=opened,
                _reuse=reuse,
            )
            outputs = layer(inputs)
        return _finished(
            outputs, normalizer_fn, normalizer_params, activation_fn, outputs_collections
        )


separable_convolution2d = separable_conv2d


@add_arg_scope
def fully_connected(
    inputs: Any,
    num_outputs: Any,
    activation_fn: Any = _relu,
    normalizer_fn: Any = None,
    normalizer_params: Any = None,
    weights_initializer: Any = _XAVIER,
    weights_regularizer: Any = None,
    biases_initializer: Any = _ZEROS,
    biases_regularizer: Any = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    scope: Any = None,
) -> Any:
    """Every input goes to every output."""
    if not isinstance(num_outputs, int):
        raise ValueError(f"num_outputs type should be one of {[int]}, got {type(num_outputs)}.")
    with variable_scope(
        scope, "fully_connected", [inputs], reuse=reuse, custom_getter=LAYER_GETTER
    ) as opened:
        inputs = convert_to_tensor(inputs)
        layer = core.Dense(
            num_outputs,
            use_bias=bool(not normalizer_fn and biases_initializer),
            kernel_initializer=weights_initializer,
            bias_initializer=biases_initializer,
            kernel_regularizer=weights_regularizer,
            bias_regularizer=biases_regularizer,
            trainable=trainable,
            name=opened.name,
            _scope=opened,
            _reuse=reuse,
        )
        outputs = layer(inputs)
        keep(layer.kernel, variables_collections, "weights")
        if layer.bias is not None:
            keep(layer.bias, variables_collections, "biases")
        return _finished(
            outputs, normalizer_fn, normalizer_params, activation_fn, outputs_collections
        )


linear = fully_connected


def _pool(default: str, cls: Any) -> Any:
    def pool(
        inputs: Any,
        kernel_size: Any,
        stride: Any = 2,
        padding: str = "VALID",
        data_format: str = "NHWC",
        outputs_collections: Any = None,
        scope: Any = None,
    ) -> Any:
        with name_scope(scope, default, [inputs]) as opened:
            inputs = convert_to_tensor(inputs)
            first = "channels_first" if data_format.startswith("NC") else "channels_last"
            layer = cls(kernel_size, stride, padding, first, _scope=opened)
            return collected(outputs_collections, layer(inputs))

    pool.__name__ = default.lower()
    return add_arg_scope(pool)


max_pool2d = _pool("MaxPool2D", pooling.MaxPooling2D)


avg_pool2d = _pool("AvgPool2D", pooling.AveragePooling2D)


@add_arg_scope
def flatten(inputs: Any, outputs_collections: Any = None, scope: Any = None) -> Any:
    """All axes but the first as one."""
    with name_scope(scope, "Flatten", [inputs]):
        return collected(outputs_collections, core.flatten(convert_to_tensor(inputs)))


@add_arg_scope
def dropout(
    inputs: Any,
    keep_prob: Any = 0.5,
    noise_shape: Any = None,
    is_training: Any = True,
    outputs_collections: Any = None,
    scope: Any = None,
    seed: Any = None,
) -> Any:
    """Some elements become zero while training."""
    with variable_scope(scope, "Dropout", [inputs], custom_getter=PLAIN_GETTER) as opened:
        inputs = convert_to_tensor(inputs)
        layer = core.Dropout(1 - keep_prob, noise_shape, seed, opened.name, _scope=opened)
        return collected(outputs_collections, layer(inputs, training=is_training))


@add_arg_scope
def softmax(logits: Any, scope: Any = None) -> Any:
    """Probabilities of classes."""
    with variable_scope(scope, "softmax", [logits]):
        dims = logits.dims
        flat = reshape(logits, [-1, shape(logits)[-1] if dims is None else dims[-1]])
        found = reshape(nn_softmax(flat), shape(logits))
        found.set_shape(dims)
        return found


@add_arg_scope
def one_hot_encoding(labels: Any, num_classes: Any, *_: Any, scope: Any = None, **__: Any) -> Any:
    """A row for each label."""
    from scopecli.dryrun.ops.indexing import one_hot

    with name_scope(scope, "OneHotEncoding", [labels]):
        return one_hot(convert_to_tensor(labels), num_classes, on_value=1.0, off_value=0.0)


def repeat(inputs: Any, repetitions: int, layer: Any, *args: Any, **kwargs: Any) -> Any:
    """A layer several times, in one scope."""
    scope = kwargs.pop("scope", None)
    with variable_scope(scope, "Repeat", [inputs]):
        inputs = convert_to_tensor(inputs)
        scope = scope or getattr(layer, "__name__", "repeat")
        for number in range(repetitions):
            inputs = layer(inputs, *args, **{**kwargs, "scope": f"{scope}_{number + 1}"})
        return inputs


def stack(inputs: Any, layer: Any, stack_args: Any, **kwargs: Any) -> Any:
    """A layer several times, each time with other arguments."""
    scope = kwargs.pop("scope", None)
    with variable_scope(scope, "Stack", [inputs]):
        inputs = convert_to_tensor(inputs)
        scope = scope or getattr(layer, "__name__", "stack")
        for number, given in enumerate(stack_args):
            arguments = given if isinstance(given, (list, tuple)) else [given]
            options = {**kwargs, "scope": f"{scope}_{number + 1}"}
            inputs = layer(inputs, *arguments, **options)
        return inputs
