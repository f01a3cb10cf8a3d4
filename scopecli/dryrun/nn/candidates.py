"""Sampled classes: part of `tf.nn` and of `tf.random`.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/ops/candidate_sampling_ops.py
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.ops.applying import apply_op

if TYPE_CHECKING:
    from scopecli.dryrun.graph.nodes import Tensor


def _sampler(type_: str) -> Any:
    def sampler(
        true_classes: Any,
        num_true: int,
        num_sampled: int,
        unique: bool,
        range_max: Any = None,
        *_: Any,
        name: str | None = None,
        seed: Any = None,
        **__: Any,
    ) -> tuple[Tensor, ...]:
        op = apply_op(type_, true_classes, name=name, num_sampled=num_sampled)
        return tuple(op.outputs)

    return sampler


uniform_candidate_sampler = _sampler("UniformCandidateSampler")
log_uniform_candidate_sampler = _sampler("LogUniformCandidateSampler")
learned_unigram_candidate_sampler = _sampler("LearnedUnigramCandidateSampler")
fixed_unigram_candidate_sampler = _sampler("FixedUnigramCandidateSampler")
all_candidate_sampler = _sampler("AllCandidateSampler")


def compute_accidental_hits(
    true_classes: Any,
    sampled_candidates: Any,
    num_true: int,
    seed: Any = None,
    name: str | None = None,
) -> tuple[Tensor, ...]:
    """Which sampled classes are true ones."""
    inputs = true_classes, sampled_candidates
    return tuple(apply_op("ComputeAccidentalHits", *inputs, name=name, num_true=num_true).outputs)
