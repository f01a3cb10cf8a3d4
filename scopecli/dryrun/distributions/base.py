"""What all distributions have: samples, probabilities and moments, each in a name scope.

A distribution has a method with an underscore for each of what it knows; what it does not know is
made of what it does. https://github.com/tensorflow/tensorflow/tree/master/tensorflow/python/ops/distributions
"""

from __future__ import annotations

from contextlib import contextmanager
from math import prod
from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.scopes import name_scope
from scopecli.dryrun.ops.applying import apply, convert_to_tensor
from scopecli.dryrun.ops.arrays import (
    broadcast_dynamic_shape,
    broadcast_static_shape,
    concat,
    reshape,
    shape,
)
from scopecli.dryrun.ops.constant_values import constant_value
from scopecli.dryrun.ops.constants import constant
from scopecli.dryrun.ops.reductions import reduce_prod
from scopecli.dryrun.values.shapes import TensorShape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.dryrun.graph.nodes import Tensor


class ReparameterizationType:
    """Whether gradients flow through samples."""

    def __init__(self, rep_type: str) -> None:
        self._type = rep_type

    def __repr__(self) -> str:
        return f"<Reparameterization Type: {self._type}>"


FULLY_REPARAMETERIZED = ReparameterizationType("FULLY_REPARAMETERIZED")
NOT_REPARAMETERIZED = ReparameterizationType("NOT_REPARAMETERIZED")


class Distribution:
    """A distribution of tensors.

    Attributes:
        dtype: of samples.
        reparameterization_type: whether gradients flow through samples.
        validate_args: whether nodes check what they are given.
        allow_nan_stats: whether moments may be undefined.
        parameters: what it was made with.
        name: its name scope, with a slash at the end.
    """

    def __init__(
        self,
        dtype: Any,
        reparameterization_type: Any = NOT_REPARAMETERIZED,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        parameters: Any = None,
        graph_parents: Any = None,
        name: Any = None,
    ) -> None:
        if not name or not name.endswith("/"):
            with name_scope(name or type(self).__name__) as scope:
                name = scope
        self.dtype = dtype
        self.reparameterization_type = reparameterization_type
        self.validate_args = validate_args
        self.allow_nan_stats = allow_nan_stats
        self.parameters = dict(parameters or {})
        self.name = name

    def copy(self, **changes: Any) -> Any:
        """Another one, with other parameters."""
        return type(self)(**{**self.parameters, **changes})

    @contextmanager
    def _name_scope(self, name: str) -> Iterator[str]:
        with name_scope(self.name), name_scope(name) as scope:
            yield scope

    def _unknown(self, what: str) -> Any:
        raise NotImplementedError(f"{what} is not implemented: {type(self).__name__}")

    # What there is one of for each parameter.

    @property
    def batch_shape(self) -> TensorShape:
        """Of the parameters."""
        return TensorShape(self._batch_shape())

    @property
    def event_shape(self) -> TensorShape:
        """Of one sample."""
        return TensorShape(self._event_shape())

    def batch_shape_tensor(self, name: str = "batch_shape_tensor") -> Any:
        """Of the parameters."""
        with self._name_scope(name):
            known = self.batch_shape
            if known.is_fully_defined():
                return convert_to_tensor(known.as_list(), "int32", name="batch_shape")
            return self._batch_shape_tensor()

    def event_shape_tensor(self, name: str = "event_shape_tensor") -> Any:
        """Of one sample."""
        with self._name_scope(name):
            known = self.event_shape
            if known.is_fully_defined():
                return convert_to_tensor(known.as_list(), "int32", name="event_shape")
            return self._event_shape_tensor()

    def _batch_shape(self) -> Any:
        return None

    def _batch_shape_tensor(self) -> Any:
        return self._unknown("batch_shape_tensor")

    def _event_shape(self) -> Any:
        return []

    def _event_shape_tensor(self) -> Any:
        return constant([], "int32")

    # Samples.

    def sample(self, sample_shape: Any = (), seed: Any = None, name: str = "sample") -> Any:
        """So many samples."""
        with self._name_scope(name):
            wanted = convert_to_tensor(sample_shape, "int32", name="sample_shape")
            wanted, count = self._as_vector(wanted)
            samples = self._sample_n(count, seed)
            sizes: Any = shape(samples)
            samples = reshape(samples, concat([wanted, sizes[1:]], 0))
            self._say_shape(samples, wanted)
            return samples

    def _sample_n(self, n: Any, seed: Any = None) -> Any:
        return self._unknown("sample_n")

    def _as_vector(self, wanted: Any) -> tuple[Any, Any]:
        """The shape of what is sampled, and how many samples that are."""
        known = constant_value(wanted)
        if known is None:
            count: Any = reduce_prod(wanted)
        else:
            count = prod(known) if isinstance(known, (list, tuple)) else known
        if wanted.dims == ():
            if known is None:
                return reshape(wanted, [1]), count
            return convert_to_tensor([known], "int32", name="sample_shape"), count
        if wanted.dims is not None and len(wanted.dims) != 1:
            raise ValueError("Input is neither scalar nor vector.")
        return wanted, count

    def _say_shape(self, samples: Any, wanted: Any) -> None:
        known = constant_value(wanted)
        outer = TensorShape(None if known is None else list(known))
        for part, front in ((outer, True), (self.event_shape, False)):
            if samples.dims is not None and part.rank is not None:
                rest = [None] * (len(samples.dims) - part.rank)
                whole = part.concatenate(rest) if front else TensorShape(rest).concatenate(part)
                samples.set_shape(whole)
        if None not in (outer.rank, self.batch_shape.rank, self.event_shape.rank):
            inner = [None] * (self.event_shape.rank or 0)
            before = TensorShape([None] * (outer.rank or 0))
            samples.set_shape(before.concatenate(self.batch_shape).concatenate(inner))

    # Probabilities.

    def _of_value(self, value: Any, name: str, *ways: Any) -> Any:
        """The first way that is known, of a value.

        Args:
            value: which the probability is of.
            name: of what is asked for.
            ways: functions of the value.

        Raises:
            NotImplementedError: none is known.
        """
        with self._name_scope(name):
            value = convert_to_tensor(value, name="value", hint=self.dtype)
            return _first(*[lambda way=way: way(value) for way in ways])

    def log_prob(self, value: Any, name: str = "log_prob") -> Any:
        """The logarithm of the probability."""
        return self._of_value(value, name, self._log_prob, lambda x: apply("Log", self._prob(x)))

    def prob(self, value: Any, name: str = "prob") -> Any:
        """The probability."""
        return self._of_value(value, name, self._prob, lambda x: apply("Exp", self._log_prob(x)))

    def log_cdf(self, value: Any, name: str = "log_cdf") -> Any:
        """The logarithm of the probability of something smaller."""
        return self._of_value(value, name, self._log_cdf, lambda x: apply("Log", self._cdf(x)))

    def cdf(self, value: Any, name: str = "cdf") -> Any:
        """The probability of something smaller."""
        return self._of_value(value, name, self._cdf, lambda x: apply("Exp", self._log_cdf(x)))

    def survival_function(self, value: Any, name: str = "survival_function") -> Any:
        """The probability of something larger."""
        return self._of_value(value, name, self._survival_function, lambda x: 1.0 - self.cdf(x))

    def log_survival_function(self, value: Any, name: str = "log_survival_function") -> Any:
        """The logarithm of the probability of something larger."""
        return self._of_value(
            value,
            name,
            self._log_survival_function,
            lambda x: apply("Log1p", -self.cdf(x)),
        )

    def quantile(self, value: Any, name: str = "quantile") -> Any:
        """What has a probability that something is smaller."""
        return self._of_value(value, name, self._quantile)

    def _log_prob(self, value: Any) -> Any:
        return self._unknown("log_prob")

    def _prob(self, value: Any) -> Any:
        return self._unknown("prob")

    def _log_cdf(self, value: Any) -> Any:
        return self._unknown("log_cdf")

    def _cdf(self, value: Any) -> Any:
        return self._unknown("cdf")

    def _survival_function(self, value: Any) -> Any:
        return self._unknown("survival_function")

    def _log_survival_function(self, value: Any) -> Any:
        return self._unknown("log_survival_function")

    def _quantile(self, value: Any) -> Any:
        return self._unknown("quantile")

    # Moments.

    def mean(self, name: str = "mean") -> Any:
        """What samples are on average."""
        with self._name_scope(name):
            return self._mean()

    def mode(self, name: str = "mode") -> Any:
        """What is most likely."""
        with self._name_scope(name):
            return self._mode()

    def entropy(self, name: str = "entropy") -> Any:
        """How much a sample says."""
        with self._name_scope(name):
            return self._entropy()

    def covariance(self, name: str = "covariance") -> Any:
        """How elements of a sample vary together."""
        with self._name_scope(name):
            return self._covariance()

    def variance(self, name: str = "variance") -> Any:
        """How much samples vary."""
        with self._name_scope(name):
            return _first(self._variance, lambda: apply("Square", self._stddev()))

    def stddev(self, name: str = "stddev") -> Any:
        """The root of how much samples vary."""
        with self._name_scope(name):
            return _first(self._stddev, lambda: apply("Sqrt", self._variance()))

    def _mean(self) -> Any:
        return self._unknown("mean")

    def _mode(self) -> Any:
        return self._unknown("mode")

    def _entropy(self) -> Any:
        return self._unknown("entropy")

    def _covariance(self) -> Any:
        return self._unknown("covariance")

    def _variance(self) -> Any:
        return self._unknown("variance")

    def _stddev(self) -> Any:
        return self._unknown("stddev")

    def kl_divergence(self, other: Any, name: str = "kl_divergence") -> Any:
        """How far another distribution is from it."""
        from scopecli.dryrun.distributions.divergence import kl_divergence

        with self._name_scope(name):
            return kl_divergence(self, other, self.allow_nan_stats)

    def cross_entropy(self, other: Any, name: str = "cross_entropy") -> Any:
        """How much a sample says to somebody who expects another distribution."""
        from scopecli.dryrun.distributions.divergence import kl_divergence

        with self._name_scope(name), name_scope(None, "cross_entropy"):
            own = self.entropy()
            return own + kl_divergence(self, other, self.allow_nan_stats)

    def is_scalar_event(self, name: str = "is_scalar_event") -> Tensor:
        """Whether a sample is a number."""
        with self._name_scope(name):
            return convert_to_tensor(self.event_shape.rank == 0, name="is_scalar_event")

    def is_scalar_batch(self, name: str = "is_scalar_batch") -> Tensor:
        """Whether there is one distribution."""
        with self._name_scope(name):
            return convert_to_tensor(self.batch_shape.rank == 0, name="is_scalar_batch")

    def __repr__(self) -> str:
        return (
            f"<tfp.distributions.{type(self).__name__} '{self.name}' "
            f"batch_shape={self.batch_shape} event_shape={self.event_shape} "
            f"dtype={self.dtype.name}>"
        )

    def __str__(self) -> str:
        known = {"batch_shape": self.batch_shape, "event_shape": self.event_shape}
        shapes = "".join(f", {k}={v}" for k, v in known.items() if v.rank is not None)
        return (
            f'tfp.distributions.{type(self).__name__}("{self.name}"{shapes}, '
            f"dtype={self.dtype.name})"
        )


def _first(*ways: Any) -> Any:
    """What the first way gives that is known.

    Raises:
        NotImplementedError: none is known; it names the first.
    """
    unknown = None
    for way in ways:
        try:
            return way()
        except NotImplementedError as error:
            unknown = unknown or error
    raise unknown or NotImplementedError


class OfTwo(Distribution):
    """A distribution of numbers with two parameters, which are stretched to each other.

    Attributes:
        pair: the two.
    """

    pair: tuple[Any, Any]

    def _batch_shape(self) -> Any:
        one, other = self.pair
        return broadcast_static_shape(one.shape, other.shape)

    def _batch_shape_tensor(self) -> Any:
        one, other = self.pair
        return broadcast_dynamic_shape(shape(one), shape(other))
