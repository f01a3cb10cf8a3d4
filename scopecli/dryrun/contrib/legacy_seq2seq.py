"""`tf.contrib.legacy_seq2seq`: sequences as lists of steps.

https://github.com/tensorflow/tensorflow/blob/v1.15.5/tensorflow/contrib/legacy_seq2seq/python/ops/seq2seq.py
"""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.graph.scopes import name_scope
from scopecli.dryrun.namespaces import attributes
from scopecli.dryrun.nn.cross_entropy import sparse_softmax_cross_entropy_with_logits
from scopecli.dryrun.ops.arithmetic import add_n, cast
from scopecli.dryrun.ops.arrays import reshape, shape
from scopecli.dryrun.ops.reductions import reduce_sum
from scopecli.dryrun.variables.opening import variable_scope
from scopecli.dryrun.variables.scope import get_variable_scope

__getattr__ = attributes(__name__, {"nn.rnn": "static_rnn static_bidirectional_rnn"})


def rnn_decoder(
    decoder_inputs: Any, initial_state: Any, cell: Any, loop_function: Any = None, scope: Any = None
) -> tuple[list[Any], Any]:
    """A cell, step by step, that may be given what it gave before."""
    with variable_scope(scope or "rnn_decoder"):
        state, outputs, before = initial_state, [], None
        for number, given in enumerate(decoder_inputs):
            value = given
            if loop_function is not None and before is not None:
                with variable_scope("loop_function", reuse=True):
                    value = loop_function(before, number)
            if number > 0:
                get_variable_scope().reuse_variables()
            output, state = cell(value, state)
            outputs.append(output)
            before = output
    return outputs, state


def sequence_loss_by_example(
    logits: Any,
    targets: Any,
    weights: Any,
    average_across_timesteps: bool = True,
    softmax_loss_function: Any = None,
    name: Any = None,
) -> Any:
    """The loss of each example, over all steps."""
    with name_scope(name, "sequence_loss_by_example", [*logits, *targets, *weights]):
        losses = []
        for logit, target, weight in zip(logits, targets, weights, strict=True):
            if softmax_loss_function is None:
                loss: Any = sparse_softmax_cross_entropy_with_logits(
                    labels=reshape(target, [-1]), logits=logit
                )
            else:
                loss = softmax_loss_function(labels=target, logits=logit)
            losses.append(loss * weight)
        total: Any = add_n(losses)
        if average_across_timesteps:
            whole: Any = add_n(list(weights))
            total = total / (whole + 1e-12)
    return total


def sequence_loss(
    logits: Any,
    targets: Any,
    weights: Any,
    average_across_timesteps: bool = True,
    average_across_batch: bool = True,
    softmax_loss_function: Any = None,
    name: Any = None,
) -> Any:
    """The loss of all examples, over all steps."""
    with name_scope(name, "sequence_loss", [*logits, *targets, *weights]):
        each = sequence_loss_by_example(
            logits, targets, weights, average_across_timesteps, softmax_loss_function
        )
        total: Any = reduce_sum(each)
        if not average_across_batch:
            return total
        sizes: Any = shape(targets[0])
        return total / cast(sizes[0], total.dtype)
