"""`tf.contrib.seq2seq`: attention, decoders and their helpers.

https://github.com/tensorflow/tensorflow/tree/v1.15.5/tensorflow/contrib/seq2seq
"""

from __future__ import annotations

from scopecli.dryrun.namespaces import attributes

_MODULES = {
    "contrib.seq2seq.attention": "BahdanauAttention LuongAttention AttentionMechanism"
    " AttentionWrapper AttentionWrapperState tile_batch hardmax",
    "contrib.seq2seq.helpers": "Helper TrainingHelper GreedyEmbeddingHelper SampleEmbeddingHelper"
    " ScheduledEmbeddingTrainingHelper InferenceHelper CustomHelper",
    "contrib.seq2seq.decoders": "Decoder BasicDecoder BasicDecoderOutput dynamic_decode"
    " BeamSearchDecoder BeamSearchDecoderOutput BeamSearchDecoderState"
    " FinalBeamSearchDecoderOutput",
    "contrib.seq2seq.losses": "sequence_loss",
}
__getattr__ = attributes(__name__, _MODULES)
