"""Convolutions of each channel by itself, as slim has them."""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.contrib.slim.ending import XAVIER, ZEROS, finished, rectified
from scopecli.dryrun.contrib.slim.scoping import add_arg_scope
from scopecli.dryrun.contrib.slim.utils import (
    get_variable_collections,
    last_dimension,
    two_element_tuple,
)
from scopecli.dryrun.contrib.slim.variables import model_variable, renaming
from scopecli.dryrun.layers.checking import per_axis
from scopecli.dryrun.nn.activations import bias_add
from scopecli.dryrun.nn.depthwise_convolutions import depthwise_conv2d
from scopecli.dryrun.ops.applying import apply
from scopecli.dryrun.variables.opening import variable_scope


def separable_getter() -> Any:
    """Names of the variables as slim has them."""
    return renaming(
        {
            "bias": "biases",
            "depthwise_kernel": "depthwise_weights",
            "pointwise_kernel": "pointwise_weights",
        }
    )


def depthwise_only(
    inputs: Any,
    kernel_size: Any,
    multiplier: int,
    steps: tuple[Any, Any],
    padding: str,
    initializer: Any,
    regularizer: Any,
    biases: Any,
) -> Any:
    """A convolution of each channel by itself alone; steps are the strides and the rate."""
    channels = inputs.shape.as_list()[-1]
    sizes = [*per_axis(kernel_size, 2, "kernel_size"), channels, multiplier]
    weights = model_variable(
        "depthwise_weights", sizes, inputs.dtype.base_dtype, initializer, regularizer
    )
    stride, rate = (per_axis(step, 2, "stride") for step in steps)
    outputs = depthwise_conv2d(inputs, weights, [1, *stride, 1], padding, rate=rate)
    if biases is None:
        return outputs
    bias = model_variable("biases", [channels * multiplier], inputs.dtype.base_dtype, biases)
    return bias_add(outputs, bias)


@add_arg_scope
def conv2d_in_plane(
    inputs: Any,
    kernel_size: Any,
    stride: Any = 1,
    padding: str = "SAME",
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
    """The same convolution of each channel."""
    with variable_scope(scope, "ConvInPlane", [inputs], reuse=reuse) as opened:
        kind, depth = inputs.dtype.base_dtype, last_dimension(inputs.shape, 4)
        weights = model_variable(
            "weights",
            [*two_element_tuple(kernel_size), 1, 1],
            kind,
            weights_initializer,
            weights_regularizer,
            trainable,
            get_variable_collections(variables_collections, "weights"),
        )
        each = apply("Tile", weights, [1, 1, depth, 1])
        steps = two_element_tuple(stride)
        outputs = depthwise_conv2d(inputs, each, [1, *steps, 1], padding)
        if normalizer_fn is None and biases_initializer is not None:
            biases = model_variable(
                "biases",
                [depth],
                kind,
                biases_initializer,
                biases_regularizer,
                trainable,
                get_variable_collections(variables_collections, "biases"),
            )
            outputs = bias_add(outputs, biases)
        how = (normalizer_fn, normalizer_params, activation_fn, outputs_collections)
        return finished(outputs, *how, opened.name)


convolution2d_in_plane = conv2d_in_plane
