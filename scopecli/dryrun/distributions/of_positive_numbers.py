"""Distributions of positive numbers, and of shares.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/ops/distributions/gamma.py
"""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.distributions.base import FULLY_REPARAMETERIZED, Distribution, OfTwo
from scopecli.dryrun.graph.scopes import control_dependencies, name_scope
from scopecli.dryrun.ops.applying import apply, convert_to_tensor
from scopecli.dryrun.ops.arithmetic import cast
from scopecli.dryrun.ops.arrays import concat, identity, shape
from scopecli.dryrun.ops.checks import assert_positive
from scopecli.dryrun.ops.filled import fill, ones, ones_like
from scopecli.dryrun.ops.grouping import with_dependencies
from scopecli.dryrun.ops.indexing import where_v2
from scopecli.dryrun.ops.reductions import reduce_all, reduce_sum
from scopecli.dryrun.ops.special import lbeta
from scopecli.dryrun.ops.type_checks import assert_same_float_dtype
from scopecli.dryrun.random import random_gamma, random_uniform
from scopecli.dryrun.values.dtypes import float32

_NAN = float("nan")


def _undefined(sizes: Any, dtype: Any) -> Any:
    with name_scope("nan") as scope:
        return fill(sizes, convert_to_tensor(_NAN, dtype, name="value"), name=scope)


class Gamma(OfTwo):
    """The gamma distribution.

    Attributes:
        concentration: its shape.
        rate: one over its scale.
    """

    def __init__(
        self,
        concentration: Any,
        rate: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: Any = "Gamma",
    ) -> None:
        parameters = {"concentration": concentration, "rate": rate}
        with name_scope(name, values=[concentration, rate]) as scope:
            given = [concentration, rate] if validate_args else []
            with control_dependencies([assert_positive(value) for value in given]):
                self.concentration: Any = identity(concentration, name="concentration")
                self.rate: Any = identity(rate, name="rate")
                assert_same_float_dtype([self.concentration, self.rate])
        self.pair = self.concentration, self.rate
        how = validate_args, allow_nan_stats, parameters, self.pair, scope
        super().__init__(self.concentration.dtype, FULLY_REPARAMETERIZED, *how)

    def _sample_n(self, n: Any, seed: Any = None) -> Any:
        return random_gamma([n], self.concentration, self.rate, self.dtype, seed)

    def _log_prob(self, value: Any) -> Any:
        likely: Any = apply("Xlogy", self.concentration - 1.0, value)
        return likely - self.rate * value - self.log_normalization()

    def log_normalization(self) -> Any:
        """The logarithm of what all probabilities are divided by."""
        whole: Any = apply("Lgamma", self.concentration)
        return whole - self.concentration * apply("Log", self.rate)

    def _cdf(self, value: Any) -> Any:
        return apply("Igamma", self.concentration, self.rate * value)

    def _entropy(self) -> Any:
        shape = self.concentration
        found = shape - apply("Log", self.rate) + apply("Lgamma", shape)
        return found + (1.0 - shape) * apply("Digamma", shape)

    def _mean(self) -> Any:
        return self.concentration / self.rate

    def _variance(self) -> Any:
        return self.concentration / apply("Square", self.rate)

    def _stddev(self) -> Any:
        root: Any = apply("Sqrt", self.concentration)
        return root / self.rate

    def _mode(self) -> Any:
        found = (self.concentration - 1.0) / self.rate
        nothing = _undefined(self.batch_shape_tensor(), self.dtype)
        return where_v2(self.concentration > 1.0, found, nothing)


class Exponential(Gamma):
    """The exponential distribution."""

    def __init__(
        self,
        rate: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: Any = "Exponential",
    ) -> None:
        with name_scope(name, values=[rate]) as scope:
            own: Any = convert_to_tensor(rate, name="rate")
        shape = ones([], own.dtype)
        super().__init__(shape, own, validate_args, allow_nan_stats, scope)
        self.parameters = {"rate": rate}

    def _sample_n(self, n: Any, seed: Any = None) -> Any:
        sizes = concat([[n], shape(self.rate)], 0)
        smallest = 1e-38 if self.dtype == float32 else 1e-307
        samples: Any = apply("Log", random_uniform(sizes, smallest, 1.0, self.dtype, seed))
        return -samples / self.rate


def _checked(concentration: Any, validate_args: bool) -> Any:
    if not validate_args:
        return concentration
    words = "Concentration parameter must be positive."
    return with_dependencies([assert_positive(concentration, message=words)], concentration)


class Beta(Distribution):
    """The beta distribution.

    Attributes:
        concentration1: how much there is at one.
        concentration0: how much there is at zero.
        total_concentration: both.
    """

    def __init__(
        self,
        concentration1: Any = None,
        concentration0: Any = None,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: Any = "Beta",
    ) -> None:
        parameters = {"concentration1": concentration1, "concentration0": concentration0}
        with name_scope(name, values=[concentration1, concentration0]) as scope:
            one = convert_to_tensor(concentration1, name="concentration1")
            self.concentration1: Any = _checked(one, validate_args)
            zero = convert_to_tensor(concentration0, name="concentration0")
            self.concentration0: Any = _checked(zero, validate_args)
            assert_same_float_dtype([self.concentration1, self.concentration0])
            self.total_concentration: Any = self.concentration1 + self.concentration0
        how = validate_args, allow_nan_stats, parameters, None, scope
        super().__init__(self.total_concentration.dtype, FULLY_REPARAMETERIZED, *how)

    def _batch_shape(self) -> Any:
        return self.total_concentration.shape

    def _batch_shape_tensor(self) -> Any:
        return shape(self.total_concentration)

    def _sample_n(self, n: Any, seed: Any = None) -> Any:
        one: Any = ones_like(self.total_concentration, dtype=self.dtype)
        one = one * self.concentration1
        zero: Any = ones_like(self.total_concentration, dtype=self.dtype)
        zero = zero * self.concentration0
        first: Any = random_gamma([n], one, dtype=self.dtype, seed=seed)
        return first / (first + random_gamma([n], zero, dtype=self.dtype, seed=seed))

    def _log_prob(self, value: Any) -> Any:
        likely: Any = apply("Xlogy", self.concentration1 - 1.0, value)
        rest = self.concentration0 - 1.0
        return likely + rest * apply("Log1p", -value) - self.log_normalization()

    def _prob(self, value: Any) -> Any:
        return apply("Exp", self._log_prob(value))

    def _cdf(self, value: Any) -> Any:
        return apply("Betainc", self.concentration1, self.concentration0, value)

    def _log_cdf(self, value: Any) -> Any:
        return apply("Log", self._cdf(value))

    def log_normalization(self) -> Any:
        """The logarithm of what all probabilities are divided by."""
        one: Any = apply("Lgamma", self.concentration1)
        both = one + apply("Lgamma", self.concentration0)
        return both - apply("Lgamma", self.total_concentration)

    def _entropy(self) -> Any:
        one, zero, both = self.concentration1, self.concentration0, self.total_concentration
        found = self.log_normalization() - (one - 1.0) * apply("Digamma", one)
        found = found - (zero - 1.0) * apply("Digamma", zero)
        return found + (both - 2.0) * apply("Digamma", both)

    def _mean(self) -> Any:
        return self.concentration1 / self.total_concentration

    def _variance(self) -> Any:
        return self._mean() * (1.0 - self._mean()) / (1.0 + self.total_concentration)

    def _mode(self) -> Any:
        found = (self.concentration1 - 1.0) / (self.total_concentration - 2.0)
        nothing = _undefined(self.batch_shape_tensor(), self.dtype)
        defined = apply("LogicalAnd", self.concentration1 > 1.0, self.concentration0 > 1.0)
        return where_v2(defined, found, nothing)


class Dirichlet(Distribution):
    """Shares that are one together.

    Attributes:
        concentration: how much there is of each.
        total_concentration: how much there is of all.
    """

    def __init__(
        self,
        concentration: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: Any = "Dirichlet",
    ) -> None:
        with name_scope(name, values=[concentration]) as scope:
            given = convert_to_tensor(concentration, name="concentration")
            self.concentration: Any = _checked(given, validate_args)
            self.total_concentration: Any = reduce_sum(self.concentration, -1)
        how = validate_args, allow_nan_stats, {"concentration": concentration}, None, scope
        super().__init__(self.concentration.dtype, FULLY_REPARAMETERIZED, *how)

    def _batch_shape(self) -> Any:
        return self.total_concentration.shape

    def _batch_shape_tensor(self) -> Any:
        return shape(self.total_concentration)

    def _event_shape(self) -> Any:
        return self.concentration.shape[-1:]

    def _event_shape_tensor(self) -> Any:
        sizes: Any = shape(self.concentration)
        return sizes[-1:]

    def _sample_n(self, n: Any, seed: Any = None) -> Any:
        found: Any = random_gamma([n], self.concentration, dtype=self.dtype, seed=seed)
        return found / reduce_sum(found, -1, keepdims=True)

    def _log_prob(self, value: Any) -> Any:
        likely: Any = reduce_sum(apply("Xlogy", self.concentration - 1.0, value), -1)
        return likely - lbeta(self.concentration)

    def _prob(self, value: Any) -> Any:
        return apply("Exp", self._log_prob(value))

    def _entropy(self) -> Any:
        count: Any = cast(self.event_shape_tensor()[0], self.dtype)
        found: Any = lbeta(self.concentration)
        both = self.total_concentration
        found = found + (both - count) * apply("Digamma", both)
        each = (self.concentration - 1.0) * apply("Digamma", self.concentration)
        return found - reduce_sum(each, axis=-1)

    def _mean(self) -> Any:
        return self.concentration / self.total_concentration[..., None]

    def _variance(self) -> Any:
        scale: Any = apply("Rsqrt", 1.0 + self.total_concentration[..., None])
        share = scale * self._mean()
        return share * (scale - share)

    def _mode(self) -> Any:
        count = cast(self.event_shape_tensor()[0], self.dtype)
        found = (self.concentration - 1.0) / (self.total_concentration[..., None] - count)
        nothing = _undefined(shape(found), self.dtype)
        return where_v2(reduce_all(self.concentration > 1.0, axis=-1), found, nothing)
