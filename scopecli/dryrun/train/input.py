"""Input through queues: `tf.train.batch`, `tf.train.string_input_producer` and their kin.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/training/input.py
"""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.graph.keys import GraphKeys
from scopecli.dryrun.graph.nodes import Tensor
from scopecli.dryrun.graph.scopes import control_dependencies, name_scope
from scopecli.dryrun.ops.applying import apply, convert_to_tensor
from scopecli.dryrun.ops.arithmetic import cast
from scopecli.dryrun.ops.arithmetic import range as range_
from scopecli.dryrun.ops.arrays import identity, shape, size
from scopecli.dryrun.ops.constants import constant
from scopecli.dryrun.ops.control_flow.asserting import Assert
from scopecli.dryrun.ops.indexing import gather
from scopecli.dryrun.queues import (
    FIFOQueue,
    PaddingFIFOQueue,
    QueueRunner,
    RandomShuffleQueue,
    add_queue_runner,
)
from scopecli.dryrun.summary import scalar
from scopecli.dryrun.values.shapes import TensorShape
from scopecli.dryrun.variables.variable import Variable


def limit_epochs(tensor: Any, num_epochs: Any = None, name: str | None = None) -> Any:
    """A tensor that is to be had so many times; a local variable counts.

    Raises:
        ValueError: it is to be had never.
    """
    if num_epochs is None:
        return tensor
    if num_epochs <= 0:
        raise ValueError(f"num_epochs must be > 0 not {num_epochs}.")
    with name_scope(name, "limit_epochs", [tensor]) as scope:
        zero = constant(0, "int64")
        epochs: Any = Variable(
            zero, name="epochs", trainable=False, collections=[GraphKeys.LOCAL_VARIABLES]
        )
        counter = epochs.count_up_to(num_epochs)
        with control_dependencies([counter]):
            return identity(tensor, name=scope)


def input_producer(
    input_tensor: Any,
    element_shape: Any = None,
    num_epochs: Any = None,
    shuffle: bool = True,
    seed: Any = None,
    capacity: int = 32,
    shared_name: Any = None,
    summary_name: Any = None,
    name: str | None = None,
    cancel_op: Any = None,
) -> FIFOQueue:
    """A queue of the rows of a tensor."""
    with name_scope(name, "input_producer", [input_tensor]):
        rows = convert_to_tensor(input_tensor, name="input_tensor")
        element = rows.shape[1:].merge_with(TensorShape(element_shape))
        if not element.is_fully_defined():
            raise ValueError(
                "Either `input_tensor` must have a fully defined shape or `element_shape` must be "
                "specified"
            )
        if shuffle:
            rows = apply("RandomShuffle", rows)
        rows = limit_epochs(rows, num_epochs)
        queue = FIFOQueue(capacity, [rows.dtype.base_dtype], [element], name=name or "FIFOQueueV2")
        filled = queue.enqueue_many([rows])
        add_queue_runner(QueueRunner(queue, [filled], cancel_op=cancel_op))
        if summary_name is not None:
            full: Any = cast(queue.size(), "float32")
            scalar(summary_name, full * (1.0 / capacity))
        return queue


def string_input_producer(
    string_tensor: Any,
    num_epochs: Any = None,
    shuffle: bool = True,
    seed: Any = None,
    capacity: int = 32,
    shared_name: Any = None,
    name: str | None = None,
    cancel_op: Any = None,
) -> FIFOQueue:
    """A queue of texts, mostly the names of files.

    Raises:
        ValueError: there are none.
    """
    empty = "string_input_producer requires a non-null input tensor"
    if not isinstance(string_tensor, Tensor) and not string_tensor:
        raise ValueError(empty)
    with name_scope(name, "input_producer", [string_tensor]) as scope:
        texts = convert_to_tensor(string_tensor, "string")
        some = apply("Greater", size(texts), 0)
        with control_dependencies([Assert(some, [empty])]):
            texts = identity(texts)
        told = f"fraction_of_{capacity}_full"
        return input_producer(
            texts, [], num_epochs, shuffle, seed, capacity, shared_name, told, scope, cancel_op
        )


def range_input_producer(
    limit: Any,
    num_epochs: Any = None,
    shuffle: bool = True,
    seed: Any = None,
    capacity: int = 32,
    shared_name: Any = None,
    name: str | None = None,
) -> FIFOQueue:
    """A queue of numbers."""
    with name_scope(name, "input_producer", [limit]) as scope:
        numbers = range_(limit)
        told = f"fraction_of_{capacity}_full"
        return input_producer(
            numbers, [], num_epochs, shuffle, seed, capacity, shared_name, told, scope
        )


def slice_input_producer(
    tensor_list: Any,
    num_epochs: Any = None,
    shuffle: bool = True,
    seed: Any = None,
    capacity: int = 32,
    shared_name: Any = None,
    name: str | None = None,
) -> list[Any]:
    """A row of each tensor.

    Raises:
        ValueError: there are none.
    """
    with name_scope(name, "input_producer", tensor_list):
        tensors = [convert_to_tensor(value) for value in tensor_list]
        if not tensors:
            raise ValueError("Expected at least one tensor in slice_input_producer().")
        rows = shape(tensors[0])[0]
        index = range_input_producer(rows, num_epochs, shuffle, seed, capacity).dequeue()
        return [gather(tensor, index) for tensor in tensors]


def _common(shapes: list[Any], enqueue_many: bool) -> TensorShape:
    """What shapes have in common; of batches, what comes after the first axis."""
    found = [TensorShape(dims[1:] if enqueue_many else dims) for dims in shapes]
    first = found[0]
    for other in found[1:]:
        if first.rank != other.rank:
            return TensorShape(None)
        pairs = zip(first.as_list(), other.as_list(), strict=True)
        first = TensorShape([a if a == b else None for a, b in pairs])
    return first


class _Filled:
    """The queue of a batch, filled by the tensors of one input or of several."""

    def __init__(
        self, inputs: list[Any], enqueue_many: bool, shapes: Any, threads: int, make: Any
    ) -> None:
        self._first = inputs[0]
        lists = [[convert_to_tensor(value) for value in _listed(values)] for values in inputs]
        if not lists[0]:
            raise ValueError("Expected at least one tensor in batch().")
        constant(True)  # whether the input is kept is asked for as a tensor
        kinds = [tensor.dtype.base_dtype for tensor in lists[0]]
        if shapes is None:
            for tensors in lists:
                for tensor in tensors:
                    if tensor.dims is None:
                        raise ValueError(f"Cannot infer Tensor's rank: {tensor}")
            places = zip(*lists, strict=True)
            shapes = [_common([tensor.dims for tensor in place], enqueue_many) for place in places]
        self.queue: Any = make(kinds, shapes)
        fill = self.queue.enqueue_many if enqueue_many else self.queue.enqueue
        add_queue_runner(QueueRunner(self.queue, [fill(values) for values in lists] * threads))

    def taken(self, count: Any, up_to: bool, name: str) -> Any:
        """A batch, as a dictionary where it was filled by one."""
        take = self.queue.dequeue_up_to if up_to else self.queue.dequeue_many
        found = take(count, name=name)
        if not isinstance(self._first, dict):
            return found
        values = [found] if isinstance(found, Tensor) else found
        return dict(zip(sorted(self._first, key=str), values, strict=True))


def _tell_how_full(queue: Any, capacity: int, kept: int | None = None) -> None:
    """Summarise how full a queue is, where some are kept: beyond those."""
    held: Any = queue.size()
    told = f"fraction_of_{capacity}_full"
    if kept is not None:
        capacity -= kept
        held = apply("Maximum", 0, held - kept)
        told = f"fraction_over_{kept}_of_{capacity}_full"
    full: Any = cast(held, "float32")
    scalar(told, full * (1.0 / capacity))


def _listed(tensors: Any) -> list[Any]:
    if isinstance(tensors, dict):
        return [tensors[key] for key in sorted(tensors, key=str)]
    return list(tensors)


def _plain(default: str, several: bool) -> Any:
    """Batches in the order of the input."""

    def batch(
        tensors: Any,
        batch_size: Any,
        num_threads: int = 1,
        capacity: int = 32,
        enqueue_many: bool = False,
        shapes: Any = None,
        dynamic_pad: bool = False,
        allow_smaller_final_batch: bool = False,
        shared_name: Any = None,
        name: str | None = None,
    ) -> Any:
        inputs = tensors if several else [tensors]
        with name_scope(name, default) as scope:
            queue = PaddingFIFOQueue if dynamic_pad else FIFOQueue
            threads = 1 if several else num_threads
            filled = _Filled(
                inputs, enqueue_many, shapes, threads, lambda kinds, known: queue(1, kinds, known)
            )
            _tell_how_full(filled.queue, capacity)
            return filled.taken(batch_size, allow_smaller_final_batch, scope)

    return batch


batch = _plain("batch", False)
_joined = _plain("batch_join", True)


def batch_join(
    tensors_list: Any, batch_size: Any, capacity: int = 32, *rest: Any, **options: Any
) -> Any:
    """Batches of several lists of tensors."""
    return _joined(tensors_list, batch_size, 1, capacity, *rest, **options)


def _shuffled(default: str, several: bool) -> Any:
    """Batches in any order."""

    def batch(
        tensors: Any,
        batch_size: Any,
        capacity: int,
        min_after_dequeue: int,
        num_threads: int = 1,
        seed: Any = None,
        enqueue_many: bool = False,
        shapes: Any = None,
        allow_smaller_final_batch: bool = False,
        shared_name: Any = None,
        name: str | None = None,
    ) -> Any:
        inputs = tensors if several else [tensors]
        with name_scope(name, default) as scope:
            if capacity <= min_after_dequeue:
                raise ValueError(
                    f"capacity {capacity} must be bigger than min_after_dequeue "
                    f"{min_after_dequeue}."
                )
            filled = _Filled(
                inputs,
                enqueue_many,
                shapes,
                num_threads,
                lambda kinds, known: RandomShuffleQueue(1, 1, kinds, known),
            )
            _tell_how_full(filled.queue, capacity, min_after_dequeue)
            return filled.taken(batch_size, allow_smaller_final_batch, scope)

    return batch


shuffle_batch = _shuffled("shuffle_batch", False)
_shuffled_join = _shuffled("shuffle_batch_join", True)


def shuffle_batch_join(
    tensors_list: Any,
    batch_size: Any,
    capacity: int,
    min_after_dequeue: int,
    *rest: Any,
    **options: Any,
) -> Any:
    """Batches of several lists of tensors, in any order."""
    return _shuffled_join(
        tensors_list, batch_size, capacity, min_after_dequeue, 1, *rest, **options
    )
