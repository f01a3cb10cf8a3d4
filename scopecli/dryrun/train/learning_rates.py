"""Learning rates that change with the steps: `tf.train.exponential_decay` and its kin.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/keras/optimizer_v2/legacy_learning_rate_decay.py
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.scopes import name_scope
from scopecli.dryrun.ops.applying import apply, convert_to_tensor
from scopecli.dryrun.ops.arithmetic import add, cast, divide
from scopecli.dryrun.ops.arithmetic import pow as power
from scopecli.dryrun.ops.constants import constant

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
        ValueError: there is not one value more than there are boundaries, or types differ.
    """
    from scopecli.dryrun.ops.control_flow.cases import case

    limits = [convert_to_tensor(limit) for limit in boundaries]
    rates = [convert_to_tensor(value) for value in values]
    x = convert_to_tensor(x)
    kind = x.dtype.base_dtype
    for number, limit in enumerate(limits):
        own = limit.dtype.base_dtype
        if (own.name, kind.name) == ("int32", "int64"):
            limits[number] = cast(limit, kind)
        elif own != kind:
            raise ValueError(f"Boundaries ({own}) must have the same dtype as x ({kind}).")
    for rate in rates[1:]:
        first, other = rates[0].dtype.base_dtype, rate.dtype.base_dtype
        if first != other:
            words = f"({first} vs {other})"
            raise ValueError(f"Values must have elements all with the same dtype {words}.")
    if len(limits) != len(rates) - 1:
        raise ValueError("The length of boundaries should be 1 less than the length of values")
    with name_scope(name, "PiecewiseConstant"):
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
            from scopecli.dryrun.ops.indexing import where_v2

            unbegun = apply("Equal", now, 0)
            rounds = where_v2(unbegun, 1.0, apply("Ceil", divide(now, decay_steps)))
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


def cosine_decay_restarts(
    learning_rate: Any,
    global_step: Any,
    first_decay_steps: Any,
    t_mul: Any = 2.0,
    m_mul: Any = 1.0,
    alpha: Any = 0.0,
    name: str | None = None,
) -> Tensor:
    """A rate that falls along half a wave, again and again."""
    from scopecli.dryrun.ops.control_flow.conditionals import cond

    with name_scope(name, "SGDRDecay") as scope:
        rate = convert_to_tensor(learning_rate, name="initial_learning_rate")
        kind = rate.dtype.base_dtype
        given = first_decay_steps, alpha, t_mul, m_mul
        cast_: list[Any] = [cast(value, kind) for value in given]
        first, least, longer, lower = cast_
        done: Any = cast(global_step, kind) / first

        def even() -> list[Any]:
            round_ = apply("Floor", done)
            return [round_, done - round_]

        def growing() -> list[Any]:
            inner = apply("Log", 1.0 - done * (1.0 - longer))
            round_ = apply("Floor", inner / apply("Log", longer))
            begun = (1.0 - longer**round_) / (1.0 - longer)
            return [round_, (done - begun) / longer**round_]

        round_, part = cond(apply("Equal", longer, 1.0), even, growing)
        factor: Any = lower**round_
        half: Any = 0.5 * factor
        wave: Any = half * (1.0 + apply("Cos", constant(math.pi) * part))
        return apply("Mul", rate, (1 - least) * wave + least, name=scope)


def linear_cosine_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    num_periods: Any = 0.5,
    alpha: Any = 0.0,
    beta: Any = 0.001,
    name: str | None = None,
) -> Tensor:
    """A rate that falls along a line and a wave."""
    with name_scope(name, "LinearCosineDecay") as scope:
        rate = convert_to_tensor(learning_rate, name="initial_learning_rate")
        kind = rate.dtype.base_dtype
        given = decay_steps, num_periods, alpha, beta
        steps, periods, least, added = (cast(value, kind) for value in given)
        now: Any = apply("Minimum", cast(global_step, kind), steps)
        line: Any = (steps - now) / steps
        return _waved(rate, line, now / steps, (periods, least, added), scope)


def noisy_linear_cosine_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    initial_variance: Any = 1.0,
    variance_decay: Any = 0.55,
    num_periods: Any = 0.5,
    alpha: Any = 0.0,
    beta: Any = 0.001,
    name: str | None = None,
) -> Tensor:
    """A rate that falls along a line and a wave, with noise."""
    from scopecli.dryrun.random import random_normal

    with name_scope(name, "NoisyLinearCosineDecay") as scope:
        rate = convert_to_tensor(learning_rate, name="initial_learning_rate")
        kind = rate.dtype.base_dtype
        given = decay_steps, initial_variance, variance_decay, num_periods, alpha, beta
        steps, variance, calmer, periods, least, added = (cast(value, kind) for value in given)
        now: Any = apply("Minimum", cast(global_step, kind), steps)
        line: Any = (steps - now) / steps
        spread = apply("Sqrt", variance / _power(1.0 + now, calmer))
        line = line + random_normal(line.shape, stddev=spread)
        return _waved(rate, line, now / steps, (periods, least, added), scope)


def _waved(rate: Any, line: Any, done: Any, options: tuple[Any, Any, Any], name: str) -> Tensor:
    """What falls along a line, times a wave."""
    periods, least, added = options
    part = 2.0 * periods * done
    wave: Any = 0.5 * (1.0 + apply("Cos", constant(math.pi) * part))
    return apply("Mul", rate, (least + line) * wave + added, name=name)
