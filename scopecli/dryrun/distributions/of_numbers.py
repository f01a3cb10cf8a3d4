"""Distributions of any number.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/ops/distributions/normal.py
"""

from __future__ import annotations

from math import e, log, pi, sqrt
from typing import Any

from scopecli.dryrun.distributions.base import FULLY_REPARAMETERIZED, OfTwo
from scopecli.dryrun.graph.scopes import control_dependencies, name_scope
from scopecli.dryrun.ops.applying import apply
from scopecli.dryrun.ops.arrays import broadcast_dynamic_shape, concat, identity, shape
from scopecli.dryrun.ops.checks import assert_less, assert_positive
from scopecli.dryrun.ops.constants import constant
from scopecli.dryrun.ops.filled import ones, ones_like, zeros, zeros_like
from scopecli.dryrun.ops.indexing import where_v2
from scopecli.dryrun.ops.type_checks import assert_same_float_dtype
from scopecli.dryrun.random import random_normal, random_uniform


class _Located(OfTwo):
    """A distribution around a place.

    Attributes:
        loc: the place.
        scale: how far samples are from it.
    """

    def __init__(
        self,
        loc: Any,
        scale: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: Any = None,
    ) -> None:
        parameters = {"loc": loc, "scale": scale}
        with name_scope(name or type(self).__name__, values=[loc, scale]) as scope:
            checks = [assert_positive(scale)] if validate_args else []
            with control_dependencies(checks):
                self.loc: Any = identity(loc, name="loc")
                self.scale: Any = identity(scale, name="scale")
                assert_same_float_dtype([self.loc, self.scale])
        self.pair = self.loc, self.scale
        how = validate_args, allow_nan_stats, parameters, self.pair, scope
        super().__init__(self.scale.dtype, FULLY_REPARAMETERIZED, *how)

    def _mode(self) -> Any:
        return self._mean()

    def _log_prob(self, value: Any) -> Any:
        return self._log_unnormalized_prob(value) - self._log_normalization()

    def _log_unnormalized_prob(self, value: Any) -> Any:
        raise NotImplementedError

    def _log_normalization(self) -> Any:
        raise NotImplementedError


class Normal(_Located):
    """The normal distribution."""

    def _sample_n(self, n: Any, seed: Any = None) -> Any:
        sizes = concat([[n], self.batch_shape_tensor()], 0)
        return random_normal(sizes, 0.0, 1.0, self.loc.dtype, seed) * self.scale + self.loc

    def _log_cdf(self, value: Any) -> Any:
        return _log_ndtr(self._z(value))

    def _cdf(self, value: Any) -> Any:
        return _ndtr_in_scope(self._z(value))

    def _log_survival_function(self, value: Any) -> Any:
        return _log_ndtr(-self._z(value))

    def _survival_function(self, value: Any) -> Any:
        return _ndtr_in_scope(-self._z(value))

    def _log_unnormalized_prob(self, value: Any) -> Any:
        return -0.5 * apply("Square", self._z(value))

    def _log_normalization(self) -> Any:
        return 0.5 * log(2.0 * pi) + apply("Log", self.scale)

    def _entropy(self) -> Any:
        scale = self.scale * ones_like(self.loc)
        return 0.5 * log(2.0 * pi * e) + apply("Log", scale)

    def _mean(self) -> Any:
        return self.loc * ones_like(self.scale)

    def _stddev(self) -> Any:
        return self.scale * ones_like(self.loc)

    def _z(self, value: Any) -> Any:
        with name_scope("standardize"):
            return (value - self.loc) / self.scale


def _ndtr(x: Any) -> Any:
    """The probability that a normal number is smaller."""
    half = constant(0.5 * sqrt(2.0), x.dtype, name="half_sqrt_2")
    w = x * half
    z = apply("Abs", w)
    near = apply("Less", z, half), 1.0 + apply("Erf", w)
    far = where_v2(apply("Greater", w, 0.0), 2.0 - apply("Erfc", z), apply("Erfc", z))
    return 0.5 * where_v2(*near, far)


def _ndtr_in_scope(x: Any) -> Any:
    with name_scope("ndtr"):
        return _ndtr(x)


def _log_ndtr(x: Any) -> Any:
    """The logarithm of that, also where it is tiny."""
    with name_scope("log_ndtr"):
        lower, upper = (-20.0, 8.0) if x.dtype.name == "float64" else (-10.0, 5.0)
        above = apply("Greater", x, upper)
        large = -_ndtr(-x)
        between = apply("Greater", x, lower)
        middle = apply("Log", _ndtr(apply("Maximum", x, lower)))
        small = _log_ndtr_lower(apply("Minimum", x, lower))
        return where_v2(above, large, where_v2(between, middle, small))


def _log_ndtr_lower(x: Any) -> Any:
    square = apply("Square", x)
    scale = -0.5 * square - apply("Log", -x) - 0.5 * log(2.0 * pi)
    return scale + apply("Log", _series(x))


def _series(x: Any) -> Any:
    """The first terms of an asymptotic series."""
    square = apply("Square", x)
    even, odd = zeros_like(x), zeros_like(x)
    power: Any = square
    for number, factor in enumerate((1.0, 3.0, 15.0), 1):
        term = factor / power
        even, odd = (even, odd + term) if number % 2 else (even + term, odd)
        power = power * square
    return 1.0 + even - odd


class Laplace(_Located):
    """The distribution of differences of exponential ones."""

    def _sample_n(self, n: Any, seed: Any = None) -> Any:
        sizes = concat([[n], self.batch_shape_tensor()], 0)
        uniform: Any = random_uniform(sizes, -1.0, 1.0, self.dtype, seed)
        side = self.scale * apply("Sign", uniform)
        return self.loc - side * apply("Log1p", -apply("Abs", uniform))

    def _prob(self, value: Any) -> Any:
        return apply("Exp", self._log_prob(value))

    def _cdf(self, value: Any) -> Any:
        z = self._z(value)
        side: Any = 0.5 * apply("Sign", z)
        far: Any = -apply("Abs", z)
        return 0.5 + side * (1.0 - apply("Exp", far))

    def _log_unnormalized_prob(self, value: Any) -> Any:
        far: Any = apply("Abs", self._z(value))
        return -far

    def _log_normalization(self) -> Any:
        return log(2.0) + apply("Log", self.scale)

    def _entropy(self) -> Any:
        scale = self.scale + zeros_like(self.loc)
        return log(2.0) + 1.0 + apply("Log", scale)

    def _mean(self) -> Any:
        return self.loc + zeros_like(self.scale)

    def _stddev(self) -> Any:
        return sqrt(2.0) * self.scale + zeros_like(self.loc)

    def _z(self, value: Any) -> Any:
        return (value - self.loc) / self.scale


class Uniform(OfTwo):
    """All numbers between two are equally likely.

    Attributes:
        low: the smallest.
        high: what all are smaller than.
    """

    def __init__(
        self,
        low: Any = 0.0,
        high: Any = 1.0,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: Any = "Uniform",
    ) -> None:
        parameters = {"low": low, "high": high}
        with name_scope(name, values=[low, high]) as scope:
            words = "uniform not defined when low >= high."
            checks = [assert_less(low, high, message=words)] if validate_args else []
            with control_dependencies(checks):
                self.low: Any = identity(low, name="low")
                self.high: Any = identity(high, name="high")
                assert_same_float_dtype([self.low, self.high])
        self.pair = self.low, self.high
        how = validate_args, allow_nan_stats, parameters, self.pair, scope
        super().__init__(self.low.dtype, FULLY_REPARAMETERIZED, *how)

    def range(self, name: str = "range") -> Any:
        """How far the two are apart."""
        with self._name_scope(name):
            return self.high - self.low

    def _sample_n(self, n: Any, seed: Any = None) -> Any:
        sizes = concat([[n], self.batch_shape_tensor()], 0)
        samples = random_uniform(sizes, dtype=self.dtype, seed=seed)
        return self.low + self.range() * samples

    def _prob(self, value: Any) -> Any:
        wide = value * ones(self.batch_shape_tensor(), value.dtype)
        unknown = apply("IsNan", wide)
        outside = apply("LogicalOr", wide < self.low, wide >= self.high)
        nothing, something = zeros_like(wide), ones_like(wide) / self.range()
        return where_v2(unknown, wide, where_v2(outside, nothing, something))

    def _cdf(self, value: Any) -> Any:
        sizes = broadcast_dynamic_shape(shape(value), self.batch_shape_tensor())
        none, all_ = zeros(sizes, self.dtype), ones(sizes, self.dtype)
        wide: Any = value * all_
        below = value < self.low
        inside = where_v2(below, none, (wide - self.low) / self.range())
        return where_v2(value >= self.high, all_, inside)

    def _entropy(self) -> Any:
        return apply("Log", self.range())

    def _mean(self) -> Any:
        return (self.low + self.high) / 2.0

    def _variance(self) -> Any:
        square: Any = apply("Square", self.range())
        return square / 12.0

    def _stddev(self) -> Any:
        return self.range() / sqrt(12.0)
