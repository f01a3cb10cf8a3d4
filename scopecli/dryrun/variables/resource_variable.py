"""Variables that are resources: the nodes `w`, `w/IsInitialized/...`, `w/Assign`, `w/Read/...`.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/ops/resource_variable_ops.py
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.scopes import colocate_with, control_dependencies, device, name_scope
from scopecli.dryrun.ops.applying import apply, apply_op, convert_to_tensor
from scopecli.dryrun.ops.opaque import blame
from scopecli.dryrun.values.shapes import TensorShape, compatible, dims_of
from scopecli.dryrun.variables.safe_initial_value import safe_initial_value
from scopecli.dryrun.variables.variable import Variable

if TYPE_CHECKING:
    from scopecli.dryrun.graph.nodes import Operation, Tensor
    from scopecli.dryrun.values.dtypes import DType


class ResourceVariable(Variable):
    """A variable whose node gives a handle."""

    is_resource = True
    _no_initial_value = (
        "The `initial_value` arg to `tf.Variable` must be specified except when you are not "
        "providing a `variable_def`. You provided neither."
    )
    _bad_constraint = (
        "Argument `constraint` must be None or a callable. a callable. Got a {0}:  {1}"
    )

    def _build(
        self, scope: str, initial_value: Any, dtype: Any, shape: Any, validate_shape: bool
    ) -> None:
        with name_scope("Initializer"), device(None):
            value = initial_value() if callable(initial_value) else initial_value
            value = convert_to_tensor(value, dtype, name="initial_value")
        dims = value.dims
        if shape is not None:
            if not compatible(value.dims, dims_of(shape)):
                raise ValueError(
                    "In this `tf.Variable` creation, the initial value's shape "
                    f"({value.shape}) is not compatible with the explicitly supplied `shape` "
                    f"argument ({TensorShape(shape)})."
                )
            dims = dims_of(shape)
        self.initial_value = value
        self._dtype = value.dtype.base_dtype
        if dims is None:
            blame(value, f"variable {scope[:-1]}")
        self.handle = apply("VarHandleOp", name=scope, dtype=self._dtype, shape=dims)
        self.op = self.handle.op
        self.graph.holders.append(self.op)
        with name_scope("IsInitialized"):
            apply("VarIsInitializedOp", self.handle)
        with (
            name_scope("Assign") as assign,
            colocate_with(None, ignore_existing=True),
            device(self.handle.device),
        ):
            guarded = safe_initial_value(scope, value)
            self.initializer = apply_op("AssignVariableOp", self.handle, guarded, name=assign)
        with name_scope("Read"), device(self.handle.device):
            self._graph_element = apply("ReadVariableOp", self.handle, dtype=self._dtype)
            self._cached: Tensor | None = None
            if self._caching_device is not None:
                with colocate_with(None, ignore_existing=True), device(self._caching_device):
                    self._cached = apply("Identity", self._graph_element)

    def _become(self, source: Any, snapshot: Any) -> None:
        self.handle, self._graph_element, self._cached = source, snapshot, None
        self._dtype = source.op.attributes["dtype"]

    def gather_nd(self, indices: Any, name: Any = None) -> Tensor:
        """Elements or slices by their coordinates."""
        with name_scope("GatherNd" if name is None else name) as scope:
            found = apply("ResourceGatherNd", self.handle, indices, name=scope, dtype=self._dtype)
        return apply("Identity", found)

    def count_up_to(self, limit: int) -> Tensor:
        """Add 1 until a limit is reached."""
        return apply("ResourceCountUpTo", self.handle, T=self._dtype, limit=limit)

    def assigned_slice(self, where: Any, value: Any, name: str) -> Any:
        """Set a part."""
        op = apply_op("ResourceStridedSliceAssign", self.handle, *where, value, name=name)
        return UnreadVariable(self, op)

    @property
    def dtype(self) -> DType:
        """Type of its elements."""
        return self._dtype

    def _read(self) -> Tensor:
        return apply("ReadVariableOp", self.handle, dtype=self._dtype)

    def value(self) -> Tensor:
        """A new node that reads it."""
        if self._cached is not None:
            return self._cached
        with colocate_with(None, ignore_existing=True):
            return self._read()

    def read_value_no_copy(self) -> Tensor:
        """Its value, read anew; for savers."""
        return self._read()

    def read_value(self) -> Tensor:
        """Its value, read anew."""
        with name_scope("Read"):
            value = self._read()
        return apply("Identity", value)

    def initialized_value(self) -> Tensor:
        """Not to be had of a resource, in TensorFlow neither."""
        raise NotImplementedError

    def sparse_read(self, indices: Any, name: Any = None) -> Tensor:
        """Rows by their numbers."""
        with name_scope("Gather" if name is None else name) as scope:
            return apply("ResourceGather", self.handle, indices, name=scope, dtype=self._dtype)

    def reference(self) -> Tensor:
        """What assignments write to."""
        return self.handle

    def _as_graph_element(self) -> Tensor:
        return self._graph_element

    def _is_initialized(self) -> Tensor:
        return apply("VarIsInitializedOp", self.handle)

    @property
    def create(self) -> Any:
        """The node that sets it first."""
        return self.initializer

    def is_initialized(self, name: Any = None) -> Tensor:
        """Whether it is set, as a tensor."""
        return apply("VarIsInitializedOp", self.handle, name=name)

    def assign(
        self, value: Any, use_locking: Any = None, name: Any = None, read_value: bool = True
    ) -> Any:
        """Set it.

        Raises:
            ValueError: the value has another shape.
        """
        tensor = convert_to_tensor(value, self._dtype)
        if not compatible(self.shape.plain, tensor.dims):
            raise ValueError(
                f"Cannot assign value to variable ' {self.name}': Shape mismatch.The variable "
                f"shape {self.shape}, and the assigned value shape {tensor.shape} are "
                "incompatible."
            )
        return self._assigned("AssignVariableOp", tensor, name, read_value)

    def assign_add(
        self, delta: Any, use_locking: Any = None, name: Any = None, read_value: bool = True
    ) -> Any:
        """Add to it."""
        tensor = convert_to_tensor(delta, self._dtype)
        return self._assigned("AssignAddVariableOp", tensor, name, read_value)

    def assign_sub(
        self, delta: Any, use_locking: Any = None, name: Any = None, read_value: bool = True
    ) -> Any:
        """Subtract from it."""
        tensor = convert_to_tensor(delta, self._dtype)
        return self._assigned("AssignSubVariableOp", tensor, name, read_value)

    def _assigned(self, type_: str, value: Tensor, name: Any, read_value: bool) -> Any:
        op = apply_op(type_, self.handle, value, name=name)
        return UnreadVariable(self, op) if read_value else op

    def scattered(self, kind: str, indices: Any, updates: Any, name: Any) -> Any:
        """Change rows."""
        values = convert_to_tensor(updates, self._dtype)
        op = apply_op(f"ResourceScatter{kind}", self.handle, indices, values, name=name)
        return UnreadVariable(self, op)


class UnreadVariable(ResourceVariable):
    """What an assignment gives: the variable, to be read once the assignment is done.

    Attributes:
        parent_op: the assignment.
    """

    def __init__(self, variable: ResourceVariable, parent_op: Operation) -> None:
        self.handle = variable.handle
        self.op = self.parent_op = parent_op
        self._dtype = variable.dtype
        self._cached = None
        with control_dependencies([parent_op]):
            self._graph_element = apply("ReadVariableOp", self.handle, dtype=self._dtype)

    @property
    def name(self) -> str:
        """Of the assignment."""
        return self.parent_op.name

    def read_value(self) -> Tensor:
        """Its value once the assignment is done."""
        return self._read()

    @property
    def shape(self) -> TensorShape:
        """Of the variable."""
        return TensorShape(self.handle.op.attributes["shape"])

    def _read(self) -> Tensor:
        with control_dependencies([self.parent_op]):
            return super()._read()
