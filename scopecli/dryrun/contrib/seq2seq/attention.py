"""Attention to a memory, and a cell that has it.

https://github.com/tensorflow/tensorflow/blob/v1.15.5/tensorflow/contrib/seq2seq/python/ops/attention_wrapper.py
"""

from __future__ import annotations

from math import sqrt
from typing import Any

from scopecli.dryrun.graph.scopes import name_scope
from scopecli.dryrun.layers.core import Dense
from scopecli.dryrun.nn.activations import softmax
from scopecli.dryrun.nn.rnn_cell.base import RNNCell
from scopecli.dryrun.ops.applying import apply, convert_to_tensor
from scopecli.dryrun.ops.arrays import concat, expand_dims, identity, reshape, shape, squeeze
from scopecli.dryrun.ops.control_flow.tensor_array import TensorArray
from scopecli.dryrun.ops.filled import ones_like, zeros
from scopecli.dryrun.ops.indexing import one_hot, sequence_mask, where
from scopecli.dryrun.ops.products import matmul
from scopecli.dryrun.ops.reductions import argmax, reduce_sum
from scopecli.dryrun.values.shapes import TensorShape
from scopecli.dryrun.values.structures import flattened, map_structure
from scopecli.dryrun.variables.getting import get_variable
from scopecli.dryrun.variables.initializers import constant_initializer, ones_initializer
from scopecli.dryrun.variables.opening import variable_scope
from scopecli.model.records import NamedTuple


class AttentionMechanism:
    """What weighs the rows of a memory by a query.

    Attributes:
        memory_layer: makes keys of the memory.
        query_layer: what a query goes through first.
        values: the memory.
        keys: what queries are held against.
        batch_size: number of examples.
        alignments_size: number of rows; unknown where the memory does not say.
    """

    def __init__(
        self,
        query_layer: Any,
        memory: Any,
        memory_layer: Any,
        lengths: Any,
        probability_fn: Any,
        score_mask_value: Any,
        name: str,
    ) -> None:
        self.query_layer, self.memory_layer = query_layer, memory_layer
        self._probability = probability_fn or softmax
        with name_scope(name, "BaseAttentionMechanismInit", flattened(memory)):
            values = convert_to_tensor(memory, name="memory")
            self._mask: Any = None
            if lengths is not None:
                lengths = convert_to_tensor(lengths, name="memory_sequence_length")
                rows: Any = shape(values)
                mask = sequence_mask(lengths, rows[1], values.dtype)
                self._mask = sequence_mask(lengths, rows[1])
                more = len(values.dims or ()) - 2
                for _ in range(more):
                    mask = expand_dims(mask, -1)
                values = values * mask
            self.values: Any = values
            self.keys: Any = memory_layer(values) if memory_layer else values
            dims = self.keys.dims or (None, None)
            sizes: Any = None if None not in dims[:2] else shape(self.keys)
            self.batch_size: Any = dims[0] if dims[0] is not None else sizes[0]
            self.alignments_size: Any = dims[1] if dims[1] is not None else sizes[1]
        self.score_mask_value = float("-inf") if score_mask_value is None else score_mask_value

    @property
    def state_size(self) -> Any:
        """As many as there are rows."""
        return self.alignments_size

    def initial_alignments(self, batch_size: Any, dtype: Any) -> Any:
        """No weights yet."""
        found = zeros([batch_size, self.alignments_size], dtype)
        fixed = [v if isinstance(v, int) else None for v in (batch_size, self.alignments_size)]
        found.set_shape(fixed)
        return found

    initial_state = initial_alignments

    def __call__(self, query: Any, state: Any = None, previous_alignments: Any = None) -> Any:
        with variable_scope(None, self._scope_name(), [query]):
            score = self._score(query)
        if self._mask is not None:
            nothing: Any = self.score_mask_value * ones_like(score)
            score = where(self._mask, score, nothing)
        found = self._probability(score)
        return found, found

    def _scope_name(self) -> str:
        raise NotImplementedError

    def _score(self, query: Any) -> Any:
        raise NotImplementedError


class BahdanauAttention(AttentionMechanism):
    """Scores out of a sum of keys and queries."""

    def __init__(
        self,
        num_units: int,
        memory: Any,
        memory_sequence_length: Any = None,
        normalize: bool = False,
        probability_fn: Any = None,
        score_mask_value: Any = None,
        dtype: Any = None,
        custom_key_value_fn: Any = None,
        name: str = "BahdanauAttention",
    ) -> None:
        self.units, self.normalizes = num_units, normalize
        query_layer = Dense(num_units, name="query_layer", use_bias=False, dtype=dtype)
        memory_layer = Dense(num_units, name="memory_layer", use_bias=False, dtype=dtype)
        rest = memory_sequence_length, probability_fn, score_mask_value, name
        super().__init__(query_layer, memory, memory_layer, *rest)

    def _scope_name(self) -> str:
        return "bahdanau_attention"

    def _score(self, query: Any) -> Any:
        kind = query.dtype
        processed = expand_dims(self.query_layer(query), 1)
        v: Any = get_variable("attention_v", [self.units], kind)
        if not self.normalizes:
            return reduce_sum(v * apply("Tanh", self.keys + processed), [2])
        start = constant_initializer(sqrt(1.0 / self.units))
        g: Any = get_variable("attention_g", shape=(), dtype=kind, initializer=start)
        zero = constant_initializer(0.0)
        b: Any = get_variable("attention_b", [self.units], kind, zero)
        length = apply("Rsqrt", reduce_sum(apply("Square", v)))
        normed = g * v * length
        return reduce_sum(normed * apply("Tanh", self.keys + processed + b), [2])


class LuongAttention(AttentionMechanism):
    """Scores out of a product of keys and queries."""

    def __init__(
        self,
        num_units: int,
        memory: Any,
        memory_sequence_length: Any = None,
        scale: bool = False,
        probability_fn: Any = None,
        score_mask_value: Any = None,
        dtype: Any = None,
        custom_key_value_fn: Any = None,
        name: str = "LuongAttention",
    ) -> None:
        self.units, self.scales = num_units, scale
        memory_layer = Dense(num_units, name="memory_layer", use_bias=False, dtype=dtype)
        rest = memory_sequence_length, probability_fn, score_mask_value, name
        super().__init__(None, memory, memory_layer, *rest)

    def _scope_name(self) -> str:
        return "luong_attention"

    def _score(self, query: Any) -> Any:
        depth, own = query.shape[-1].value, self.keys.shape[-1].value
        if depth != own:
            raise ValueError(
                "Incompatible or unknown inner dimensions between query and keys.  Query "
                f"({query}) has units: {depth}.  Keys ({self.keys}) have units: {own}.  Perhaps "
                "you need to set num_units to the keys' dimension "
                f"({own})?"
            )
        g: Any = None
        if self.scales:
            g = get_variable(
                "attention_g", shape=(), dtype=query.dtype, initializer=ones_initializer()
            )
        score: Any = matmul(expand_dims(query, 1), self.keys, transpose_b=True)
        score = squeeze(score, [1])
        return score if g is None else g * score


class AttentionWrapperState(NamedTuple):
    """The state of a cell with attention.

    Attributes:
        cell_state: of the cell inside.
        attention: what was attended to last.
        time: number of the step.
        alignments: weights of the rows, last.
        alignment_history: at all steps.
        attention_state: what mechanisms keep.
    """

    cell_state: Any
    attention: Any
    time: Any
    alignments: Any
    alignment_history: Any
    attention_state: Any

    def clone(self, **changes: Any) -> AttentionWrapperState:
        """Another one with other parts."""
        return self._replace(**changes)


class AttentionWrapper(RNNCell):
    """A cell that attends to a memory."""

    def __init__(
        self,
        cell: Any,
        attention_mechanism: Any,
        attention_layer_size: Any = None,
        alignment_history: bool = False,
        cell_input_fn: Any = None,
        output_attention: bool = True,
        initial_cell_state: Any = None,
        name: Any = None,
        attention_layer: Any = None,
        **_: Any,
    ) -> None:
        super().__init__(name=name)
        self.several = isinstance(attention_mechanism, (list, tuple))
        self.mechanisms = tuple(attention_mechanism) if self.several else (attention_mechanism,)
        self.cell, self.keeps = cell, alignment_history
        self.input_fn, self.gives = cell_input_fn, output_attention
        self.initial_cell_state = initial_cell_state
        count = len(self.mechanisms)
        self.layers: tuple[Any, ...] = (None,) * count
        if attention_layer_size is not None:
            sizes = attention_layer_size if self.several else (attention_layer_size,)
            self.layers = tuple(
                Dense(size, name="attention_layer", use_bias=False) for size in sizes
            )
            self.attention_size = sum(sizes)
        elif attention_layer is not None:
            self.layers = tuple(attention_layer) if self.several else (attention_layer,)
            self.attention_size = sum(layer.units for layer in self.layers)
        else:
            self.attention_size = sum(m.values.shape[-1].value for m in self.mechanisms)
        self.output_size = self.attention_size if output_attention else cell.output_size

    def _item_or_tuple(self, parts: Any) -> Any:
        parts = tuple(parts)
        return parts if self.several else parts[0]

    @property
    def state_size(self) -> Any:
        """Of all parts."""
        rows = self._item_or_tuple(m.alignments_size for m in self.mechanisms)
        history = rows if self.keeps else ()
        return AttentionWrapperState(
            self.cell.state_size, self.attention_size, TensorShape([]), rows, history, rows
        )

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        with name_scope(type(self).__name__ + "ZeroState"):
            state = self.initial_cell_state
            if state is None:
                state = self.cell.zero_state(batch_size, dtype)
            state = map_structure(lambda part: identity(part, "checked_cell_state"), state)
            rows = [m.initial_alignments(batch_size, dtype) for m in self.mechanisms]
            attention = zeros([batch_size, self.attention_size], dtype)
            fixed = batch_size if isinstance(batch_size, int) else None
            attention.set_shape([fixed, self.attention_size])
            history = self._item_or_tuple(
                TensorArray(dtype, 0, dynamic_size=True, element_shape=part.shape)
                if self.keeps
                else ()
                for part in rows
            )
            aligned = self._item_or_tuple(rows)
            time = zeros([], "int32")
            return AttentionWrapperState(state, attention, time, aligned, history, aligned)

    def call(self, inputs: Any, state: Any = None, **_: Any) -> Any:
        if not isinstance(state, AttentionWrapperState):
            raise TypeError(
                f"Expected state to be instance of AttentionWrapperState. Received type "
                f"{type(state)} instead."
            )
        if self.input_fn is None:
            given = concat([inputs, state.attention], -1)
        else:
            given = self.input_fn(inputs, state.attention)
        output, cell_state = self.cell(given, state.cell_state)
        before = state.attention_state if self.several else (state.attention_state,)
        history = state.alignment_history if self.several else (state.alignment_history,)
        attentions, rows, kept, new = [], [], [], []
        for place, mechanism in enumerate(self.mechanisms):
            aligned, after = mechanism(output, before[place])
            context = squeeze(matmul(expand_dims(aligned, 1), mechanism.values), [1])
            layer = self.layers[place]
            attention = context if layer is None else layer(concat([output, context], 1))
            attentions.append(attention)
            rows.append(aligned)
            new.append(after)
            kept.append(history[place].write(state.time, aligned) if self.keeps else ())
        attention = concat(attentions, 1) if len(attentions) > 1 else attentions[0]
        found = AttentionWrapperState(
            cell_state,
            attention,
            state.time + 1,
            self._item_or_tuple(rows),
            self._item_or_tuple(kept),
            self._item_or_tuple(new),
        )
        return (attention if self.gives else output), found


def tile_batch(t: Any, multiplier: int, name: Any = None) -> Any:
    """Each example as often as there are beams."""
    with name_scope(name, "tile_batch", flattened(t)):
        return map_structure(lambda part: _tiled(part, multiplier), t)


def _tiled(tensor: Any, times: int) -> Any:
    tensor = convert_to_tensor(tensor, name="t")
    sizes: Any = shape(tensor)
    multiples = [1] * (len(tensor.dims) + 1)
    multiples[1] = times
    found = apply("Tile", expand_dims(tensor, 1), multiples)
    found = reshape(found, concat(([sizes[0] * times], sizes[1:]), 0))
    rows = tensor.dims[0]
    found.set_shape([None if rows is None else rows * times, *tensor.dims[1:]])
    return found


def hardmax(logits: Any, name: Any = None) -> Any:
    """One for the largest of each row, and zero for the rest."""
    with name_scope(name, "Hardmax", [logits]):
        logits = convert_to_tensor(logits, name="logits")
        depth = logits.shape[-1].value
        if depth is None:
            sizes: Any = shape(logits)
            depth = sizes[-1]
        return one_hot(argmax(logits, -1), depth, dtype=logits.dtype)
