"""How far two distributions are apart, for pairs of kinds that are known.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/ops/distributions/kullback_leibler.py
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.scopes import name_scope
from scopecli.dryrun.nn.activations import log_softmax, softmax
from scopecli.dryrun.ops.applying import apply
from scopecli.dryrun.ops.constants import constant
from scopecli.dryrun.ops.reductions import reduce_sum
from scopecli.dryrun.ops.special import lbeta

if TYPE_CHECKING:
    from collections.abc import Callable


def kl_divergence(
    distribution_a: Any, distribution_b: Any, allow_nan_stats: bool = True, name: Any = None
) -> Any:
    """How far the second is from the first.

    Raises:
        NotImplementedError: nobody knows for such a pair.
    """
    found = _of_kinds(type(distribution_a), type(distribution_b))
    if found is None:
        kinds = type(distribution_a).__name__, type(distribution_b).__name__
        raise NotImplementedError(
            "No KL(distribution_a || distribution_b) registered for distribution_a type "
            f"{kinds[0]} and distribution_b type {kinds[1]}"
        )
    with name_scope("KullbackLeibler"):
        return found(distribution_a, distribution_b, name=name)


_registered: dict[tuple[type, type], Callable[..., Any]] = {}


class RegisterKL:
    """Makes a function of a program that of a pair of kinds."""

    def __init__(self, dist_cls_a: type, dist_cls_b: type) -> None:
        self._key = dist_cls_a, dist_cls_b

    def __call__(self, kl_fn: Any) -> Any:
        if not callable(kl_fn):
            raise TypeError(f"kl_fn must be callable, received: {kl_fn}")
        _registered[self._key] = kl_fn
        return kl_fn


def _of_kinds(one: type, other: type) -> Callable[..., Any] | None:
    """The function of the nearest pair of kinds."""
    pairs = [
        (a + b, pair)
        for a, first in enumerate(one.__mro__)
        for b, second in enumerate(other.__mro__)
        if (pair := (first, second)) in _registered or (first is second and first in _known())
    ]
    if not pairs:
        return None
    _, pair = min(pairs, key=lambda found: found[0])
    return _registered.get(pair) or _known()[pair[0]]


def _known() -> dict[type, Callable[..., Any]]:
    """Those of two of one kind."""
    found = {}
    for place, function in _OF_ONE_KIND.items():
        module, _, name = place.partition(".")
        found[getattr(import_module(f"scopecli.dryrun.distributions.{module}"), name)] = function
    return found


def _normal(a: Any, b: Any, name: Any = None) -> Any:
    with name_scope(name, "kl_normal_normal"):
        one, two, half = (constant(number, a.dtype) for number in (1, 2, 0.5))
        squared: Any = apply("Square", a.scale)
        other: Any = apply("Square", b.scale)
        ratio = squared / other
        far: Any = apply("SquaredDifference", a.loc, b.loc)
        return far / (two * other) + half * (ratio - one - apply("Log", ratio))


def _bernoulli(a: Any, b: Any, name: Any = None) -> Any:
    with name_scope(name, "kl_bernoulli_bernoulli"):
        no: Any = apply("Softplus", -b.logits)
        no = no - apply("Softplus", -a.logits)
        yes: Any = apply("Softplus", b.logits)
        yes = yes - apply("Softplus", a.logits)
        first: Any = apply("Sigmoid", a.logits)
        first = first * no
        second: Any = apply("Sigmoid", -a.logits)
        return first + second * yes


def _categorical(a: Any, b: Any, name: Any = None) -> Any:
    with name_scope(name, "kl_categorical_categorical"):
        difference: Any = log_softmax(a.logits) - log_softmax(b.logits)
        return reduce_sum(softmax(a.logits) * difference, axis=-1)


def _gamma(a: Any, b: Any, name: Any = None) -> Any:
    with name_scope(name, "kl_gamma_gamma"):
        found = (a.concentration - b.concentration) * apply("Digamma", a.concentration)
        found = found + apply("Lgamma", b.concentration) - apply("Lgamma", a.concentration)
        found = found + b.concentration * apply("Log", a.rate)
        found = found - b.concentration * apply("Log", b.rate)
        return found + a.concentration * (b.rate / a.rate - 1.0)


def _beta(a: Any, b: Any, name: Any = None) -> Any:
    with name_scope(name, "kl_beta_beta"):
        found = b.log_normalization()
        found = found - a.log_normalization()
        for key in ("concentration1", "concentration0", "total_concentration"):
            weight: Any = apply("Digamma", getattr(a, key))
            part = weight * (getattr(b, key) - getattr(a, key))
            found = found + part if key.startswith("total") else found - part
        return found


def _dirichlet(a: Any, b: Any, name: Any = None) -> Any:
    with name_scope(name, "kl_dirichlet_dirichlet"):
        whole = apply("Digamma", reduce_sum(a.concentration, axis=-1, keepdims=True))
        each: Any = apply("Digamma", a.concentration)
        each = each - whole
        apart = a.concentration - b.concentration
        found: Any = reduce_sum(apart * each, axis=-1)
        return found - lbeta(a.concentration) + lbeta(b.concentration)


_OF_ONE_KIND: dict[str, Callable[..., Any]] = {
    "of_numbers.Normal": _normal,
    "of_classes.Bernoulli": _bernoulli,
    "of_classes.Categorical": _categorical,
    "of_positive_numbers.Gamma": _gamma,
    "of_positive_numbers.Beta": _beta,
    "of_positive_numbers.Dirichlet": _dirichlet,
}
