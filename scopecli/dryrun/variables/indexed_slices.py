"""`tf.IndexedSlices`: some rows of a tensor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.ops.applying import convert_to_tensor

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
    def device(self) -> str:
        """Where the rows are computed."""
        return str(self.values.device)


def scatter(variable: Any, kind: str, sparse_delta: Any, name: Any) -> Any:
    """Change rows of a variable.

    Raises:
        TypeError: no rows are given.
    """
    from scopecli.dryrun.variables import assigning

    if not isinstance(sparse_delta, IndexedSlices):
        raise TypeError(f"sparse_delta is not IndexedSlices: {sparse_delta}")
    indices, values = sparse_delta.indices, convert_to_tensor(sparse_delta.values)
    return getattr(assigning, f"scatter_{kind}")(variable, indices, values, name=name)
