"""Activations, softmax, biases and dropout."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.scopes import name_scope
from scopecli.dryrun.ops.applying import apply, apply_op, convert_to_tensor
from scopecli.dryrun.ops.arithmetic import cast
from scopecli.dryrun.ops.arithmetic import range as range_
from scopecli.dryrun.ops.arrays import concat, rank, shape, transpose
from scopecli.dryrun.ops.constants import constant
from scopecli.dryrun.values.python_values import one_of
from scopecli.dryrun.values.shapes import dims_of

if TYPE_CHECKING:
    from scopecli.dryrun.graph.nodes import Tensor


def bias_add(value: Any, bias: Any, data_format: Any = None, name: str | None = None) -> Tensor:
    """A bias for each channel."""
    with name_scope(name, "BiasAdd") as scope:
        if data_format is not None:
            data_format = "NCHW" if data_format.startswith("NC") else "NHWC"
        value = convert_to_tensor(value, name="input")
        bias = convert_to_tensor(bias, value.dtype.base_dtype, name="bias")
        return apply("BiasAdd", value, bias, name=scope, data_format=data_format)


def xw_plus_b(x: Any, weights: Any, biases: Any, name: str | None = None) -> Tensor:
    """A product and a bias."""
    from scopecli.dryrun.ops.products import matmul

    with name_scope(name, "xw_plus_b") as scope:
        x = convert_to_tensor(x, name="x")
        weights = convert_to_tensor(weights, name="weights")
        biases = convert_to_tensor(biases, name="biases")
        return bias_add(matmul(x, weights), biases, name=scope)


def relu_layer(x: Any, weights: Any, biases: Any, name: str | None = None) -> Tensor:
    """A product, a bias and what is positive of it."""
    from scopecli.dryrun.ops.products import matmul

    with name_scope(name, "relu_layer") as scope:
        x = convert_to_tensor(x, name="x")
        weights = convert_to_tensor(weights, name="weights")
        biases = convert_to_tensor(biases, name="biases")
        return apply("Relu", bias_add(matmul(x, weights), biases), name=scope)


def relu6(features: Any, name: str | None = None) -> Tensor:
    """Between 0 and 6."""
    with name_scope(name, "Relu6") as scope:
        return apply("Relu6", convert_to_tensor(features, name="features"), name=scope)


def leaky_relu(features: Any, alpha: Any = 0.2, name: str | None = None) -> Tensor:
    """What is positive, and a little of what is negative."""
    with name_scope(name, "LeakyRelu") as scope:
        features = convert_to_tensor(features, name="features")
        return apply("LeakyRelu", features, name=scope, alpha=alpha)


def crelu(features: Any, name: str | None = None, axis: int = -1) -> Tensor:
    """What is positive, and what is negative, side by side."""
    with name_scope(name, "CRelu") as scope:
        features = convert_to_tensor(features, name="features")
        both = concat([features, -features], axis, name=scope)
        return apply("Relu", both)


def swish(features: Any, beta: Any = 1.0) -> Tensor:
    """A tensor times its sigmoid."""
    features = convert_to_tensor(features, name="features")
    beta = cast(convert_to_tensor(beta, name="beta"), features.dtype)
    result = features * apply("Sigmoid", beta * features)
    apply("Identity", result)
    return apply_op("IdentityN", [result, features, beta]).outputs[0]


silu = swish


def softmax(logits: Any, axis: Any = None, name: str | None = None, dim: Any = None) -> Tensor:
    """Probabilities of classes."""
    return _last_axis("Softmax", logits, dim if axis is None else axis, name)


def log_softmax(logits: Any, axis: Any = None, name: str | None = None, dim: Any = None) -> Tensor:
    """Logarithms of probabilities of classes."""
    return _last_axis("LogSoftmax", logits, dim if axis is None else axis, name)


def _last_axis(type_: str, logits: Any, axis: Any, name: str | None) -> Tensor:
    """An operation over the last axis; another axis is brought there and back."""
    axis = -1 if axis is None else axis
    logits = convert_to_tensor(logits)
    dims = logits.dims
    if dims is None or axis in {-1, len(dims) - 1}:
        return apply(type_, logits, name=name)
    ranks = rank(logits)
    if axis < 0:
        axis += ranks
    ranks = rank(logits)
    axis = axis % len(dims)
    swapped = _swapped(logits, axis, apply("Sub", ranks, 1))
    found = apply(type_, swapped)
    found = _swapped(found, axis, apply("Sub", ranks, 1), name)
    found.set_shape(dims)
    return found


def _swapped(tensor: Tensor, axis: Any, last: Tensor, name: str | None = None) -> Tensor:
    order = [range_(axis), [last], range_(axis + 1, last), [axis]]
    return transpose(tensor, concat(order, 0), name=name or "transpose")


def dropout(
    x: Any,
    keep_prob: Any = None,
    noise_shape: Any = None,
    seed: Any = None,
    name: str | None = None,
    rate: Any = None,
) -> Tensor:
    """Some elements become zero.

    Raises:
        ValueError: no rate is given, or an impossible one.
    """
    if keep_prob is not None:
        try:
            dropped = 1.0 - keep_prob
        except TypeError:
            words = "`keep_prob` must be a floating point number or Tensor. Received: keep_prob="
            raise ValueError(f"{words}{keep_prob}") from None
        rate = one_of("rate", rate, "keep_prob", dropped)
    if rate is None:
        raise ValueError(f"`rate` must be provided. Received: rate={rate}")
    with name_scope(name, "dropout"):
        is_number = isinstance(rate, (int, float))
        if is_number and not 0 <= rate < 1:
            raise ValueError(
                "`rate` must be a scalar tensor or a float in the range [0, 1). Received: "
                f"rate={rate}"
            )
        x = convert_to_tensor(x, name="x")
        kind = x.dtype
        if not kind.is_floating:
            raise ValueError(
                "`x.dtype` must be a floating point tensor as `x` will be scaled. Received: "
                f"x_dtype={kind}"
            )
        if is_number and rate == 0:
            return x  # type: ignore[no-any-return]
        if is_number:
            kept = apply("Mul", x, convert_to_tensor(1 / (1 - rate), kind))
        else:
            rate = convert_to_tensor(rate)
            rate.shape.assert_has_rank(0)
            kept = apply("RealDiv", x, apply("Sub", constant(1, kind), rate))
        from scopecli.dryrun.random import random_uniform

        noise = random_uniform(_noise_shape(x, noise_shape), dtype=kind)
        mask = noise >= rate
        found = apply("SelectV2", mask, kept, constant(0, kind))
        found.set_shape(x.shape)
        return found


def _noise_shape(x: Tensor, noise_shape: Any) -> Any:
    if noise_shape is None:
        return shape(x)
    try:
        dims = dims_of(noise_shape)
    except (TypeError, ValueError):
        return noise_shape
    if x.dims is not None and dims is not None and len(x.dims) == len(dims):
        sizes = [
            own if wanted is None else wanted for own, wanted in zip(x.dims, dims, strict=True)
        ]
        return noise_shape if None in sizes else sizes
    return noise_shape


def log_sigmoid(x: Any, name: str | None = None) -> Tensor:
    """The logarithm of the sigmoid."""
    with name_scope(name, "LogSigmoid") as scope:
        x = convert_to_tensor(x, name="x")
        soft = apply("Softplus", apply("Neg", x))
        return apply("Neg", soft, name=scope)
