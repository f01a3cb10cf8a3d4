"""`tf.TensorArray`: a list of tensors that a loop reads and writes.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/ops/tensor_array_ops.py
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.scopes import colocate_with, name_scope
from scopecli.dryrun.ops.applying import apply, apply_op, convert_to_tensor
from scopecli.dryrun.ops.arithmetic import cast, range
from scopecli.dryrun.ops.arrays import shape
from scopecli.dryrun.ops.constant_values import number
from scopecli.dryrun.values.dtypes import as_dtype
from scopecli.dryrun.values.shapes import TensorShape, compatible, dims_of, merged

if TYPE_CHECKING:
    from scopecli.dryrun.graph.nodes import Tensor
    from scopecli.dryrun.values.shapes import Dims


class TensorArray:
    """A list of tensors; writing gives another one that knows of it.

    Attributes:
        dtype: of the tensors.
        handle: what the nodes know it by.
        flow: what puts reading after writing.
    """

    def __init__(
        self,
        dtype: Any,
        size: Any = None,
        dynamic_size: Any = None,
        clear_after_read: Any = None,
        tensor_array_name: Any = None,
        handle: Any = None,
        flow: Any = None,
        infer_shape: bool = True,
        element_shape: Any = None,
        colocate_with_first_write_call: bool = True,
        name: str | None = None,
    ) -> None:
        self.dtype = as_dtype(dtype).base_dtype
        self._dynamic = bool(dynamic_size)
        self._size = size
        self._infer = infer_shape or element_shape is not None
        self._known: list[Dims] = [dims_of(element_shape)]  # the same list at all times
        with name_scope(name, "TensorArray") as scope:
            if handle is None:
                made = apply_op("TensorArrayV3", 0 if size is None else size, name=scope)
                handle, own = made.outputs
                flow = own if flow is None else flow
        self.handle, self.flow = handle, flow

    @property
    def element_shape(self) -> TensorShape:
        """The shape of every element, as far as it is known."""
        return TensorShape(self._known[0])

    def with_flow(self, flow: Tensor) -> TensorArray:
        """The same list, at another time."""
        found = TensorArray(self.dtype, handle=self.handle, flow=flow, infer_shape=self._infer)
        found._size, found._dynamic = self._size, self._dynamic
        found._known = self._known
        return found

    def _learn(self, dims: Dims) -> None:
        """Take in the shape of an element.

        Raises:
            ValueError: it is not that of the others.
        """
        if not self._infer:
            return
        if not compatible(self._known[0], dims):
            raise ValueError(
                f"Inconsistent shapes: saw {TensorShape(dims)} but expected {self.element_shape}"
            )
        self._known[0] = merged(self._known[0], dims)

    def read(self, index: Any, name: str | None = None) -> Tensor:
        """One element."""
        with colocate_with(self.handle.op):
            found = apply(
                "TensorArrayReadV3", self.handle, index, self.flow, name=name, dtype=self.dtype
            )
        found.dims = self._known[0]
        return found

    def write(self, index: Any, value: Any, name: str | None = None) -> TensorArray:
        """Set one element."""
        with name_scope(name, "TensorArrayWrite"):
            tensor = convert_to_tensor(value, self.dtype, name="value")
            self._learn(tensor.dims)
            return self.with_flow(
                apply("TensorArrayWriteV3", self.handle, index, tensor, self.flow, name=name)
            )

    def stack(self, name: str | None = None) -> Tensor:
        """All elements as one tensor."""
        with colocate_with(self.handle.op), name_scope(name, "TensorArrayStack"):
            return self.gather(range(0, self.size()), name)

    def gather(self, indices: Any, name: str | None = None) -> Tensor:
        """Some elements as one tensor."""
        found = apply(
            "TensorArrayGatherV3", self.handle, indices, self.flow, name=name, dtype=self.dtype
        )
        if self._known[0] is not None:
            places = found.op.inputs[1].dims or (None,)
            found.dims = (places[0], *self._known[0])
        return found

    def concat(self, name: str | None = None) -> Tensor:
        """All elements one after the other."""
        found = apply_op(
            "TensorArrayConcatV3", self.handle, self.flow, name=name, dtype=self.dtype
        ).outputs[0]
        known = self._known[0]
        if known is not None:
            count = number(self.size())
            first = None if count is None or not known or known[0] is None else count * known[0]
            found.dims = (first, *known[1:])
        return found

    def unstack(self, value: Any, name: str | None = None) -> TensorArray:
        """Set the elements to the rows of a tensor."""
        with name_scope(name, "TensorArrayUnstack"):
            return self.scatter(range(0, shape(value)[0]), value, name)

    def scatter(self, indices: Any, value: Any, name: str | None = None) -> TensorArray:
        """Set some elements to the rows of a tensor."""
        with name_scope(name, "TensorArrayScatter"):
            tensor = convert_to_tensor(value, self.dtype, name="value")
            if tensor.dims:
                self._learn(tensor.dims[1:])
            return self.with_flow(
                apply("TensorArrayScatterV3", self.handle, indices, tensor, self.flow, name=name)
            )

    def split(self, value: Any, lengths: Any, name: str | None = None) -> TensorArray:
        """Set the elements to pieces of a tensor."""
        with name_scope(name, "TensorArraySplit"):
            tensor = convert_to_tensor(value, self.dtype, name="value")
            sizes = cast(lengths, "int64")
            return self.with_flow(
                apply("TensorArraySplitV3", self.handle, tensor, sizes, self.flow)
            )

    def size(self, name: str | None = None) -> Tensor:
        """Number of elements."""
        if not self._dynamic and self._size is not None:
            return convert_to_tensor(self._size, "int32")
        return apply("TensorArraySizeV3", self.handle, self.flow, name=name)

    def identity(self) -> TensorArray:
        """The same list."""
        return self.with_flow(apply("Identity", self.flow))

    def close(self, name: str | None = None) -> Any:
        """Forget it."""
        return apply_op("TensorArrayCloseV3", self.handle, name=name)


def flow_of(value: Any) -> Any:
    """What goes round a loop for a value: of a list of tensors, its flow."""
    return value.flow if isinstance(value, TensorArray) else value


def with_flow(value: Any, flow: Tensor) -> Any:
    """What a loop's body sees of a value."""
    return value.with_flow(flow) if isinstance(value, TensorArray) else flow
