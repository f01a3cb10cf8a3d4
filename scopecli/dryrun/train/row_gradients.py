"""Gradients of what is read by rows: `IndexedSlices`, as TensorFlow's `GatherV2` has them.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/ops/array_grad.py
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.ops.constant_values import constant_value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scopecli.dryrun.graph.nodes import Operation, Tensor

# What reads rows, and what hands their gradients on as they are.
_SEGMENTS = frozenset({"SparseSegmentSum", "SparseSegmentMean", "SparseSegmentSqrtN"})
_GATHERS = _SEGMENTS | {"GatherV2", "ResourceGather", "GatherNd", "ResourceGatherNd"}
_PASSING = frozenset(
    ["Cast", "Enter", "Identity", "Neg", "ReadVariableOp", "RefEnter", "RefSwitch", "Switch"]
)


class RowReaders:
    """Who reads what, of the nodes that gradients reach; nothing is kept where no rows are read.

    Args:
        reached: the nodes.
        losses: what the gradients are of.
    """

    def __init__(self, reached: set[Operation], losses: Sequence[Tensor]) -> None:
        self._losses = losses
        self._readers: dict[int, list[tuple[Operation, int]]] = {}
        if any(op.type in _GATHERS for op in reached):
            for op in reached:
                for place, tensor in enumerate(op.inputs):
                    self._readers.setdefault(id(tensor), []).append((op, place))

    def outputs(self, target: Any, source: Tensor) -> list[tuple[Any, Any]]:
        """Type and shape of a target's gradient, or of the values and indices of its rows.

        Args:
            target: a variable or tensor.
            source: the tensor that is read of it.
        """
        dims = target.shape.plain
        kind = target.dtype.base_dtype
        found = self._row_readers(source) if self._readers and dims else []
        if not found or not dims:
            return [(kind, dims)]
        indices = [op.inputs[1] for op in found]
        # In a loop or conditional nobody knows how often.
        open_ended = any(op.context is not None for op in found)
        counts = [None if open_ended else rows.shape.num_elements() for rows in indices]
        count = None if None in counts else sum(number or 0 for number in counts)
        numbers = {rows.dtype.base_dtype.name: rows.dtype.base_dtype for rows in indices}
        wide = numbers.get("int64") or indices[0].dtype.base_dtype  # both kinds become the wider
        return [(kind, (count, *dims[1:])), (wide, (count,))]

    def _row_readers(self, source: Tensor) -> list[Operation]:
        """The nodes that read rows; none where something reads all of it."""
        found: list[Operation] = []
        waiting = [source]
        while waiting:
            tensor = waiting.pop()
            if any(tensor is loss for loss in self._losses):
                return []
            for op, place in self._readers.get(id(tensor), ()):
                if op.type in _PASSING:
                    waiting += op.outputs
                elif place == 0 and _reads_rows(op):
                    found.append(op)
                else:
                    return []
        return found


def _reads_rows(op: Operation) -> bool:
    """Whether a node's gradient is some rows of its first input."""
    if op.type == "GatherV2":
        return constant_value(op.inputs[2]) == 0 and not op.attributes.get("batch_dims")
    if op.type in {"GatherNd", "ResourceGatherNd"}:
        dims = op.inputs[1].dims
        return dims is not None and len(dims) == 2 and dims[1] == 1
    if op.type in _SEGMENTS:
        return bool(op.attributes.get("sparse_gradient"))
    return op.type == "ResourceGather"
