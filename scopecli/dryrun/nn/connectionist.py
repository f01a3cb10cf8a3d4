"""Connectionist temporal classification: part of `tf.nn`."""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.ops.applying import apply, apply_op
from scopecli.dryrun.ops.arrays import transpose
from scopecli.dryrun.sparse.tensor import SparseTensor


def ctc_loss(
    labels: Any,
    inputs: Any = None,
    sequence_length: Any = None,
    preprocess_collapse_repeated: bool = False,
    ctc_merge_repeated: bool = True,
    ignore_longer_outputs_than_inputs: bool = False,
    time_major: bool = True,
    logits: Any = None,
) -> Any:
    """The loss of sequences that are shorter than what they are read from.

    Raises:
        TypeError: the labels are no sparse tensor.
    """
    if not isinstance(labels, SparseTensor):
        raise TypeError(
            "Expected argument `labels` to be a SparseTensor. Received labels="
            f"{labels} of type: {type(labels).__name__}"
        )
    values = inputs if logits is None else logits
    if not time_major:
        values = transpose(values, [1, 0, 2])
    return apply_op("CTCLoss", values, labels.indices, labels.values, sequence_length).outputs[0]


def _decoder(type_: str) -> Any:
    def decoder(inputs: Any, sequence_length: Any, *_: Any, **__: Any) -> tuple[list[Any], Any]:
        *parts, likely = apply_op(type_, inputs, sequence_length).outputs
        return [SparseTensor(*parts)], likely

    return decoder


ctc_greedy_decoder = _decoder("CTCGreedyDecoder")
ctc_beam_search_decoder = _decoder("CTCBeamSearchDecoder")


def edit_distance(
    hypothesis: Any, truth: Any, normalize: bool = True, name: str = "edit_distance"
) -> Any:
    """How many changes make one sequence of another."""
    tensors = [
        part
        for sequence in (hypothesis, truth)
        for part in (sequence.indices, sequence.values, sequence.dense_shape)
    ]
    return apply("EditDistance", *tensors, name=name)
