"""`tf.contrib.layers.optimize_loss`: an optimizer by its name, with its rate in a variable.

https://github.com/google-research/tf-slim/blob/master/tf_slim/layers/optimizers.py
"""

from __future__ import annotations

from typing import Any

from scopecli.dryrun import summary
from scopecli.dryrun.graph.keys import GraphKeys
from scopecli.dryrun.graph.nodes import Tensor
from scopecli.dryrun.graph.scopes import get_collection
from scopecli.dryrun.ops.applying import convert_to_tensor
from scopecli.dryrun.ops.grouping import with_dependencies
from scopecli.dryrun.ops.indexed_slices import IndexedSlices
from scopecli.dryrun.train import optimizers
from scopecli.dryrun.train.gradients import clip_by_global_norm, global_norm
from scopecli.dryrun.train.optimizer import Optimizer
from scopecli.dryrun.variables.collections import get_global_step, trainable_variables
from scopecli.dryrun.variables.getting import get_variable
from scopecli.dryrun.variables.initializers import constant_initializer
from scopecli.dryrun.variables.opening import variable_scope

OPTIMIZER_CLS_NAMES: dict[str, Any] = {
    "Adagrad": optimizers.AdagradOptimizer,
    "Adam": optimizers.AdamOptimizer,
    "Ftrl": optimizers.FtrlOptimizer,
    "Momentum": lambda learning_rate: optimizers.MomentumOptimizer(learning_rate, momentum=0.9),
    "RMSProp": optimizers.RMSPropOptimizer,
    "SGD": optimizers.GradientDescentOptimizer,
}
OPTIMIZER_SUMMARIES = [
    "learning_rate",
    "loss",
    "gradients",
    "gradient_norm",
    "global_gradient_norm",
]


def _rate(learning_rate: Any) -> Any:
    """A learning rate, in a variable where it is a number.

    Raises:
        ValueError: it is none.
    """
    if learning_rate is None or (isinstance(learning_rate, Tensor) and learning_rate.dims == ()):
        return learning_rate
    if not isinstance(learning_rate, float):
        raise ValueError(
            f"Learning rate should be 0d Tensor or float. Got {learning_rate} of type "
            f"{type(learning_rate)}"
        )
    if learning_rate < 0.0:
        raise ValueError(f"Invalid learning_rate {learning_rate}.")
    initializer = constant_initializer(learning_rate)
    return get_variable("learning_rate", [], trainable=False, initializer=initializer)


def _optimizer(optimizer: Any, rate: Any) -> Any:
    """An optimizer out of a name, a class or a function.

    Raises:
        ValueError: it is none, or wants a rate.
    """
    if isinstance(optimizer, Optimizer):
        return optimizer
    kind = "string" if isinstance(optimizer, str) else "class"
    named = isinstance(optimizer, (str, type))
    if named and rate is None:
        words = f"Learning rate is None, but should be specified if optimizer is {kind}"
        raise ValueError(f"{words} ({optimizer}).")
    if isinstance(optimizer, str):
        if optimizer not in OPTIMIZER_CLS_NAMES:
            known = ", ".join(OPTIMIZER_CLS_NAMES)
            raise ValueError(
                f"Optimizer name should be one of [{known}], you provided {optimizer}."
            )
        return OPTIMIZER_CLS_NAMES[optimizer](learning_rate=rate)
    if isinstance(optimizer, type):
        return optimizer(learning_rate=rate)
    return optimizer() if rate is None else optimizer(rate)


def optimize_loss(
    loss: Any,
    global_step: Any,
    learning_rate: Any,
    optimizer: Any,
    gradient_noise_scale: Any = None,
    gradient_multipliers: Any = None,
    clip_gradients: Any = None,
    learning_rate_decay_fn: Any = None,
    update_ops: Any = None,
    variables: Any = None,
    name: Any = None,
    summaries: Any = None,
    colocate_gradients_with_ops: bool = False,
    increment_global_step: bool = True,
) -> Any:
    """A tensor: the loss, once a training step is done.

    Raises:
        ValueError: something is wrong with the rate, the optimizer or the clipping.
    """
    loss = convert_to_tensor(loss)
    if global_step is None:
        global_step = get_global_step()
    with variable_scope(name, "OptimizeLoss", [loss, global_step]):
        updates = get_collection(GraphKeys.UPDATE_OPS) if update_ops is None else list(update_ops)
        if updates:
            loss = with_dependencies(updates, loss)
        rate = _rate(learning_rate)
        told = _checked(summaries)
        if learning_rate is not None and learning_rate_decay_fn is not None:
            if global_step is None:
                raise ValueError("global_step is required for learning_rate_decay_fn.")
            rate = learning_rate_decay_fn(rate, global_step)
            _tell("learning_rate", told, rate)
        chosen = _optimizer(optimizer, rate)
        trained = trainable_variables() if variables is None else variables
        pairs = chosen.compute_gradients(loss, trained)
        pairs = [_multiplied(pair, gradient_multipliers or {}) for pair in pairs]
        _tell_norm("gradient_norm", told, pairs)
        pairs = _clipped(pairs, clip_gradients)
        _tell("loss", told, loss)
        _summarized(pairs, told)
        if clip_gradients is not None:
            _tell_norm("clipped_gradient_norm", told, pairs)
        step = global_step if increment_global_step else None
        done = chosen.apply_gradients(pairs, global_step=step, name="train")
        return with_dependencies([done], loss)


def _checked(summaries: Any) -> Any:
    """Which summaries are wanted.

    Raises:
        ValueError: there is none of a name.
    """
    if summaries is None:
        return ["loss", "learning_rate", "global_gradient_norm"]
    for each in summaries:
        if each not in OPTIMIZER_SUMMARIES:
            known = ", ".join(OPTIMIZER_SUMMARIES)
            raise ValueError(f"Summaries should be one of [{known}], you provided {each}.")
    return summaries


def _tell(name: str, told: Any, value: Any) -> None:
    if name in told:
        summary.scalar(name, value)


def _tell_norm(name: str, told: Any, pairs: Any) -> None:
    if "global_gradient_norm" in told or "gradient_norm" in told:
        summary.scalar(f"global_norm/{name}", global_norm([gradient for gradient, _ in pairs]))


def _clipped(pairs: Any, how: Any) -> Any:
    """Gradients that are not too long.

    Raises:
        ValueError: it is not said how long that is.
    """
    if isinstance(how, float):
        clipped, _ = clip_by_global_norm([gradient for gradient, _ in pairs], how)
        return [(gradient, v) for gradient, (_, v) in zip(clipped, pairs, strict=True)]
    if callable(how):
        return how(pairs)
    if how is not None:
        raise ValueError(f"Unknown type {type(how)} for clip_gradients")
    return pairs


def _multiplied(pair: tuple[Any, Any], factors: Any) -> tuple[Any, Any]:
    gradient, variable = pair
    factor = factors.get(variable, factors.get(variable.name))
    if gradient is None or factor is None:
        return pair
    if isinstance(gradient, IndexedSlices):
        return gradient.with_values(gradient.values * factor), variable
    return gradient * factor, variable


def _summarized(pairs: Any, told: Any) -> None:
    """Summaries of each gradient, where they are wanted."""
    for gradient, variable in pairs:
        values = gradient.values if isinstance(gradient, IndexedSlices) else gradient
        if values is None:
            continue
        name = variable.name.replace(":", "_")
        if "gradients" in told:
            summary.histogram(f"gradients/{name}", values)
        if "gradient_norm" in told:
            summary.scalar(f"gradient_norm/{name}", global_norm([values]))
