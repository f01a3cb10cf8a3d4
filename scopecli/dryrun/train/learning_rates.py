"""Learning rates that change with the steps: `tf.train.exponential_decay` and its kin.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/keras/optimizer_v2/legacy_learning_rate_decay.py
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.scopes import name_scope
from scopecli.dryrun.ops.applying import apply, constant, convert_to_tensor
from scopecli.dryrun.ops.arithmetic import add, cast, divide
from scopecli.dryrun.ops.arithmetic import pow as power
from scopecli.dryrun.ops.cases import case

if TYPE_CHECKING:
    from scopecli.dryrun.graph.nodes import Tensor


def _progress(
    learning_rate: Any, global_step: Any, decay_steps: Any, decay_rate: Any, staircase: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """The first rate, the factor in its type, and how many times so many steps are done."""
    rate = convert_to_tensor(learning_rate, name="initial_learning_rate")
    kind = rate.dtype.base_dtype
    steps, factor = cast(decay_steps, kind), cast(decay_rate, kind)
    done = divide(cast(global_step, kind), steps)
    return rate, factor, apply("Floor", done) if staircase else done


def exponential_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    decay_rate: Any,
    staircase: bool = False,
    name: str | None = None,
) -> Tensor:
    """A rate that falls by the same factor over so many steps."""
    with name_scope(name, "ExponentialDecay") as scope:
        rate, factor, done = _progress(
            learning_rate, global_step, decay_steps, decay_rate, staircase
        )
        return apply("Mul", rate, power(factor, done), name=scope)


def natural_exp_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    decay_rate: Any,
    staircase: bool = False,
    name: str | None = None,
) -> Tensor:
    """A rate that falls by a power of e over so many steps."""
    factor = apply("Exp", apply("Neg", decay_rate))
    return exponential_decay(learning_rate, global_step, decay_steps, factor, staircase, name)


def inverse_time_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    decay_rate: Any,
    staircase: bool = False,
    name: str | None = None,
) -> Tensor:
    """A rate that falls with one over the steps."""
    with name_scope(name, "InverseTimeDecay") as scope:
        rate, factor, done = _progress(
            learning_rate, global_step, decay_steps, decay_rate, staircase
        )
        one = cast(constant(1), rate.dtype.base_dtype)
        return apply("RealDiv", rate, add(one, apply("Mul", factor, done)), name=scope)


def piecewise_constant(x: Any, boundaries: Any, values: Any, name: str | None = None) -> Any:
    """One rate after the other.

    Raises:
        ValueError: there is not one value more than there are boundaries.
    """
    if len(boundaries) != len(values) - 1:
        raise ValueError("The length of boundaries should be 1 less than the length of values")
    limits = [convert_to_tensor(limit) for limit in boundaries]
    rates = [convert_to_tensor(value) for value in values]
    with name_scope(name, "PiecewiseConstant"):
        x = convert_to_tensor(x)
        for number, limit in enumerate(limits):
            if limit.dtype.base_dtype != x.dtype.base_dtype:
                limits[number] = cast(limit, x.dtype.base_dtype)
        pairs = [(x <= limits[0], _giving(rates[0])), (x > limits[-1], _giving(rates[-1]))]
        for low, high, rate in zip(limits[:-1], limits[1:], rates[1:-1], strict=True):
            pairs.append(((x > low) & (x <= high), _giving(rate)))
        return case(pairs, default=lambda: rates[0], exclusive=True)


piecewise_constant_decay = piecewise_constant


def _giving(value: Any) -> Any:
    return lambda: value


def polynomial_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    end_learning_rate: Any = 0.0001,
    power: Any = 1.0,
    cycle: bool = False,
    name: str | None = None,
) -> Tensor:
    """A rate that falls along a polynomial."""
    with name_scope(name, "PolynomialDecay") as scope:
        rate = convert_to_tensor(learning_rate, name="initial_learning_rate")
        kind = rate.dtype.base_dtype
        last, exponent = cast(end_learning_rate, kind), cast(power, kind)
        now: Any = cast(global_step, kind)
        steps: Any = cast(decay_steps, kind)
        if cycle:
            from scopecli.dryrun.ops.indexing import where

            started = apply("Ceil", divide(now, decay_steps))
            rounds = where(apply("Equal", now, 0), constant(1.0), started)
            steps = apply("Mul", steps, rounds)
        else:
            now = apply("Minimum", now, steps)
        done: Any = divide(now, steps)
        height: Any = rate - last
        left: Any = 1 - done
        return add(apply("Mul", height, _power(left, exponent)), last, name=scope)


_power = power


def cosine_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    alpha: Any = 0.0,
    name: str | None = None,
) -> Tensor:
    """A rate that falls along half a wave."""
    with name_scope(name, "CosineDecay"):
        rate = convert_to_tensor(learning_rate, name="initial_learning_rate")
        kind = rate.dtype.base_dtype
        steps = cast(decay_steps, kind)
        now = apply("Minimum", cast(global_step, kind), steps)
        done: Any = divide(now, steps)
        wave: Any = 0.5 * (1.0 + apply("Cos", constant(math.pi, kind) * done))
        return apply("Mul", rate, (1 - alpha) * wave + alpha)
