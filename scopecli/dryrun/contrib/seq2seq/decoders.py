"""Decoders, and the loop that they run in.

What counts are the variables and what comes out; the loop's own nodes are those that it needs.
https://github.com/tensorflow/tensorflow/blob/v1.15.5/tensorflow/contrib/seq2seq/python/ops/decoder.py
"""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.contrib.seq2seq.attention import tile_batch
from scopecli.dryrun.contrib.seq2seq.helpers import embedded
from scopecli.dryrun.graph.scopes import name_scope
from scopecli.dryrun.nn.ranking import top_k
from scopecli.dryrun.nn.rnn_loop import swapped
from scopecli.dryrun.ops.applying import apply, convert_to_tensor
from scopecli.dryrun.ops.arrays import reshape, shape, size
from scopecli.dryrun.ops.constants import constant
from scopecli.dryrun.ops.control_flow.loops import while_loop
from scopecli.dryrun.ops.control_flow.tensor_array import TensorArray
from scopecli.dryrun.ops.filled import zeros, zeros_like
from scopecli.dryrun.ops.reductions import reduce_all
from scopecli.dryrun.values.dtypes import as_dtype, float32
from scopecli.dryrun.values.shapes import TensorShape
from scopecli.dryrun.values.structures import flattened, map_structure, repacked
from scopecli.dryrun.variables.opening import variable_scope
from scopecli.model.records import NamedTuple


class BasicDecoderOutput(NamedTuple):
    """What a decoder gives at a step.

    Attributes:
        rnn_output: what the cell gives.
        sample_id: what was chosen.
    """

    rnn_output: Any
    sample_id: Any


class Decoder:
    """What is called at each step."""

    tracks_own_finished = False


class BasicDecoder(Decoder):
    """A cell that is given what a helper says."""

    def __init__(
        self, cell: Any, helper: Any, initial_state: Any, output_layer: Any = None
    ) -> None:
        self._cell, self._helper = cell, helper
        self._state, self._layer = initial_state, output_layer

    @property
    def batch_size(self) -> Any:
        """Number of examples."""
        return self._helper.batch_size

    def initialize(self, name: Any = None) -> Any:
        """Which examples are at their end, and the first inputs and state."""
        return (*self._helper.initialize(), self._state)

    def step(self, time: Any, inputs: Any, state: Any, name: Any = None) -> Any:
        """What comes out, and what comes next."""
        with name_scope(name, "BasicDecoderStep"):
            outputs, after = self._cell(inputs, state)
            if self._layer is not None:
                outputs = self._layer(outputs)
            chosen = self._helper.sample(time=time, outputs=outputs, state=after)
            finished, following, new = self._helper.next_inputs(
                time=time, outputs=outputs, state=after, sample_ids=chosen
            )
            return BasicDecoderOutput(outputs, chosen), new, following, finished


class BeamSearchDecoderOutput(NamedTuple):
    """What a search gives at a step.

    Attributes:
        scores: of the beams.
        predicted_ids: what was chosen.
        parent_ids: which beams they go on from.
    """

    scores: Any
    predicted_ids: Any
    parent_ids: Any


class BeamSearchDecoderState(NamedTuple):
    """The state of a search.

    Attributes:
        cell_state: of all beams.
        log_probs: how likely each is.
        finished: which are at their end.
        lengths: of each.
    """

    cell_state: Any
    log_probs: Any
    finished: Any
    lengths: Any


class FinalBeamSearchDecoderOutput(NamedTuple):
    """What a search gives at the end.

    Attributes:
        predicted_ids: the beams, the best first.
        beam_search_decoder_output: all steps.
    """

    predicted_ids: Any
    beam_search_decoder_output: Any


class BeamSearchDecoder(Decoder):
    """A cell whose likeliest outputs are all followed."""

    tracks_own_finished = True

    def __init__(
        self,
        cell: Any,
        embedding: Any,
        start_tokens: Any,
        end_token: Any,
        initial_state: Any,
        beam_width: int,
        output_layer: Any = None,
        length_penalty_weight: float = 0.0,
        **_: Any,
    ) -> None:
        self._cell, self._layer, self._state = cell, output_layer, initial_state
        self._embed, self._beams = embedded(embedding), beam_width
        self._tokens = convert_to_tensor(start_tokens, "int32", name="start_tokens")
        self._end = convert_to_tensor(end_token, "int32", name="end_token")
        self.batch_size = size(self._tokens)
        self._start = self._embed(tile_batch(self._tokens, beam_width))

    def initialize(self, name: Any = None) -> Any:
        """Which beams are at their end, and the first inputs and state."""
        sizes = [self.batch_size, self._beams]
        finished = zeros(sizes, "bool")
        none = zeros(sizes, float32)
        state = BeamSearchDecoderState(self._state, none, finished, zeros(sizes, "int64"))
        return finished, self._start, state

    def step(self, time: Any, inputs: Any, state: Any, name: Any = None) -> Any:
        """What comes out, and what comes next."""
        with name_scope(name, "BeamSearchDecoderStep"):
            outputs, after = self._cell(inputs, state.cell_state)
            if self._layer is not None:
                outputs = self._layer(outputs)
            classes = outputs.shape[-1].value
            scores = apply("LogSoftmax", outputs)
            flat = reshape(scores, [self.batch_size, -1])
            best, places = top_k(flat, self._beams)
            chosen: Any = apply("FloorMod", places, constant(classes or 1, "int32"))
            parents = apply("FloorDiv", places, constant(classes or 1, "int32"))
            finished = apply("LogicalOr", state.finished, apply("Equal", chosen, self._end))
            output = BeamSearchDecoderOutput(best, chosen, parents)
            new = BeamSearchDecoderState(after, best, finished, state.lengths)
            return output, new, self._embed(reshape(chosen, [-1])), finished

    def finalize(self, outputs: Any, state: Any) -> Any:
        """The beams from their ends."""
        found = apply("Identity", outputs.predicted_ids, name="predicted_ids")
        return FinalBeamSearchDecoderOutput(found, outputs), state


def dynamic_decode(
    decoder: Any,
    output_time_major: bool = False,
    impute_finished: bool = False,
    maximum_iterations: Any = None,
    parallel_iterations: int = 32,
    swap_memory: bool = False,
    scope: Any = None,
    **_: Any,
) -> tuple[Any, Any, Any]:
    """What a decoder gives at all steps, its last state, and the lengths of what it gave.

    Raises:
        TypeError: it is no decoder.
    """
    if not hasattr(decoder, "step"):
        raise TypeError(f"Expected decoder to be type Decoder, but saw: {type(decoder)}")
    with variable_scope(scope, "decoder"):
        finished, inputs, state = decoder.initialize()
        time = constant(0, "int32", name="time")
        lengths = zeros_like(finished, dtype="int32")
        structure: list[Any] = []
        arrays = [
            TensorArray(kind, 0, dynamic_size=True, element_shape=dims)
            for kind, dims in _outputs_of(decoder)
        ]

        def step(time: Any, written: Any, state: Any, inputs: Any, done: Any, lengths: Any) -> Any:
            output, new, following, ends = decoder.step(time, inputs, state)
            structure[:] = [output]
            if not decoder.tracks_own_finished:
                ends = apply("LogicalOr", ends, done)
            longer = apply("Fill", shape(lengths), time + 1)
            lengths = apply("Select", done, lengths, longer)
            pairs = zip(written, flattened(output), strict=True)
            written = tuple(array.write(time, value) for array, value in pairs)
            return time + 1, written, new, following, ends, lengths

        def going_on(_: Any, __: Any, ___: Any, ____: Any, done: Any, _____: Any) -> Any:
            return apply("LogicalNot", reduce_all(done))

        start = (time, tuple(arrays), state, inputs, finished, lengths)
        found = while_loop(
            going_on, step, start, _loose(start), maximum_iterations=maximum_iterations
        )
        _, written, last, _, _, lengths = found
        shapes = [dims for _, dims in _outputs_of(decoder, structure[0])]
        stacked = [array.stack() for array in written]
        for tensor, dims in zip(stacked, shapes, strict=True):
            tensor.set_shape((None, *dims))
        outputs = repacked(structure[0], stacked)
        if hasattr(decoder, "finalize"):
            outputs, last = decoder.finalize(outputs, last)
        if not output_time_major:
            outputs = map_structure(swapped, outputs)
    return outputs, last, lengths


def _outputs_of(decoder: Any, output: Any = None) -> list[tuple[Any, Any]]:
    """Type and shape of each part that a decoder gives."""
    if output is not None:
        return [(part.dtype, part.dims or (None,)) for part in flattened(output)]
    if isinstance(decoder, BeamSearchDecoder):
        return [(float32, None), (as_dtype("int32"), None), (as_dtype("int32"), None)]
    return [(float32, None), (as_dtype("int32"), None)]


def _loose(values: Any) -> list[TensorShape]:
    """Shapes of what goes round, of which the numbers of examples may change."""

    def loose(value: Any) -> TensorShape:
        dims = getattr(value, "dims", None)
        if isinstance(value, TensorArray):
            return TensorShape([])
        return TensorShape(None if dims is None else [None, *dims[1:]] if dims else [])

    return [loose(value) for value in flattened(values)]
