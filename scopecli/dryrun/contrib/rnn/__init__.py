"""`tf.contrib.rnn`: the cells of `tf.nn.rnn_cell`, and those that never moved there.

https://github.com/tensorflow/tensorflow/tree/v1.15.5/tensorflow/contrib/rnn
"""

from __future__ import annotations

from scopecli.dryrun.namespaces import attributes

_MODULES = {
    "nn.rnn_cell.base": "RNNCell",
    "nn.rnn_cell.basic": "BasicRNNCell GRUCell",
    "nn.rnn_cell.lstm": "LSTMStateTuple BasicLSTMCell LSTMCell",
    "nn.rnn_cell.wrappers": "MultiRNNCell DropoutWrapper ResidualWrapper DeviceWrapper",
    "nn.rnn": "static_rnn static_bidirectional_rnn",
    "contrib.rnn.cells": "LayerNormBasicLSTMCell UGRNNCell NASCell"
    " CoupledInputForgetGateLSTMCell ConvLSTMCell Conv1DLSTMCell Conv2DLSTMCell Conv3DLSTMCell",
    "contrib.rnn.blocks": "LSTMBlockCell LSTMBlockFusedCell GRUBlockCell GRUBlockCellV2",
    "contrib.rnn.wrappers": "AttentionCellWrapper InputProjectionWrapper OutputProjectionWrapper"
    " EmbeddingWrapper",
    "contrib.rnn.stacked": "stack_bidirectional_dynamic_rnn stack_bidirectional_rnn",
}
__getattr__ = attributes(__name__, _MODULES)
