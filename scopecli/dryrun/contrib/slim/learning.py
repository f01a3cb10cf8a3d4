"""`slim.learning`: the node of a training step.

https://github.com/google-research/tf-slim/blob/master/tf_slim/training/training.py
"""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.graph.keys import GraphKeys
from scopecli.dryrun.graph.scopes import (
    control_dependencies,
    get_collection,
    get_collection_ref,
    name_scope,
)
from scopecli.dryrun.ops.applying import apply
from scopecli.dryrun.ops.grouping import no_op, with_dependencies
from scopecli.dryrun.program.session import Session
from scopecli.dryrun.variables.collections import get_or_create_global_step, trainable_variables

_USE_GLOBAL_STEP = 0


def clip_gradient_norms(gradients_to_variables: Any, max_norm: Any) -> list[Any]:
    """Gradients that are not longer than a bound, each for itself."""
    from scopecli.dryrun.ops.reductions import clip_by_norm

    return [
        (None if gradient is None else clip_by_norm(gradient, max_norm), variable)
        for gradient, variable in gradients_to_variables
    ]


def create_train_op(
    total_loss: Any,
    optimizer: Any,
    global_step: Any = _USE_GLOBAL_STEP,
    clip_gradient_norm: Any = 0,
    summarize_gradients: bool = False,
    gate_gradients: int = 1,
    update_ops: Any = None,
    variables_to_train: Any = None,
    transform_grads_fn: Any = None,
    gradient_multipliers: Any = None,
    check_numerics: bool = True,
    **_: Any,
) -> Any:
    """A tensor: the loss, once a training step is done."""
    if isinstance(global_step, int):
        global_step = get_or_create_global_step()
    updates = get_collection(GraphKeys.UPDATE_OPS) if update_ops is None else list(update_ops)
    if updates:
        with control_dependencies(updates):
            barrier = no_op("update_barrier")
        total_loss = with_dependencies([barrier], total_loss)
    variables = trainable_variables() if variables_to_train is None else variables_to_train
    pairs = optimizer.compute_gradients(total_loss, variables)
    if gradient_multipliers:
        pairs = [
            (gradient * gradient_multipliers.get(v, 1.0), v) if gradient is not None else (None, v)
            for gradient, v in pairs
        ]
    if clip_gradient_norm > 0:
        with name_scope("clip_grads"):
            pairs = clip_gradient_norms(pairs, clip_gradient_norm)
    if transform_grads_fn is not None:
        pairs = transform_grads_fn(pairs)
    done = optimizer.apply_gradients(pairs, global_step=global_step)
    with name_scope("train_op"):
        if check_numerics:
            total_loss = apply("CheckNumerics", total_loss)
        step = with_dependencies([done], total_loss)
    train_ops = get_collection_ref(GraphKeys.TRAIN_OP)
    if not any(member is step for member in train_ops):
        train_ops.append(step)
    return step


def train(*_: Any, **__: Any) -> Any:
    """End the run: nothing is computed."""
    return Session().run(None)
