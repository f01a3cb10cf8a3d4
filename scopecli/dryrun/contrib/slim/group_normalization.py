"""Normalization of each picture by itself, or of groups of its channels."""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.contrib.slim.scoping import add_arg_scope
from scopecli.dryrun.contrib.slim.utils import collect_named_outputs
from scopecli.dryrun.contrib.slim.variables import model_variable
from scopecli.dryrun.nn.normalization import batch_normalization, moments
from scopecli.dryrun.ops.applying import apply, convert_to_tensor
from scopecli.dryrun.ops.arrays import reshape, shape
from scopecli.dryrun.variables.initializers import ones_initializer, zeros_initializer
from scopecli.dryrun.variables.opening import variable_scope


def _made(
    name: str, size: int, inputs: Any, initializers: Any, collections: Any, trainable: bool
) -> Any:
    """The variable `beta` or `gamma`."""
    usual = zeros_initializer() if name == "beta" else ones_initializer()
    initializer = (initializers or {}).get(name, usual)
    keys = collections.get(name) if isinstance(collections, dict) else collections
    kind = inputs.dtype.base_dtype
    return model_variable(name, [size], kind, initializer, None, trainable, keys)


@add_arg_scope
def instance_norm(
    inputs: Any,
    center: bool = True,
    scale: bool = True,
    epsilon: float = 1e-6,
    activation_fn: Any = None,
    param_initializers: Any = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    data_format: str = "NHWC",
    scope: Any = None,
) -> Any:
    """Every channel of every picture normalized by itself.

    Raises:
        ValueError: the number of channels is not known.
    """
    inputs = convert_to_tensor(inputs)
    if inputs.dims is None:
        raise ValueError(f"Inputs {inputs.name} has undefined rank.")
    with variable_scope(scope, "InstanceNorm", [inputs], reuse=reuse) as opened:
        rank = len(inputs.dims)
        channels = 1 if data_format == "NCHW" else rank - 1
        size = inputs.dims[channels]
        if size is None:
            raise ValueError(
                f"Inputs {inputs.name} has undefined channels dimension "
                f"{inputs.shape[channels : channels + 1]}."
            )
        axes = [axis for axis in range(1, rank) if axis != channels]
        found: dict[str, Any] = {"beta": None, "gamma": None}
        for name, wanted in (("beta", center), ("gamma", scale)):
            if wanted:
                options = param_initializers, variables_collections, trainable
                found[name] = _made(name, size, inputs, *options)
                if data_format == "NCHW":
                    found[name] = reshape(found[name], [1, size] + [1] * (rank - 2))
        mean, variance = moments(inputs, axes, keep_dims=True)
        beta, gamma = found["beta"], found["gamma"]
        outputs = batch_normalization(
            inputs, mean, variance, beta, gamma, epsilon, name="instancenorm"
        )
        if activation_fn is not None:
            outputs = activation_fn(outputs)
        return collect_named_outputs(outputs_collections, opened.name, outputs)


@add_arg_scope
def group_norm(
    inputs: Any,
    groups: int = 32,
    channels_axis: int = -1,
    reduction_axes: Any = (-3, -2),
    center: bool = True,
    scale: bool = True,
    epsilon: float = 1e-6,
    activation_fn: Any = None,
    param_initializers: Any = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    scope: Any = None,
    mean_close_to_zero: bool = False,
) -> Any:
    """Groups of channels normalized together.

    Raises:
        ValueError: the channels cannot be cut into that many groups.
    """
    inputs = convert_to_tensor(inputs)
    if inputs.dims is None:
        raise ValueError(f"Inputs {inputs.name} has undefined rank.")
    rank = len(inputs.dims)
    fed: Any = shape(inputs)
    sizes = [fed[axis] if size is None else size for axis, size in enumerate(inputs.dims)]
    channels_axis %= rank
    channels = inputs.dims[channels_axis]
    if channels is None:
        words = f"has undefined channel dimension: {channels_axis}."
        raise ValueError(f"Inputs {inputs.name} {words}")
    if groups > channels:
        raise ValueError(f"Invalid groups {groups} for {channels} channels.")
    if channels % groups:
        raise ValueError(f"{channels} channels is not commensurate with {groups} groups.")
    before, after = sizes[:channels_axis], sizes[channels_axis + 1 :]
    parts = [groups, channels // groups]
    wide = [1] * len(before) + parts + [1] * len(after)
    inputs = reshape(inputs, [*before, *parts, *after])
    others = [axis % rank for axis in reduction_axes]
    axes = [channels_axis + 1, *(a + 1 if a > channels_axis else a for a in others)]
    with variable_scope(scope, "GroupNorm", [inputs], reuse=reuse) as opened:
        found: dict[str, Any] = {"beta": None, "gamma": None}
        for name, wanted in (("beta", center), ("gamma", scale)):
            if wanted:
                options = param_initializers, variables_collections, trainable
                found[name] = reshape(_made(name, channels, inputs, *options), wide)
        mean, variance = moments(inputs, axes, keep_dims=True)
        outputs = _normalized(inputs, mean, variance, found, epsilon)
        outputs = reshape(outputs, sizes)
        if activation_fn is not None:
            outputs = activation_fn(outputs)
        return collect_named_outputs(outputs_collections, opened.name, outputs)


def _normalized(
    inputs: Any, mean: Any, variance: Any, found: dict[str, Any], epsilon: float
) -> Any:
    """The normalized groups, multiplied and moved."""
    gain: Any = apply("Rsqrt", variance + epsilon)
    offset = -mean * gain
    if found["gamma"] is not None:
        gain = gain * found["gamma"]
        offset = offset * found["gamma"]
    if found["beta"] is not None:
        offset = offset + found["beta"]
    return inputs * gain + offset
