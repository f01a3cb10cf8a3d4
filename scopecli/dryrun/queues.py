"""`tf.FIFOQueue` and its kin, readers of files, and `tf.train.QueueRunner`: their nodes.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/ops/data_flow_ops.py
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.default import get_default_graph
from scopecli.dryrun.graph.keys import GraphKeys
from scopecli.dryrun.graph.scopes import add_to_collection, name_scope
from scopecli.dryrun.ops.applying import convert_to_tensor
from scopecli.dryrun.ops.constant_values import number
from scopecli.dryrun.ops.constants import constant
from scopecli.dryrun.values.dtypes import as_dtype, int32, resource, string
from scopecli.dryrun.values.shapes import TensorShape

if TYPE_CHECKING:
    from scopecli.dryrun.graph.nodes import Operation, Tensor


def _types(dtypes: Any) -> list[Any]:
    return [as_dtype(kind) for kind in (dtypes if isinstance(dtypes, (list, tuple)) else [dtypes])]


def _shapes(shapes: Any, partly: bool) -> list[TensorShape] | None:
    """The shapes of the parts of an element.

    Raises:
        ValueError: one is not wholly known, and has to be.
    """
    if shapes is None:
        return None
    if isinstance(shapes, TensorShape) or all(
        size is None or isinstance(size, int) for size in shapes
    ):
        shapes = [shapes]
    found = [TensorShape(shape) for shape in shapes]
    if not partly and not all(shape.is_fully_defined() for shape in found):
        raise ValueError(f"All shapes must be fully defined: {found}")
    return found


class QueueBase:
    """A queue of elements of one or more parts.

    Attributes:
        dtypes: types of the parts.
        shapes: their shapes.
        names: what they are called; None where they are not.
    """

    type_ = "FIFOQueueV2"
    partly = False  # whether the shapes of elements may be known in part

    def __init__(self, dtypes: Any, shapes: Any, names: Any, name: str | None) -> None:
        self.dtypes = _types(dtypes)
        known = _shapes(shapes, self.partly)
        count = len(self.dtypes)
        if known is not None and len(known) != count:
            raise ValueError(
                "Queue shapes must have the same length as dtypes, received "
                f"len(shapes)={len(known)}, len(dtypes)={count}"
            )
        self.shapes = [TensorShape(None)] * count if known is None else known
        self.names = [names] if isinstance(names, str) else names
        graph = get_default_graph()
        outputs: list[tuple[Any, Any]] = [(resource, ())]
        op = graph.add(self.type_, graph.node_name(name or self.type_), [], outputs, {})
        self.queue_ref = op.outputs[0]

    @property
    def name(self) -> str:
        """Of its node."""
        return self.queue_ref.op.name

    def _called(self, name: str | None, what: str) -> str:
        return name or f"{self.name.rpartition('/')[2]}_{what}"

    def _node(self, type_: str, name: str, inputs: list[Tensor], outputs: list[Any]) -> Operation:
        return get_default_graph().add(type_, name, [self.queue_ref, *inputs], outputs, {})

    def _parts(self, vals: Any) -> list[Tensor]:
        if isinstance(vals, dict):
            if not self.names:
                raise ValueError("Queue must have names to enqueue a dictionary")
            if sorted(self.names, key=str) != sorted(vals, key=str):
                raise ValueError(
                    "Keys in dictionary to enqueue do not match names of Queue.  Dictionary: "
                    f"{sorted(vals)},Queue: {sorted(self.names)}"
                )
            vals = [vals[name] for name in self.names]
        elif self.names:
            raise ValueError("You must enqueue a dictionary in a Queue with names")
        elif not isinstance(vals, (list, tuple)):
            vals = [vals]
        return [
            convert_to_tensor(value, kind, name=f"component_{position}")
            for position, (value, kind) in enumerate(zip(vals, self.dtypes, strict=False))
        ]

    def enqueue(self, vals: Any, name: str | None = None) -> Operation:
        """Put an element in."""
        with name_scope(name, self._called(None, "enqueue")) as scope:
            parts = self._parts(vals)
            for part, shape in zip(parts, self.shapes, strict=False):
                part.shape.assert_is_compatible_with(shape)
            return self._node("QueueEnqueueV2", scope[:-1], parts, [])

    def enqueue_many(self, vals: Any, name: str | None = None) -> Operation:
        """Put the rows of tensors in."""
        with name_scope(name, self._called(None, "EnqueueMany")) as scope:
            parts = self._parts(vals)
            for part, shape in zip(parts, self.shapes, strict=False):
                part.shape.with_rank_at_least(1)[1:].assert_is_compatible_with(shape)
            return self._node("QueueEnqueueManyV2", scope[:-1], parts, [])

    def _taken(self, op: Operation) -> Any:
        if self.names:
            return dict(zip(self.names, op.outputs, strict=True))
        return op.outputs[0] if len(op.outputs) == 1 else op.outputs

    def _outputs(self, rows: Any) -> list[Any]:
        whole = [TensorShape(rows).concatenate(shape) for shape in self.shapes]
        return [(kind, shape.plain) for kind, shape in zip(self.dtypes, whole, strict=True)]

    def dequeue(self, name: str | None = None) -> Any:
        """Take an element out."""
        full = get_default_graph().node_name(self._called(name, "Dequeue"))
        return self._taken(self._node("QueueDequeueV2", full, [], self._outputs([])))

    def _several(self, type_: str, n: Any, name: str, known: bool) -> Any:
        with name_scope(name) as scope:
            count = convert_to_tensor(n, int32, name="n")
            rows = number(count) if known else None
            return self._taken(self._node(type_, scope[:-1], [count], self._outputs([rows])))

    def dequeue_many(self, n: Any, name: str | None = None) -> Any:
        """Take so many elements out."""
        called = self._called(name, "DequeueMany")
        return self._several("QueueDequeueManyV2", n, called, True)

    def dequeue_up_to(self, n: Any, name: str | None = None) -> Any:
        """Take so many elements out, or what is left."""
        called = self._called(name, "DequeueUpTo")
        return self._several("QueueDequeueUpToV2", n, called, False)

    def close(self, cancel_pending_enqueues: bool = False, name: str | None = None) -> Operation:
        """Let nothing more in."""
        full = get_default_graph().node_name(self._called(name, "Close"))
        return self._node("QueueCloseV2", full, [], [])

    def is_closed(self, name: str | None = None) -> Tensor:
        """Whether nothing more is let in."""
        full = get_default_graph().node_name(self._called(name, "Is_Closed"))
        return self._node("QueueIsClosedV2", full, [], [(as_dtype("bool"), ())]).outputs[0]

    def size(self, name: str | None = None) -> Tensor:
        """How many elements are in it."""
        full = get_default_graph().node_name(self._called(name, "Size"))
        return self._node("QueueSizeV2", full, [], [(int32, ())]).outputs[0]


class FIFOQueue(QueueBase):
    """What comes first goes first."""

    def __init__(
        self,
        capacity: Any,
        dtypes: Any,
        shapes: Any = None,
        names: Any = None,
        shared_name: Any = None,
        name: str = "fifo_queue",
    ) -> None:
        super().__init__(dtypes, shapes, names, name)


class PaddingFIFOQueue(QueueBase):
    """What comes first goes first, made as long as the longest."""

    type_ = "PaddingFIFOQueueV2"
    partly = True

    def __init__(
        self,
        capacity: Any,
        dtypes: Any,
        shapes: Any,
        names: Any = None,
        shared_name: Any = None,
        name: str = "padding_fifo_queue",
    ) -> None:
        super().__init__(dtypes, shapes, names, name)


class RandomShuffleQueue(QueueBase):
    """What goes first is left to chance."""

    type_ = "RandomShuffleQueueV2"

    def __init__(
        self,
        capacity: Any,
        min_after_dequeue: Any,
        dtypes: Any,
        shapes: Any = None,
        names: Any = None,
        seed: Any = None,
        shared_name: Any = None,
        name: str = "random_shuffle_queue",
    ) -> None:
        super().__init__(dtypes, shapes, names, name)


class QueueRunner:
    """What fills a queue; no thread is ever started.

    Attributes:
        queue: which one.
        enqueue_ops: the nodes that fill it.
    """

    def __init__(
        self,
        queue: Any = None,
        enqueue_ops: Any = None,
        close_op: Any = None,
        cancel_op: Any = None,
        **_: Any,
    ) -> None:
        if not queue or not enqueue_ops:
            raise ValueError("Must provide queue and enqueue_ops.")
        self.queue = queue
        self.enqueue_ops = enqueue_ops
        self.close_op = queue.close() if close_op is None else close_op
        self.cancel_op = queue.close(True) if cancel_op is None else cancel_op

    @property
    def name(self) -> str:
        """Of its queue."""
        return str(self.queue.name)

    def create_threads(self, *_: Any, **__: Any) -> list[Any]:
        """None is started."""
        return []


def add_queue_runner(qr: Any, collection: str = GraphKeys.QUEUE_RUNNERS) -> None:
    """Let `start_queue_runners` start it."""
    add_to_collection(collection, qr)


class ReaderBase:
    """What reads records out of the files whose names are in a queue.

    Attributes:
        reader_ref: its node's output.
    """

    type_ = "WholeFileReaderV2"

    def __init__(self, *_: Any, name: str | None = None, **__: Any) -> None:
        graph = get_default_graph()
        outputs: list[tuple[Any, Any]] = [(resource, ())]
        full = graph.node_name(name or self.type_)
        self.reader_ref = graph.add(self.type_, full, [], outputs, {}).outputs[0]

    def read(self, queue: Any, name: str | None = None) -> tuple[Tensor, Tensor]:
        """The key and value of the next record."""
        graph = get_default_graph()
        full = graph.node_name(name or "ReaderReadV2")
        inputs = [self.reader_ref, getattr(queue, "queue_ref", queue)]
        op = graph.add("ReaderReadV2", full, inputs, [(string, ())] * 2, {})
        return op.outputs[0], op.outputs[1]

    def read_up_to(
        self, queue: Any, num_records: Any, name: str | None = None
    ) -> tuple[Tensor, Tensor]:
        """The keys and values of the next records."""
        graph = get_default_graph()
        with graph.name_scope(name or "ReaderReadUpToV2") as scope:
            count = convert_to_tensor(num_records, "int64", name="num_records")
            inputs = [self.reader_ref, getattr(queue, "queue_ref", queue), count]
            rows: list[tuple[Any, Any]] = [(string, (None,))] * 2
            op = graph.add("ReaderReadUpToV2", scope[:-1], inputs, rows, {})
        return op.outputs[0], op.outputs[1]


class WholeFileReader(ReaderBase):
    """A file is a record."""


class TextLineReader(ReaderBase):
    """A line is a record."""

    type_ = "TextLineReaderV2"


class TFRecordReader(ReaderBase):
    """Records in TensorFlow's own format."""

    type_ = "TFRecordReaderV2"


class FixedLengthRecordReader(ReaderBase):
    """Records that are all as long."""

    type_ = "FixedLengthRecordReaderV2"


class IdentityReader(ReaderBase):
    """The names themselves are the records."""

    type_ = "IdentityReaderV2"


def decode_csv(
    records: Any, record_defaults: Any, *_: Any, name: str | None = None, **__: Any
) -> list[Tensor]:
    """The columns of lines, each of the type of its default."""
    graph = get_default_graph()
    with graph.name_scope(name or "DecodeCSV") as scope:
        lines = convert_to_tensor(records, string, name="records")
        defaults = [
            convert_to_tensor(value, name=f"record_defaults_{position}")
            if value or value == 0
            else constant([], "float32", name=f"record_defaults_{position}")
            for position, value in enumerate(record_defaults)
        ]
        columns = [(value.dtype.base_dtype, lines.dims) for value in defaults]
        return graph.add("DecodeCSV", scope[:-1], [lines, *defaults], columns, {}).outputs
