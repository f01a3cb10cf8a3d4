"""`tf.nn`."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from scopecli.dryrun.namespaces import attributes

_MODULES = {
    "nn.activations": "bias_add xw_plus_b relu_layer relu6 leaky_relu crelu swish silu softmax"
    " log_softmax dropout",
    "nn.normalization": "moments batch_normalization fused_batch_norm l2_normalize",
    "nn.fractions": "zero_fraction",
    "nn.ranking": "top_k in_top_k",
    "nn.cross_entropy": "softmax_cross_entropy_with_logits softmax_cross_entropy_with_logits_v2"
    " sparse_softmax_cross_entropy_with_logits sigmoid_cross_entropy_with_logits"
    " weighted_cross_entropy_with_logits",
    "nn.convolutions": "conv2d conv3d conv1d convolution atrous_conv2d",
    "nn.transposed_convolutions": "conv2d_transpose conv3d_transpose conv1d_transpose",
    "nn.depthwise_convolutions": "depthwise_conv2d_native depthwise_conv2d separable_conv2d",
    "nn.pooling": "max_pool max_pool2d avg_pool avg_pool2d max_pool3d avg_pool3d max_pool1d"
    " avg_pool1d pool",
    "nn.embeddings": "embedding_lookup nce_loss sampled_softmax_loss",
    "nn.candidates": "uniform_candidate_sampler log_uniform_candidate_sampler"
    " learned_unigram_candidate_sampler fixed_unigram_candidate_sampler all_candidate_sampler"
    " compute_accidental_hits",
    "nn.statistics": "weighted_moments sufficient_statistics normalize_moments log_poisson_loss",
    "nn.morphology": "dilation2d erosion2d fractional_max_pool fractional_avg_pool space_to_batch"
    " batch_to_space",
    "nn.sparse_embeddings": "embedding_lookup_sparse safe_embedding_lookup_sparse",
    "nn.rnn": "static_rnn static_bidirectional_rnn",
    "nn.connectionist": "ctc_loss ctc_greedy_decoder ctc_beam_search_decoder",
    "nn.raw_rnn": "raw_rnn",
    "nn.rnn_loop": "dynamic_rnn bidirectional_dynamic_rnn",
}
_names = attributes(__name__, _MODULES)


def __getattr__(name: str) -> Any:
    """Find a name when it is first used."""
    if name == "rnn_cell":
        return import_module(f"{__name__}.rnn_cell")
    return _names(name)
