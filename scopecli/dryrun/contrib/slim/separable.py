"""What slim's separable convolution does in its own way."""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.contrib.slim.variables import model_variable, renaming
from scopecli.dryrun.layers.checking import per_axis
from scopecli.dryrun.nn.activations import bias_add
from scopecli.dryrun.nn.depthwise_convolutions import depthwise_conv2d


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
    stride: Any,
    padding: str,
    initializer: Any,
    regularizer: Any,
    biases: Any,
) -> Any:
    """A convolution of each channel by itself alone."""
    channels = inputs.shape.as_list()[-1]
    sizes = [*per_axis(kernel_size, 2, "kernel_size"), channels, multiplier]
    weights = model_variable(
        "depthwise_weights", sizes, inputs.dtype.base_dtype, initializer, regularizer
    )
    steps = per_axis(stride, 2, "stride")
    outputs = depthwise_conv2d(inputs, weights, [1, *steps, 1], padding)
    if biases is None:
        return outputs
    bias = model_variable("biases", [channels * multiplier], inputs.dtype.base_dtype, biases)
    return bias_add(outputs, bias)
