"""Cells around other cells that have variables of their own.

https://github.com/tensorflow/tensorflow/blob/v1.15.5/tensorflow/contrib/rnn/python/ops/core_rnn_cell.py
"""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.contrib.rnn.linear import Linear
from scopecli.dryrun.nn.activations import softmax
from scopecli.dryrun.nn.convolutions import conv2d
from scopecli.dryrun.nn.embeddings import embedding_lookup
from scopecli.dryrun.nn.rnn_cell.base import RNNCell, depth_of, tanh
from scopecli.dryrun.ops.arrays import concat, expand_dims, reshape
from scopecli.dryrun.ops.indexing import slice
from scopecli.dryrun.ops.reductions import reduce_sum
from scopecli.dryrun.values.structures import flattened
from scopecli.dryrun.variables.getting import get_variable
from scopecli.dryrun.variables.initializers import random_uniform_initializer
from scopecli.dryrun.variables.opening import variable_scope


class AttentionCellWrapper(RNNCell):
    """A cell that looks at its last states."""

    def __init__(
        self,
        cell: Any,
        attn_length: int,
        attn_size: Any = None,
        attn_vec_size: Any = None,
        input_size: Any = None,
        state_is_tuple: bool = True,
        reuse: Any = None,
    ) -> None:
        super().__init__(_reuse=reuse)
        self.cell, self.length = cell, attn_length
        self.size = cell.output_size if attn_size is None else attn_size
        self.width = self.size if attn_vec_size is None else attn_vec_size
        self.input_size, self.state_is_tuple = input_size, state_is_tuple
        self.output_size = self.size
        sizes = (cell.state_size, self.size, self.size * attn_length)
        self.state_size = sizes if state_is_tuple else sum(flattened(sizes))
        self._of_inputs, self._of_query, self._of_output = Linear(), Linear(), Linear()

    def _parts(self, state: Any) -> Any:
        if self.state_is_tuple:
            return state
        own, size = sum(flattened(self.cell.state_size)), self.size
        places = ((0, own), (own, size), (own + size, size * self.length))
        return [slice(state, [0, start], [-1, width]) for start, width in places]

    def call(self, inputs: Any, state: Any = None, **_: Any) -> Any:
        before, attention, states = self._parts(state)
        states = reshape(states, [-1, self.length, self.size])
        width = self.input_size or depth_of(inputs.shape)
        inputs = self._of_inputs([inputs, attention], width)
        output, new = self.cell(inputs, before)
        query = concat(flattened(new), 1) if self.state_is_tuple else new
        attention, states = self._attention(query, states)
        with variable_scope("attn_output_projection"):
            output = self._of_output([output, attention], self.size)
        states = concat([states, expand_dims(output, 1)], 1)
        states = reshape(states, [-1, self.length * self.size])
        found = (new, attention, states)
        return output, found if self.state_is_tuple else concat(flattened(found), 1)

    def _attention(self, query: Any, states: Any) -> tuple[Any, Any]:
        with variable_scope("attention"):
            kernel = get_variable("attn_w", [1, 1, self.size, self.width])
            weights: Any = get_variable("attn_v", [self.width])
            hidden: Any = reshape(states, [-1, self.length, 1, self.size])
            features = conv2d(hidden, kernel, [1, 1, 1, 1], "SAME")
            y = self._of_query([query], self.width)
            y = reshape(y, [-1, 1, 1, self.width])
            shares = softmax(reduce_sum(weights * tanh(features + y), [2, 3]))
            found: Any = reshape(shares, [-1, self.length, 1, 1]) * hidden
            attention = reshape(reduce_sum(found, [1, 2]), [-1, self.size])
            return attention, slice(states, [0, 1, 0], [-1, -1, -1])


class _Around(RNNCell):
    """A cell around another, with a product of its own."""

    def __init__(self, cell: Any, reuse: Any = None) -> None:
        super().__init__(_reuse=reuse)
        self.cell = cell
        self.state_size, self.output_size = cell.state_size, cell.output_size
        self._linear = Linear()

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        return self.cell.zero_state(batch_size, dtype)


class InputProjectionWrapper(_Around):
    """A cell whose inputs go through a product first."""

    def __init__(
        self, cell: Any, num_proj: int, activation: Any = None, input_size: Any = None, **_: Any
    ) -> None:
        super().__init__(cell)
        self.units, self.activation = num_proj, activation

    def call(self, inputs: Any, state: Any = None, **_: Any) -> Any:
        projected = self._linear([inputs], self.units)
        return self.cell(self.activation(projected) if self.activation else projected, state)


class OutputProjectionWrapper(_Around):
    """A cell whose outputs go through a product."""

    def __init__(
        self, cell: Any, output_size: int, activation: Any = None, reuse: Any = None
    ) -> None:
        super().__init__(cell, reuse)
        self.output_size, self.activation = output_size, activation

    def call(self, inputs: Any, state: Any = None, **_: Any) -> Any:
        output, new = self.cell(inputs, state)
        projected = self._linear([output], self.output_size)
        return (self.activation(projected) if self.activation else projected), new


class EmbeddingWrapper(_Around):
    """A cell whose inputs are numbers of rows."""

    def __init__(
        self,
        cell: Any,
        embedding_classes: int,
        embedding_size: int,
        initializer: Any = None,
        reuse: Any = None,
    ) -> None:
        super().__init__(cell, reuse)
        self.sizes, self.initializer = [embedding_classes, embedding_size], initializer

    def call(self, inputs: Any, state: Any = None, **_: Any) -> Any:
        start = self.initializer or random_uniform_initializer(-(3**0.5), 3**0.5)
        table = get_variable("embedding", self.sizes, flattened(state)[0].dtype, start)
        rows = embedding_lookup(table, reshape(inputs, [-1]))
        return self.cell(rows, state)
