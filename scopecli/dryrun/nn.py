"""`tf.nn`: activations, normalization, losses; the rest of it is in modules of its own."""

from __future__ import annotations

import math
from importlib import import_module
from typing import TYPE_CHECKING, Any

from scopecli.dryrun import convolutions
from scopecli.dryrun.applying import apply, apply_op, constant, convert_to_tensor
from scopecli.dryrun.arrays import (
    concat,
    rank,
    reshape,
    shape,
    slice,
    squeeze,
    transpose,
    where,
    zeros_like,
)
from scopecli.dryrun.dtypes import float32
from scopecli.dryrun.maths import add, cast, matmul, reduce_mean, reduce_sum
from scopecli.dryrun.maths import range as range_
from scopecli.dryrun.opaque import opaque_attributes
from scopecli.dryrun.random import random_uniform
from scopecli.dryrun.scopes import name_scope
from scopecli.dryrun.shapes import dims_of

if TYPE_CHECKING:
    from scopecli.dryrun.graph import Tensor

# The larger parts, which are imported when they are used.
_ELSEWHERE = {
    "embedding_lookup": "embeddings",
    "embedding_lookup_sparse": "embeddings",
    "nce_loss": "embeddings",
    "sampled_softmax_loss": "embeddings",
    "log_uniform_candidate_sampler": "embeddings",
    "rnn_cell": "rnn_cell",
    "static_rnn": "rnn",
    "static_bidirectional_rnn": "rnn",
    "dynamic_rnn": "rnn",
    "bidirectional_dynamic_rnn": "rnn",
}
_opaque = opaque_attributes("nn")


def __getattr__(name: str) -> Any:
    """What is in another module, in the tables, or not known."""
    if name in _ELSEWHERE:
        module = import_module(f"scopecli.dryrun.{_ELSEWHERE[name]}")
        return module if name == "rnn_cell" else getattr(module, name)
    if name in convolutions.NAMES:
        return getattr(convolutions, name)
    return _opaque(name)


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
    with name_scope(name, "xw_plus_b") as scope:
        x = convert_to_tensor(x, name="x")
        weights = convert_to_tensor(weights, name="weights")
        biases = convert_to_tensor(biases, name="biases")
        return bias_add(matmul(x, weights), biases, name=scope)


def relu_layer(x: Any, weights: Any, biases: Any, name: str | None = None) -> Tensor:
    """A product, a bias and what is positive of it."""
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
        given = 1.0 - keep_prob
        rate = given if rate is None else rate
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


def moments(
    x: Any,
    axes: Any,
    shift: Any = None,
    name: str | None = None,
    keep_dims: Any = None,
    keepdims: Any = None,
) -> tuple[Tensor, Tensor]:
    """Mean and variance."""
    keep = bool(keep_dims if keepdims is None else keepdims)
    with name_scope(name, "moments"):
        x = convert_to_tensor(x)
        y = cast(x, float32) if x.dtype.name == "float16" else x
        mean = reduce_mean(y, axes, keepdims=True, name="mean")
        difference = apply("SquaredDifference", y, apply("StopGradient", mean))
        variance = reduce_mean(difference, axes, keepdims=True, name="variance")
        if not keep:
            mean, variance = squeeze(mean, axes), squeeze(variance, axes)
        if x.dtype.name == "float16":
            return cast(mean, x.dtype), cast(variance, x.dtype)
        return mean, variance


def batch_normalization(
    x: Any,
    mean: Any,
    variance: Any,
    offset: Any,
    scale: Any,
    variance_epsilon: Any,
    name: str | None = None,
) -> Tensor:
    """Normalized with given mean and variance."""
    with name_scope(name, "batchnorm"):
        inverse = apply("Rsqrt", variance + variance_epsilon)
        if scale is not None:
            inverse = inverse * scale
        scaled: Tensor = x * cast(inverse, x.dtype)
        moved = offset - mean * inverse if offset is not None else -mean * inverse
        return scaled + cast(moved, x.dtype)


def fused_batch_norm(
    x: Any,
    scale: Any,
    offset: Any,
    mean: Any = None,
    variance: Any = None,
    epsilon: float = 0.001,
    data_format: str = "NHWC",
    is_training: bool = True,
    name: str | None = None,
    exponential_avg_factor: float = 1.0,
) -> tuple[Tensor, Tensor, Tensor]:
    """Normalized, and the mean and variance."""
    x = convert_to_tensor(x, name="input")
    scale = convert_to_tensor(scale, name="scale")
    offset = convert_to_tensor(offset, name="offset")
    mean = constant([]) if mean is None else mean
    variance = constant([]) if variance is None else variance
    op = apply_op(
        "FusedBatchNormV3", x, scale, offset, mean, variance, name=name, data_format=data_format
    )
    return op.outputs[0], op.outputs[1], op.outputs[2]


def l2_normalize(
    x: Any, axis: Any = None, epsilon: float = 1e-12, name: str | None = None, dim: Any = None
) -> Tensor:
    """Of length 1."""
    axis = dim if axis is None else axis
    with name_scope(name, "l2_normalize") as scope:
        x = convert_to_tensor(x, name="x")
        total = reduce_sum(apply("Square", x), axis, keepdims=True)
        inverse = apply("Rsqrt", apply("Maximum", total, epsilon))
        return apply("Mul", x, inverse, name=scope)


def top_k(
    input: Any, k: Any = 1, sorted: bool = True, name: str | None = None
) -> tuple[Tensor, Tensor]:
    """The largest elements and where they are."""
    op = apply_op("TopKV2", input, k, name=name)
    return op.outputs[0], op.outputs[1]


def in_top_k(predictions: Any, targets: Any, k: Any, name: str | None = None) -> Tensor:
    """Whether the right class is among the first."""
    with name_scope(name, "in_top_k"):
        return apply("InTopKV2", predictions, targets, k, name=name)


def _both(function: str, labels: Any, logits: Any) -> None:
    if labels is None or logits is None:
        raise ValueError(
            f"Both `labels` and `logits` must be provided for {function}Received: "
            f"labels={labels} and logits={logits}"
        )


def softmax_cross_entropy_with_logits(
    _sentinel: Any = None,
    labels: Any = None,
    logits: Any = None,
    dim: int = -1,
    name: str | None = None,
    axis: Any = None,
) -> Tensor:
    """The loss of probabilities; no gradient goes to the labels."""
    _both("softmax_cross_entropy_with_logits", labels, logits)
    with name_scope(name, "softmax_cross_entropy_with_logits_sg") as scope:
        labels = apply("StopGradient", labels, name="labels_stop_gradient")
    axis = dim if axis is None else axis
    return softmax_cross_entropy_with_logits_v2(labels, logits, axis, scope)


def softmax_cross_entropy_with_logits_v2(
    labels: Any = None,
    logits: Any = None,
    axis: Any = None,
    name: str | None = None,
    dim: Any = None,
) -> Tensor:
    """The loss of probabilities."""
    axis = (-1 if dim is None else dim) if axis is None else axis
    with name_scope(name, "softmax_cross_entropy_with_logits") as scope:
        logits = convert_to_tensor(logits, name="logits")
        labels = convert_to_tensor(labels, name="labels")
        low = logits.dtype.name in {"float16", "bfloat16"}
        precise = cast(logits, float32) if low else logits
        labels = cast(labels, precise.dtype)
        ranks = rank(precise)
        if axis != -1:
            precise, labels = (_to_end(tensor, axis, ranks) for tensor in (precise, labels))
        sizes = shape(precise)
        precise, labels = _flat_rows(precise), _flat_rows(labels)
        cost = apply("SoftmaxCrossEntropyWithLogits", precise, labels, name=scope)
        kept = slice(sizes, [0], [apply("Sub", ranks, 1)])
        cost = reshape(cost, kept)
        if logits.dims is not None:
            outer = list(logits.dims)
            del outer[axis]
            cost.set_shape(outer)
        return cast(cost, logits.dtype) if low else cost


def _to_end(tensor: Tensor, axis: Any, ranks: Tensor) -> Tensor:
    order = [range_(axis), range_(axis + 1, ranks), [axis]]
    return transpose(tensor, concat(order, 0))


def _flat_rows(logits: Tensor) -> Tensor:
    """All axes but the last as one."""
    ranks = rank(logits)
    last = slice(shape(logits), [apply("Sub", ranks, 1)], [1])
    found = reshape(logits, concat([[-1], last], 0))
    if logits.dims is not None and None not in logits.dims[:-1]:
        rows = math.prod(size or 0 for size in logits.dims[:-1])
        found.set_shape([rows, logits.dims[-1]])
    return found


def sparse_softmax_cross_entropy_with_logits(
    _sentinel: Any = None, labels: Any = None, logits: Any = None, name: str | None = None
) -> Tensor:
    """The loss of classes that are numbers.

    Raises:
        ValueError: labels and logits do not go together.
    """
    _both("sparse_softmax_cross_entropy_with_logits", labels, logits)
    with name_scope(name, "SparseSoftmaxCrossEntropyWithLogits"):
        labels = convert_to_tensor(labels)
        logits = convert_to_tensor(logits)
        precise = cast(logits, float32) if logits.dtype.name == "float16" else logits
        static = labels.shape
        sizes = shape(labels)
        if logits.dims == ():
            raise ValueError(f"`logits` cannot be a scalar. Received logits={logits}`")
        if None not in (logits.dims, labels.dims) and len(labels.dims) != len(logits.dims) - 1:
            raise ValueError(
                "`labels.shape.rank` must equal `logits.shape.rank - 1`. Received: "
                f"labels.shape={static} of rank {static.rank} and logits.shape={logits.shape} of "
                f"rank {logits.shape.rank}"
            )
        defined = static.is_fully_defined() and logits.shape[:-1].is_fully_defined()
        if defined and static != logits.shape[:-1]:
            raise ValueError(
                "`labels.shape` must equal `logits.shape` except for the last dimension. "
                f"Received: labels.shape={static} and logits.shape={logits.shape}"
            )
        if logits.shape.rank == 2:
            cost = apply("SparseSoftmaxCrossEntropyWithLogits", precise, labels, name=name)
            return cast(cost, logits.dtype) if logits.dtype.name == "float16" else cost
        from scopecli.dryrun.checks import assert_equal
        from scopecli.dryrun.scopes import control_dependencies

        checks = []
        if not defined:
            checks.append(assert_equal(shape(labels), shape(logits)[:-1]))
        with control_dependencies(checks):
            classes = shape(logits)[rank(logits) - 1]
            precise = reshape(precise, [-1, classes])
            labels = reshape(labels, [-1])
            cost = apply("SparseSoftmaxCrossEntropyWithLogits", precise, labels, name=name)
            cost = reshape(cost, sizes)
            cost.set_shape(static)
            return cost


def sigmoid_cross_entropy_with_logits(
    _sentinel: Any = None, labels: Any = None, logits: Any = None, name: str | None = None
) -> Tensor:
    """The loss of independent classes.

    Raises:
        ValueError: labels and logits do not go together.
    """
    _both("sigmoid_cross_entropy_with_logits", labels, logits)
    with name_scope(name, "logistic_loss") as scope:
        logits = convert_to_tensor(logits, name="logits")
        labels = convert_to_tensor(labels, name="labels")
        _same_shape(logits, labels)
        nothing = zeros_like(logits, dtype=logits.dtype.base_dtype)
        positive = logits >= nothing
        relu_logits = where(positive, logits, nothing)
        negative = where(positive, -logits, logits)
        first = relu_logits - logits * labels
        return add(first, apply("Log1p", apply("Exp", negative)), name=scope)


def weighted_cross_entropy_with_logits(
    labels: Any = None,
    logits: Any = None,
    pos_weight: Any = None,
    name: str | None = None,
    targets: Any = None,
) -> Tensor:
    """The loss of independent classes, more for those that are there."""
    labels = targets if labels is None else labels
    with name_scope(name, "logistic_loss") as scope:
        logits = convert_to_tensor(logits, name="logits")
        labels = convert_to_tensor(labels, name="labels")
        _same_shape(logits, labels)
        weight = 1 + (pos_weight - 1) * labels
        left = (1 - labels) * logits
        inner = apply("Log1p", apply("Exp", -apply("Abs", logits)))
        right = weight * (inner + apply("Relu", -logits))
        return add(left, right, name=scope)


def _same_shape(logits: Tensor, labels: Tensor) -> None:
    if not labels.shape.is_compatible_with(logits.shape):
        raise ValueError(
            "`logits` and `labels` must have the same shape, received "
            f"({logits.shape} vs {labels.shape})."
        )


def sum_rows(x: Tensor) -> Tensor:
    """The sum of each row, as a product with ones."""
    from scopecli.dryrun.arrays import ones, stack

    columns = shape(x)[1]
    sizes = stack([columns, 1])
    return reshape(matmul(x, ones(sizes, x.dtype)), [-1])
