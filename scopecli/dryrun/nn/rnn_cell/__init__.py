"""`tf.nn.rnn_cell`: cells that are layers of two inputs.

https://github.com/tensorflow/tensorflow/blob/v1.15.5/tensorflow/python/ops/rnn_cell_impl.py
"""

from __future__ import annotations

from scopecli.dryrun.namespaces import attributes

_MODULES = {
    "nn.rnn_cell.base": "RNNCell",
    "nn.rnn_cell.basic": "BasicRNNCell GRUCell",
    "nn.rnn_cell.lstm": "LSTMStateTuple BasicLSTMCell LSTMCell",
    "nn.rnn_cell.wrappers": "MultiRNNCell DropoutWrapper ResidualWrapper DeviceWrapper",
}
__getattr__ = attributes(__name__, _MODULES)
