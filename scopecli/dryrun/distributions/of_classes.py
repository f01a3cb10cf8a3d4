"""Distributions of classes.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/ops/distributions/categorical.py
"""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.distributions.base import NOT_REPARAMETERIZED, Distribution
from scopecli.dryrun.graph.scopes import name_scope
from scopecli.dryrun.nn.activations import log_softmax, softmax
from scopecli.dryrun.nn.cross_entropy import (
    sigmoid_cross_entropy_with_logits,
    sparse_softmax_cross_entropy_with_logits,
)
from scopecli.dryrun.ops.applying import apply, convert_to_tensor
from scopecli.dryrun.ops.arithmetic import cast
from scopecli.dryrun.ops.arrays import concat, identity, rank, reshape, shape, transpose
from scopecli.dryrun.ops.constants import constant
from scopecli.dryrun.ops.filled import ones, ones_like, zeros_like
from scopecli.dryrun.ops.indexing import one_hot, sequence_mask, where
from scopecli.dryrun.ops.matrices import matrix_set_diag
from scopecli.dryrun.ops.products import matmul
from scopecli.dryrun.ops.reductions import argmax, reduce_sum
from scopecli.dryrun.random import multinomial, random_uniform
from scopecli.dryrun.values.dtypes import as_dtype, int32
from scopecli.dryrun.values.shapes import TensorShape


def _both(logits: Any, probs: Any, name: str, *, several: bool) -> tuple[Any, Any]:
    """Logits and probabilities, whichever of them is given.

    Raises:
        ValueError: none or both are.
        TypeError: they have no fractions.
    """
    with name_scope(name, values=[probs, logits]):
        if (probs is None) == (logits is None):
            raise ValueError("Must pass probs or logits, but not both.")
        if probs is None:
            logits = convert_to_tensor(logits, name="logits")
            if not logits.dtype.is_floating:
                raise TypeError("logits must having floating type.")
            if several:
                return logits, softmax(logits, name="probs")
            return logits, apply("Sigmoid", logits, name="probs")
        probs = convert_to_tensor(probs, name="probs")
        if not probs.dtype.is_floating:
            raise TypeError("probs must having floating type.")
        with name_scope("logits"):
            if several:
                return apply("Log", probs), probs
            known: Any = apply("Log", probs)
            return known - apply("Log1p", -1.0 * probs), probs


class Bernoulli(Distribution):
    """Yes or no.

    Attributes:
        logits: what becomes a probability.
        probs: how likely yes is.
    """

    def __init__(
        self,
        logits: Any = None,
        probs: Any = None,
        dtype: Any = int32,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: Any = "Bernoulli",
    ) -> None:
        parameters = {"logits": logits, "probs": probs, "dtype": dtype}
        with name_scope(name) as scope:
            self.logits, self.probs = _both(logits, probs, scope, several=False)
        how = validate_args, allow_nan_stats, parameters, None, scope
        super().__init__(as_dtype(dtype), NOT_REPARAMETERIZED, *how)

    def _batch_shape(self) -> Any:
        return self.logits.shape

    def _batch_shape_tensor(self) -> Any:
        return shape(self.logits)

    def _sample_n(self, n: Any, seed: Any = None) -> Any:
        sizes = concat([[n], self.batch_shape_tensor()], 0)
        uniform = random_uniform(sizes, seed=seed, dtype=self.probs.dtype)
        return cast(apply("Less", uniform, self.probs), self.dtype)

    def _log_prob(self, value: Any) -> Any:
        event: Any = cast(value, self.logits.dtype)
        logits: Any = self.logits
        if None in (event.dims, logits.dims) or event.dims != logits.dims or None in event.dims:
            logits, event = ones_like(event) * logits, ones_like(logits) * event
        loss: Any = sigmoid_cross_entropy_with_logits(labels=event, logits=logits)
        return -loss

    def _entropy(self) -> Any:
        opposite = -self.logits
        unlikely: Any = apply("Sigmoid", self.logits)
        return opposite * (unlikely - 1) + apply("Softplus", -self.logits)

    def _mean(self) -> Any:
        return identity(self.probs)

    def _variance(self) -> Any:
        return self._mean() * (1.0 - self.probs)

    def _mode(self) -> Any:
        return cast(self.probs > 0.5, self.dtype)


class Categorical(Distribution):
    """One of several.

    Attributes:
        logits: what becomes probabilities.
        probs: how likely each is.
        event_size: how many there are.
    """

    def __init__(
        self,
        logits: Any = None,
        probs: Any = None,
        dtype: Any = int32,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: Any = "Categorical",
    ) -> None:
        parameters = {"logits": logits, "probs": probs, "dtype": dtype}
        with name_scope(name, values=[logits, probs]) as scope:
            self.logits, self.probs = _both(logits, probs, scope, several=True)
            dims = self.logits.dims
            if dims is not None:
                self._axis: Any = convert_to_tensor(len(dims) - 1, "int32", name="batch_rank")
            else:
                with name_scope("batch_rank"):
                    count: Any = rank(self.logits)
                    self._axis = count - 1
            sizes: Any = shape(self.logits, name="logits_shape")
            if dims and dims[-1] is not None:
                self.event_size: Any = convert_to_tensor(dims[-1], "int32", name="event_size")
            else:
                with name_scope("event_size"):
                    self.event_size = sizes[self._axis]
            if dims and None not in dims[:-1]:
                self._outer: Any = constant(list(dims[:-1]), "int32", name="batch_shape")
            else:
                with name_scope("batch_shape"):
                    self._outer = sizes[:-1]
        how = validate_args, allow_nan_stats, parameters, None, scope
        super().__init__(as_dtype(dtype), NOT_REPARAMETERIZED, *how)

    def _batch_shape(self) -> Any:
        return self.logits.shape[:-1]

    def _batch_shape_tensor(self) -> Any:
        return identity(self._outer)

    def _sample_n(self, n: Any, seed: Any = None) -> Any:
        matrix = self.logits
        if len(matrix.dims or ()) != 2:
            matrix = reshape(matrix, [-1, self.event_size])
        kind = "int64" if self.dtype.name in {"int64", "float64"} else "int32"
        draws = multinomial(matrix, n, seed=seed, output_dtype=kind)
        turned = transpose(draws)
        sizes = concat([[n], self.batch_shape_tensor()], 0)
        return cast(reshape(turned, sizes), self.dtype)

    def _cdf(self, value: Any) -> Any:
        k = convert_to_tensor(value, name="k")
        k, probs = _stretched(k, self.probs, self.dtype)
        flat = reshape(probs, (-1, self.event_size))
        places = reshape(k, [-1])
        counted = where(sequence_mask(places, self.event_size), flat, zeros_like(flat))
        return reshape(reduce_sum(counted, axis=-1), shape(k))

    def _log_prob(self, value: Any) -> Any:
        k = convert_to_tensor(value, name="k")
        k, logits = _stretched(k, self.logits, self.dtype)
        loss: Any = sparse_softmax_cross_entropy_with_logits(labels=k, logits=logits)
        return -loss

    def _entropy(self) -> Any:
        found: Any = reduce_sum(log_softmax(self.logits) * self.probs, axis=-1)
        return -found

    def _mode(self) -> Any:
        found = cast(argmax(self.logits, axis=self._axis), self.dtype)
        found.set_shape(self.batch_shape)
        return found


def _stretched(event: Any, parameters: Any, dtype: Any) -> tuple[Any, Any]:
    """Events and parameters, stretched to each other.

    Raises:
        TypeError: the events are no numbers.
    """
    if event.dtype.is_floating:
        event = cast(event, int32)
    elif not event.dtype.is_integer:
        raise TypeError(f"`value` should have integer `dtype` or `self.dtype` ({dtype})")
    outer, own = parameters.shape[:-1], event.shape
    known = outer.is_fully_defined() and own.is_fully_defined()
    if not known or outer.as_list() != own.as_list():
        parameters = parameters * ones_like(event[..., None], dtype=parameters.dtype)
        sizes: Any = shape(parameters)
        event = event * ones(sizes[:-1], dtype=event.dtype)
        if parameters.dims is not None:
            event.set_shape(TensorShape(parameters.dims[:-1]))
    return event, parameters


class Multinomial(Distribution):
    """How often each of several comes in so many draws.

    Attributes:
        total_count: how many draws.
        logits: what becomes probabilities.
        probs: how likely each is.
    """

    def __init__(
        self,
        total_count: Any,
        logits: Any = None,
        probs: Any = None,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: Any = "Multinomial",
    ) -> None:
        parameters = {"total_count": total_count, "logits": logits, "probs": probs}
        with name_scope(name, values=[total_count, logits, probs]) as scope:
            self.total_count: Any = convert_to_tensor(total_count, name="total_count")
            self.logits, self.probs = _both(logits, probs, scope, several=True)
            self._average: Any = self.total_count[..., None] * self.probs
        how = validate_args, allow_nan_stats, parameters, None, scope
        super().__init__(self.probs.dtype, NOT_REPARAMETERIZED, *how)

    def _batch_shape(self) -> Any:
        return self._average.shape[:-1]

    def _batch_shape_tensor(self) -> Any:
        sizes: Any = shape(self._average)
        return sizes[:-1]

    def _event_shape(self) -> Any:
        return self._average.shape[-1:]

    def _event_shape_tensor(self) -> Any:
        sizes: Any = shape(self._average)
        return sizes[-1:]

    def _sample_n(self, n: Any, seed: Any = None) -> Any:
        from scopecli.dryrun.ops.control_flow.functional import map_fn

        draws: Any = cast(self.total_count, int32)
        size = self.event_shape_tensor()[0]
        draws = ones_like(self.logits[..., 0], dtype=draws.dtype) * draws
        logits = ones_like(draws[..., None], dtype=self.logits.dtype) * self.logits
        flat = [reshape(logits, [-1, size]), n * reshape(draws, [-1])]

        def one(row: Any) -> Any:
            chosen = multinomial(row[0][None, ...], row[1], seed)
            chosen = reshape(chosen, [n, -1])
            return reduce_sum(one_hot(chosen, size), axis=-2)

        found = transpose(map_fn(one, flat, dtype=self.dtype), [1, 0, 2])
        return reshape(found, concat([[n], self.batch_shape_tensor(), [size]], 0))

    def _log_prob(self, value: Any) -> Any:
        unnormalized: Any = reduce_sum(value * log_softmax(self.logits), -1)
        return unnormalized - -_log_combinations(self.total_count, value)

    def _mean(self) -> Any:
        return identity(self._average)

    def _variance(self) -> Any:
        return self._average - self._average * self._wide()

    def _wide(self) -> Any:
        counts: Any = ones_like(self.total_count)
        return self.probs * counts[..., None]

    def _covariance(self) -> Any:
        wide = self._wide()
        product: Any = matmul(self._average[..., None], wide[..., None, :])
        return matrix_set_diag(-product, self._variance())


def _log_combinations(count: Any, parts: Any) -> Any:
    """The logarithm of in how many ways things can be shared out."""
    with name_scope("log_combinations"):
        count = convert_to_tensor(count, name="n")
        parts = convert_to_tensor(parts, name="counts")
        whole: Any = apply("Lgamma", count + 1)
        each = apply("Lgamma", parts + 1)
        return whole - reduce_sum(each, axis=[-1])
