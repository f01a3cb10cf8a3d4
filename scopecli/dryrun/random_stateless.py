"""Random tensors that a seed alone decides: `tf.random.stateless_*`.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/ops/stateless_random_ops.py
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.scopes import name_scope
from scopecli.dryrun.ops.applying import apply, apply_op, convert_to_tensor
from scopecli.dryrun.random import shape_tensor
from scopecli.dryrun.values.dtypes import as_dtype, float32, int64

if TYPE_CHECKING:
    from scopecli.dryrun.graph.nodes import Tensor

_ANY = 3  # the algorithm that TensorFlow takes where nobody says which


def _normal(type_: str, default: str) -> Any:
    def normal(
        shape: Any,
        seed: Any,
        mean: Any = 0.0,
        stddev: Any = 1.0,
        dtype: Any = float32,
        name: str | None = None,
    ) -> Tensor:
        kind = as_dtype(dtype)
        with name_scope(name, default, [shape, seed, mean, stddev]) as scope:
            sizes = shape_tensor(shape)
            center = convert_to_tensor(mean, kind, name="mean")
            spread = convert_to_tensor(stddev, kind, name="stddev")
            values: Any = apply(type_, sizes, *_keys(seed), _ANY, dtype=kind)
            return apply("AddV2", values * spread, center, name=scope)

    return normal


def _keys(seed: Any) -> list[Tensor]:
    return apply_op("StatelessRandomGetKeyCounter", seed).outputs


stateless_normal = _normal("StatelessRandomNormalV2", "stateless_random_normal")
stateless_truncated_normal = _normal("StatelessTruncatedNormalV2", "stateless_truncated_normal")


def stateless_uniform(
    shape: Any,
    seed: Any,
    minval: Any = 0,
    maxval: Any = None,
    dtype: Any = float32,
    name: str | None = None,
) -> Tensor:
    """Values that are all equally likely.

    Raises:
        ValueError: of integers only one limit is given.
    """
    kind = as_dtype(dtype)
    if kind.is_integer and (minval is None) != (maxval is None):
        raise ValueError(
            f"For integer `dtype` argument {kind!r}, argument `minval` and `maxval` must be both "
            f"None or not None. Got `minval`={minval} and `maxval`={maxval}."
        )
    with name_scope(name, "stateless_random_uniform", [shape, seed, minval, maxval]) as scope:
        sizes = shape_tensor(shape)
        if kind.is_integer and minval is None:
            type_ = "StatelessRandomUniformFullIntV2"
            return apply(type_, sizes, *_keys(seed), _ANY, name=scope, dtype=kind)
        low: Any = convert_to_tensor(minval, kind, name="min")
        high: Any = convert_to_tensor(1 if maxval is None else maxval, kind, name="max")
        if kind.is_integer:
            type_ = "StatelessRandomUniformIntV2"
            return apply(type_, sizes, *_keys(seed), _ANY, low, high, name=scope)
        values: Any = apply("StatelessRandomUniformV2", sizes, *_keys(seed), _ANY, dtype=kind)
        return apply("AddV2", values * (high - low), low, name=scope)


def stateless_multinomial(
    logits: Any, num_samples: Any, seed: Any, output_dtype: Any = int64, name: str | None = None
) -> Tensor:
    """Samples of classes."""
    return _classes(logits, num_samples, seed, output_dtype, name or "stateless_multinomial")


def stateless_categorical(
    logits: Any, num_samples: Any, seed: Any, dtype: Any = int64, name: str | None = None
) -> Tensor:
    """Samples of classes."""
    return _classes(logits, num_samples, seed, dtype, name or "stateless_categorical")


def _classes(logits: Any, count: Any, seed: Any, dtype: Any, name: str) -> Tensor:
    with name_scope(name):
        logits = convert_to_tensor(logits, name="logits")
        kind = as_dtype(dtype)
        return apply("StatelessMultinomial", logits, count, seed, output_dtype=kind)
