"""What a decoder is given at each step.

https://github.com/tensorflow/tensorflow/blob/v1.15.5/tensorflow/contrib/seq2seq/python/ops/helper.py
"""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.graph.scopes import name_scope
from scopecli.dryrun.nn.embeddings import embedding_lookup
from scopecli.dryrun.nn.rnn_loop import swapped
from scopecli.dryrun.ops.applying import apply, convert_to_tensor
from scopecli.dryrun.ops.arithmetic import cast
from scopecli.dryrun.ops.arrays import reshape, shape, size, squeeze
from scopecli.dryrun.ops.filled import fill, zeros_like
from scopecli.dryrun.ops.indexing import gather, where
from scopecli.dryrun.ops.reductions import argmax, reduce_all
from scopecli.dryrun.random import multinomial
from scopecli.dryrun.values.shapes import TensorShape
from scopecli.dryrun.values.structures import map_structure


class Helper:
    """What a decoder is given at each step.

    Attributes:
        batch_size: number of examples.
        sample_ids_shape: of what is chosen for an example.
        sample_ids_dtype: type of that.
    """

    batch_size: Any
    sample_ids_shape: Any = TensorShape([])
    sample_ids_dtype: Any = "int32"


def embedded(embedding: Any) -> Any:
    """The function that makes rows of numbers."""
    return embedding if callable(embedding) else lambda ids: embedding_lookup(embedding, ids)


class TrainingHelper(Helper):
    """The inputs that were written down."""

    def __init__(
        self, inputs: Any, sequence_length: Any, time_major: bool = False, name: Any = None
    ) -> None:
        with name_scope(name, "TrainingHelper", [inputs, sequence_length]):
            inputs = map_structure(convert_to_tensor, inputs)
            self.inputs = inputs if time_major else map_structure(swapped, inputs)
            self.sequence_length = convert_to_tensor(sequence_length, name="sequence_length")
            self.zero_inputs = map_structure(lambda part: zeros_like(part[0, :]), self.inputs)
            self.batch_size = size(self.sequence_length)

    def _at(self, time: Any, finished: Any) -> Any:
        step = map_structure(lambda part: gather(part, time), self.inputs)
        ends = reduce_all(finished)
        return map_structure(
            lambda value, nothing: _chosen(ends, nothing, value), step, self.zero_inputs
        )

    def initialize(self, name: Any = None) -> Any:
        """Which examples are at their end, and the first inputs."""
        with name_scope(name, "TrainingHelperInitialize"):
            finished = apply("Equal", 0, self.sequence_length)
            return finished, self._at(0, finished)

    def sample(self, time: Any, outputs: Any, state: Any, name: Any = None) -> Any:
        """The most likely."""
        with name_scope(name, "TrainingHelperSample"):
            return cast(argmax(outputs, axis=-1), "int32")

    def next_inputs(
        self, time: Any, outputs: Any, state: Any, name: Any = None, **_: Any
    ) -> tuple[Any, Any, Any]:
        """What comes next."""
        with name_scope(name, "TrainingHelperNextInputs"):
            after = time + 1
            finished = apply("GreaterEqual", after, self.sequence_length)
            return finished, self._at(after, finished), state


def _chosen(condition: Any, yes: Any, no: Any) -> Any:
    from scopecli.dryrun.ops.control_flow.conditionals import cond

    return cond(condition, lambda: yes, lambda: no)


class ScheduledEmbeddingTrainingHelper(TrainingHelper):
    """The inputs that were written down, and now and then what was chosen."""

    def __init__(
        self,
        inputs: Any,
        sequence_length: Any,
        embedding: Any,
        sampling_probability: Any,
        time_major: bool = False,
        name: Any = None,
        **_: Any,
    ) -> None:
        super().__init__(inputs, sequence_length, time_major, name)
        self._embed = embedded(embedding)

    def next_inputs(
        self,
        time: Any,
        outputs: Any,
        state: Any,
        name: Any = None,
        sample_ids: Any = None,
        **_: Any,
    ) -> tuple[Any, Any, Any]:
        """What comes next."""
        finished, given, state = super().next_inputs(time, outputs, state, name)
        chosen = self._embed(sample_ids)
        is_chosen = apply("GreaterEqual", sample_ids, 0)
        return finished, where(is_chosen, chosen, given), state


class GreedyEmbeddingHelper(Helper):
    """What was chosen last: the most likely."""

    def __init__(self, embedding: Any, start_tokens: Any, end_token: Any) -> None:
        self._embed = embedded(embedding)
        self.start_tokens = convert_to_tensor(start_tokens, "int32", name="start_tokens")
        self.end_token = convert_to_tensor(end_token, "int32", name="end_token")
        self.batch_size = size(self.start_tokens)
        self.start_inputs = self._embed(self.start_tokens)

    def initialize(self, name: Any = None) -> Any:
        """Which examples are at their end, and the first inputs."""
        return fill(reshape(self.batch_size, [1]), False), self.start_inputs

    def sample(self, time: Any, outputs: Any, state: Any, name: Any = None) -> Any:
        """The most likely."""
        return argmax(outputs, axis=-1, output_type="int32")

    def next_inputs(
        self,
        time: Any,
        outputs: Any,
        state: Any,
        name: Any = None,
        sample_ids: Any = None,
        **_: Any,
    ) -> tuple[Any, Any, Any]:
        """What comes next."""
        finished = apply("Equal", sample_ids, self.end_token)
        nothing, ends = self.start_inputs, reduce_all(finished)
        return finished, _chosen(ends, nothing, self._embed(sample_ids)), state


class SampleEmbeddingHelper(GreedyEmbeddingHelper):
    """What was chosen last, by chance."""

    def __init__(
        self,
        embedding: Any,
        start_tokens: Any,
        end_token: Any,
        softmax_temperature: Any = None,
        seed: Any = None,
    ) -> None:
        super().__init__(embedding, start_tokens, end_token)
        self._temperature = softmax_temperature

    def sample(self, time: Any, outputs: Any, state: Any, name: Any = None) -> Any:
        """One of them, by chance."""
        logits = outputs if self._temperature is None else outputs / self._temperature
        return squeeze(cast(multinomial(logits, 1), "int32"), [1])


class InferenceHelper(Helper):
    """What functions of the program say."""

    def __init__(
        self,
        sample_fn: Any,
        sample_shape: Any,
        sample_dtype: Any,
        start_inputs: Any,
        end_fn: Any,
        next_inputs_fn: Any = None,
    ) -> None:
        self._sample, self._end, self._next = sample_fn, end_fn, next_inputs_fn
        self.sample_ids_shape, self.sample_ids_dtype = TensorShape(sample_shape), sample_dtype
        self.start_inputs = convert_to_tensor(start_inputs, name="start_inputs")
        sizes: Any = shape(self.start_inputs)
        self.batch_size = sizes[0]

    def initialize(self, name: Any = None) -> Any:
        """Which examples are at their end, and the first inputs."""
        return fill(reshape(self.batch_size, [1]), False), self.start_inputs

    def sample(self, time: Any, outputs: Any, state: Any, name: Any = None) -> Any:
        """What the program chooses."""
        return self._sample(outputs)

    def next_inputs(
        self,
        time: Any,
        outputs: Any,
        state: Any,
        name: Any = None,
        sample_ids: Any = None,
        **_: Any,
    ) -> tuple[Any, Any, Any]:
        """What comes next."""
        following = sample_ids if self._next is None else self._next(sample_ids)
        return self._end(sample_ids), following, state


class CustomHelper(Helper):
    """All of it as functions of the program."""

    def __init__(
        self,
        initialize_fn: Any,
        sample_fn: Any,
        next_inputs_fn: Any,
        sample_ids_shape: Any = None,
        sample_ids_dtype: Any = None,
    ) -> None:
        self._initialize, self._sample, self._next = initialize_fn, sample_fn, next_inputs_fn
        self.sample_ids_shape = TensorShape(sample_ids_shape or [])
        self.sample_ids_dtype = sample_ids_dtype or "int32"

    def initialize(self, name: Any = None) -> Any:
        """Which examples are at their end, and the first inputs."""
        finished, inputs = self._initialize()
        self.batch_size = size(finished)
        return finished, inputs

    def sample(self, time: Any, outputs: Any, state: Any, name: Any = None) -> Any:
        """What the program chooses."""
        return self._sample(time=time, outputs=outputs, state=state)

    def next_inputs(
        self,
        time: Any,
        outputs: Any,
        state: Any,
        name: Any = None,
        sample_ids: Any = None,
        **_: Any,
    ) -> tuple[Any, Any, Any]:
        """What comes next."""
        return self._next(time=time, outputs=outputs, state=state, sample_ids=sample_ids)  # type: ignore[no-any-return]
