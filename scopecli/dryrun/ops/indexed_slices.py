"""`tf.IndexedSlices`: some rows of a tensor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.ops.applying import apply
from scopecli.dryrun.ops.constant_values import constant_value
from scopecli.dryrun.values.shapes import TensorShape

if TYPE_CHECKING:
    from scopecli.dryrun.graph.graph import Graph
    from scopecli.dryrun.graph.nodes import Operation
    from scopecli.dryrun.values.dtypes import DType


class IndexedSlices:
    """Some rows of a tensor.

    Attributes:
        values: the rows.
        indices: which ones they are.
        dense_shape: of the whole, where it is known.
    """

    def __init__(self, values: Any, indices: Any, dense_shape: Any = None) -> None:
        self.values = values
        self.indices = indices
        self.dense_shape = dense_shape

    @property
    def name(self) -> str:
        """Of the rows."""
        return str(self.values.name)

    @property
    def dtype(self) -> DType:
        """Type of the rows."""
        found: DType = self.values.dtype
        return found

    @property
    def op(self) -> Operation:
        """What computes the rows."""
        found: Operation = self.values.op
        return found

    @property
    def graph(self) -> Graph:
        """The graph that the rows are in."""
        found: Graph = self.values.graph
        return found

    @property
    def shape(self) -> TensorShape:
        """The static shape of the whole."""
        known = None if self.dense_shape is None else constant_value(self.dense_shape)
        return TensorShape(None if known is None else list(known))

    def with_values(self, values: Any) -> IndexedSlices:
        """The same rows with other values."""
        return IndexedSlices(values, self.indices, self.dense_shape)

    def _as_tensor(self, dtype: DType | None, name: str | None) -> Any:
        """The whole, with zeros in the other rows."""
        if dtype is not None and not dtype.is_compatible_with(self.dtype):
            raise ValueError(
                f"Tensor conversion requested dtype {dtype.name} for IndexedSlices with dtype "
                f"{self.dtype.name}"
            )
        if self.dense_shape is None:
            raise ValueError(
                f"Tensor conversion requested for IndexedSlices for argument {name} without "
                f"dense_shape: {self}"
            )
        rows = self.dense_shape[0]
        return apply("UnsortedSegmentSum", self.values, self.indices, rows, name=name)

    @property
    def device(self) -> str:
        """Where the rows are computed."""
        return str(self.values.device)
