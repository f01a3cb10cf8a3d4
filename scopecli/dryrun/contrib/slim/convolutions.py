"""The convolutions of slim: `tf.layers` with other names, defaults and collections.

https://github.com/google-research/tf-slim/blob/master/tf_slim/layers/layers.py
"""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.contrib.slim.collecting import keep
from scopecli.dryrun.contrib.slim.ending import XAVIER, ZEROS, check_depth, finished, rectified
from scopecli.dryrun.contrib.slim.scoping import add_arg_scope
from scopecli.dryrun.contrib.slim.variables import LAYER_GETTER
from scopecli.dryrun.layers import convolutional
from scopecli.dryrun.ops.applying import convert_to_tensor
from scopecli.dryrun.variables.opening import variable_scope

_CLASSES = {3: convolutional.Conv1D, 4: convolutional.Conv2D, 5: convolutional.Conv3D}


def _convolution(name_: str, default: str, rank: int | None, classes: Any) -> Any:
    def convolution(
        inputs: Any,
        num_outputs: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: str = "SAME",
        data_format: Any = None,
        rate: Any = 1,
        activation_fn: Any = rectified,
        normalizer_fn: Any = None,
        normalizer_params: Any = None,
        weights_initializer: Any = XAVIER,
        weights_regularizer: Any = None,
        biases_initializer: Any = ZEROS,
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
            _check_rank(inputs, rank, classes)
            check_depth(
                inputs,
                1 if first else -1,
                "The channel dimension of the inputs should be defined. Found `None`.",
            )
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
            return finished(
                outputs,
                normalizer_fn,
                normalizer_params,
                activation_fn,
                outputs_collections,
                opened.name,
            )

    convolution.__name__ = convolution.__qualname__ = name_
    return add_arg_scope(convolution)


def _check_rank(inputs: Any, rank: int | None, classes: Any) -> None:
    found = len(inputs.dims or ())
    if rank is not None and found != rank + 2:
        raise ValueError(f"Convolution expects input with rank {rank + 2}, got {found}")
    if found not in classes:
        raise ValueError("Convolution not supported for input with rank", found)


convolution = _convolution("convolution", "Conv", None, _CLASSES)
convolution1d = conv1d = _convolution("convolution1d", "Conv", 1, _CLASSES)
convolution2d = conv2d = _convolution("convolution2d", "Conv", 2, _CLASSES)
convolution3d = conv3d = _convolution("convolution3d", "Conv", 3, _CLASSES)
convolution2d_transpose = conv2d_transpose = _convolution(
    "convolution2d_transpose", "Conv2d_transpose", None, {4: convolutional.Conv2DTranspose}
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
    activation_fn: Any = rectified,
    normalizer_fn: Any = None,
    normalizer_params: Any = None,
    weights_initializer: Any = XAVIER,
    weights_regularizer: Any = None,
    biases_initializer: Any = ZEROS,
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
                (stride, rate),
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
                dilation_rate=rate,
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
        how = (normalizer_fn, normalizer_params, activation_fn, outputs_collections)
        return finished(outputs, *how, opened.name)


separable_convolution2d = separable_conv2d
