"""Lookups of rows, and losses over sampled classes: part of `tf.nn`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.scopes import name_scope
from scopecli.dryrun.nn.candidates import log_uniform_candidate_sampler
from scopecli.dryrun.nn.cross_entropy import (
    sigmoid_cross_entropy_with_logits,
    softmax_cross_entropy_with_logits_v2,
    sum_rows,
)
from scopecli.dryrun.ops.applying import apply, apply_op, convert_to_tensor
from scopecli.dryrun.ops.arithmetic import cast
from scopecli.dryrun.ops.arithmetic import range as range_
from scopecli.dryrun.ops.arrays import concat, expand_dims, identity, reshape, shape, size, stack
from scopecli.dryrun.ops.constants import constant
from scopecli.dryrun.ops.filled import ones_like, zeros_like
from scopecli.dryrun.ops.indexing import gather, slice, where
from scopecli.dryrun.ops.products import matmul
from scopecli.dryrun.values.dtypes import int64
from scopecli.dryrun.values.shapes import TensorShape

if TYPE_CHECKING:
    from scopecli.dryrun.graph.nodes import Tensor


def embedding_lookup(
    params: Any,
    ids: Any,
    partition_strategy: str = "mod",
    name: str | None = None,
    validate_indices: bool = True,
    max_norm: Any = None,
) -> Any:
    """Rows by their numbers, of a table that may be in parts.

    Raises:
        ValueError: there is no table.
    """
    if params is None:
        raise ValueError("params must be specified")
    if isinstance(params, (list, tuple)) and not params:
        raise ValueError("Length of params is currently 0. Need at least one param.")
    if hasattr(params, "_get_variable_list"):
        params = list(params)
    parts = params if isinstance(params, list) else [params]
    with name_scope(name, "embedding_lookup") as scope:
        if not any(getattr(part, "is_resource", False) for part in parts):
            parts = [
                convert_to_tensor(part, name=f"params_{number}")
                for number, part in enumerate(parts)
            ]
        ids = convert_to_tensor(ids, name="ids")
        if len(parts) == 1:
            return identity(_clipped(gather(parts[0], ids, name=scope), ids, max_norm))
        return _from_parts(parts, ids, partition_strategy, max_norm, scope)


def _clipped(rows: Tensor, ids: Tensor, max_norm: Any) -> Any:
    if max_norm is None:
        return rows
    from scopecli.dryrun.ops.reductions import clip_by_norm

    return clip_by_norm(rows, max_norm, axes=list(range(len(ids.dims or ()), len(rows.dims or ()))))


def _from_parts(parts: list[Any], ids: Tensor, strategy: str, max_norm: Any, scope: str) -> Any:
    count = len(parts)
    flat = reshape(ids, [-1])
    places = range_(size(flat))
    if strategy == "mod":
        chosen, rows = flat % count, flat // count
    elif strategy == "div":
        chosen, rows = _contiguous(parts, flat)
    else:
        raise ValueError(
            f"Unrecognized partition strategy: {strategy}.Must be one of either `mod` or `div`."
        )
    chosen = cast(chosen, "int32")
    wanted = apply_op("DynamicPartition", rows, chosen, num_partitions=count).outputs
    where = apply_op("DynamicPartition", places, chosen, num_partitions=count).outputs
    found = [gather(part, numbers) for part, numbers in zip(parts, wanted, strict=True)]
    stitched = apply("ParallelDynamicStitch", where, found, name=scope)
    rest = parts[0].shape[1:]
    for part in parts[1:]:
        rest = rest.merge_with(part.shape[1:])
    whole = reshape(stitched, concat([shape(ids), rest], 0))
    whole.set_shape(TensorShape(ids.dims).concatenate(rest))
    return _clipped(whole, ids, max_norm)


def _contiguous(parts: list[Any], flat: Tensor) -> tuple[Tensor, Tensor]:
    """Part and row of each number where each part has a run of them."""
    total = sum(int(part.shape.as_list()[0]) for part in parts)
    ids = constant(total, flat.dtype)
    count = len(parts)
    per_part: Any = ids // count
    extras: Any = ids % count
    long: Any = flat // (per_part + 1)
    short: Any = (flat - extras) // per_part
    chosen = apply("Maximum", long, short)
    condition: Any = chosen < extras
    in_long: Any = flat % (per_part + 1)
    in_short: Any = (flat - extras) % per_part
    return chosen, where(condition, in_long, in_short)


def nce_loss(
    weights: Any,
    biases: Any,
    labels: Any,
    inputs: Any,
    num_sampled: int,
    num_classes: int,
    num_true: int = 1,
    sampled_values: Any = None,
    remove_accidental_hits: bool = False,
    partition_strategy: str = "mod",
    name: str = "nce_loss",
) -> Tensor:
    """The loss of telling true classes from sampled ones."""
    how = (num_sampled, num_classes, num_true, sampled_values, partition_strategy)
    hits = remove_accidental_hits
    logits, truth = _sampled(weights, biases, labels, inputs, (*how, hits), name)
    loss = sigmoid_cross_entropy_with_logits(labels=truth, logits=logits, name="sampled_losses")
    return sum_rows(loss)


def sampled_softmax_loss(
    weights: Any,
    biases: Any,
    labels: Any,
    inputs: Any,
    num_sampled: int,
    num_classes: int,
    num_true: int = 1,
    sampled_values: Any = None,
    remove_accidental_hits: bool = True,
    partition_strategy: str = "mod",
    name: str = "sampled_softmax_loss",
    seed: Any = None,
) -> Tensor:
    """The loss over sampled classes."""
    how = (num_sampled, num_classes, num_true, sampled_values, partition_strategy)
    hits = remove_accidental_hits
    logits, truth = _sampled(weights, biases, labels, inputs, (*how, hits), name)
    truth = apply("StopGradient", truth, name="labels_stop_gradient")
    return softmax_cross_entropy_with_logits_v2(labels=truth, logits=logits)


def _sampled(
    weights: Any, biases: Any, labels: Any, inputs: Any, how: tuple[Any, ...], name: str
) -> tuple[Tensor, Tensor]:
    """Logits and labels of the true and the sampled classes."""
    num_sampled, num_classes, num_true, sampled_values, strategy, remove_hits = how
    if hasattr(weights, "_get_variable_list"):
        weights = list(weights)
    weights = weights if isinstance(weights, list) else [weights]
    with name_scope(name, "compute_sampled_logits"):
        labels = cast(labels, int64) if labels.dtype != int64 else labels
        flat = reshape(labels, [-1])
        if sampled_values is None:
            sampled_values = log_uniform_candidate_sampler(
                labels, num_true, num_sampled, True, num_classes
            )
        sampled, true_count, sampled_count = (apply("StopGradient", s) for s in sampled_values)
        sampled = cast(sampled, int64)
        ids = concat([flat, sampled], 0)
        rows = embedding_lookup(weights, ids, partition_strategy=strategy)
        true_w = slice(rows, [0, 0], stack([shape(flat)[0], -1]))
        sampled_w = slice(rows, stack([shape(flat)[0], 0]), [-1, -1])
        sampled_logits = matmul(inputs, sampled_w, transpose_b=True)
        offsets = embedding_lookup(biases, ids, partition_strategy=strategy)
        true_b = slice(offsets, [0], shape(flat))
        sampled_b = slice(offsets, shape(flat), [-1])
        width = shape(true_w)[1:2]
        sizes = concat([[-1, num_true], width], 0)
        dots = apply("Mul", expand_dims(inputs, 1), reshape(true_w, sizes))
        matrix = reshape(dots, concat([[-1], width], 0))
        true_logits = reshape(sum_rows(matrix), [-1, num_true])
        true_b = reshape(true_b, [-1, num_true])
        true_logits = true_logits + true_b
        sampled_logits = sampled_logits + sampled_b
        if remove_hits:
            sampled_logits = sampled_logits + _hits(labels, sampled, num_true, num_sampled)
        true_logits = true_logits - apply("Log", true_count)
        sampled_logits = sampled_logits - apply("Log", sampled_count)
        logits = concat([true_logits, sampled_logits], 1)
        share: Any = ones_like(true_logits) / num_true
        return logits, concat([share, zeros_like(sampled_logits)], 1)


def _hits(labels: Tensor, sampled: Tensor, num_true: int, num_sampled: int) -> Any:
    """What is added to the logits of sampled classes that are true ones."""
    op = apply_op("ComputeAccidentalHits", labels, sampled, num_true=num_true)
    rows, ids, weights = op.outputs
    rows = reshape(rows, [-1, 1])
    columns = reshape(cast(ids, "int32"), [-1, 1])
    indices = concat([rows, columns], 1, "sparse_indices")
    size = concat([shape(labels)[:1], expand_dims(num_sampled, 0)], 0)
    return apply("SparseToDense", indices, size, weights, 0.0)
