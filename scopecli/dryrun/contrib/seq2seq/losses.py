"""The loss of sequences.

https://github.com/tensorflow/tensorflow/blob/v1.15.5/tensorflow/contrib/seq2seq/python/ops/loss.py
"""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.graph.scopes import name_scope
from scopecli.dryrun.nn.cross_entropy import sparse_softmax_cross_entropy_with_logits
from scopecli.dryrun.ops.arithmetic import divide
from scopecli.dryrun.ops.arrays import reshape, shape
from scopecli.dryrun.ops.reductions import reduce_sum

_TINY = 1e-12


def sequence_loss(
    logits: Any,
    targets: Any,
    weights: Any,
    average_across_timesteps: bool = True,
    average_across_batch: bool = True,
    softmax_loss_function: Any = None,
    name: Any = None,
    **_: Any,
) -> Any:
    """The loss of all steps of all examples, with weights.

    Raises:
        ValueError: something has not the axes that it must have.
    """
    if len(logits.shape) != 3:
        raise ValueError("Logits must be a [batch_size x sequence_length x logits] tensor")
    if len(targets.shape) != 2:
        raise ValueError("Targets must be a [batch_size x sequence_length] tensor")
    if len(weights.shape) != 2:
        raise ValueError("Weights must be a [batch_size x sequence_length] tensor")
    with name_scope(name, "sequence_loss", [logits, targets, weights]):
        sizes: Any = shape(logits)
        classes = sizes[2]
        flat = reshape(logits, [-1, classes])
        wanted = reshape(targets, [-1])
        if softmax_loss_function is None:
            loss: Any = sparse_softmax_cross_entropy_with_logits(labels=wanted, logits=flat)
        else:
            loss = softmax_loss_function(labels=wanted, logits=flat)
        loss = loss * reshape(weights, [-1])
        if average_across_timesteps and average_across_batch:
            total: Any = reduce_sum(loss)
            whole: Any = reduce_sum(weights)
            return divide(total, whole + _TINY)
        rows: Any = shape(logits)
        loss = reshape(loss, rows[0:2])
        for axis, wanted_mean in ((0, average_across_batch), (1, average_across_timesteps)):
            if wanted_mean:
                whole = reduce_sum(weights, axis=[axis])
                loss = reduce_sum(loss, axis=[axis]) / (whole + _TINY)
        return loss
