"""Variables as references: the kind that TensorFlow 1 makes where nothing else is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.default import get_default_graph
from scopecli.dryrun.ops.applying import apply, apply_op, convert_to_tensor
from scopecli.dryrun.ops.opaque import blame
from scopecli.dryrun.ops.shape_functions.common import assign as assign_shape
from scopecli.dryrun.values.dtypes import reference
from scopecli.dryrun.values.shapes import dims_of
from scopecli.dryrun.variables.safe_initial_value import safe_initial_value
from scopecli.dryrun.variables.variable import Variable

if TYPE_CHECKING:
    from scopecli.dryrun.graph.nodes import Tensor
    from scopecli.dryrun.values.dtypes import DType


class RefVariable(Variable):
    """A variable whose node gives a reference: the nodes `w`, `w/Assign` and `w/read`."""

    def _build(
        self, scope: str, initial_value: Any, dtype: Any, shape: Any, validate_shape: bool
    ) -> None:
        graph = get_default_graph()
        if callable(initial_value):
            with graph.name_scope("Initializer"), graph.device(None):
                value = convert_to_tensor(initial_value(), dtype, name="initial_value")
        else:
            value = convert_to_tensor(initial_value, dtype, name="initial_value")
            if value.op.context is not None:
                raise ValueError(
                    f"Initializer for variable {scope} is from inside a control-flow construct, "
                    "such as a loop or conditional. When creating a variable inside a loop or "
                    "conditional, use a lambda as the initializer."
                )
        self.initial_value = value
        dims = dims_of(shape)
        if shape is None and validate_shape:
            dims = value.dims
        kind = value.dtype.base_dtype
        held = reference(kind)
        # Every variable has these three nodes, so they are made without looking up what they take.
        attributes: dict[str, Any] = {"dtype": kind, "shape": dims}
        full = scope[:-1] or graph.unique_name("VariableV2")
        self.op = graph.add("VariableV2", full, [], [(held, dims)], attributes)
        self._variable = self.op.outputs[0]
        if validate_shape and (value.dims is None or None in value.dims):
            blame(value, f"variable {self.op.name}")
            raise ValueError(f"initial_value must have a shape specified: {value}")
        guarded = safe_initial_value(scope, value)
        guard = {"validate_shape": validate_shape}
        assigned = [(held, assign_shape([self._variable, guarded], guard))]
        inputs = [self._variable, guarded]
        name = graph.unique_name("Assign")
        self.initializer = graph.add("Assign", name, inputs, assigned, guard)
        self.initializer.device = self.op.device
        name = graph.unique_name("read")
        where = self._caching_device
        with graph.device(where) if where else graph.colocate_with(self.op):
            self._snapshot = graph.add("Identity", name, inputs[:1], [(kind, dims)], {}).outputs[0]

    def _become(self, source: Any, snapshot: Any) -> None:
        self.op, self._variable, self._snapshot = source.op, source, snapshot

    @property
    def dtype(self) -> DType:
        """A reference type."""
        return self._variable.dtype

    def value(self) -> Tensor:
        """The node `read`."""
        return self._snapshot

    def read_value(self) -> Tensor:
        """Its value, read anew."""
        return apply("Identity", self._variable, name="read")

    def reference(self) -> Tensor:
        """What assignments write to."""
        return self._variable

    def _as_graph_element(self) -> Tensor:
        return self._variable

    def _is_initialized(self) -> Tensor:
        return apply("IsVariableInitialized", self._variable)

    def assign(
        self, value: Any, use_locking: Any = None, name: Any = None, read_value: bool = True
    ) -> Any:
        """Set it."""
        return self._assigned("Assign", value, name, read_value)

    def assign_add(
        self, delta: Any, use_locking: Any = None, name: Any = None, read_value: bool = True
    ) -> Any:
        """Add to it."""
        return self._assigned("AssignAdd", delta, name, read_value)

    def assign_sub(
        self, delta: Any, use_locking: Any = None, name: Any = None, read_value: bool = True
    ) -> Any:
        """Subtract from it."""
        return self._assigned("AssignSub", delta, name, read_value)

    def _assigned(self, type_: str, value: Any, name: Any, read_value: bool) -> Any:
        op = apply_op(type_, self._variable, value, name=name)
        return op.outputs[0] if read_value else op

    def count_up_to(self, limit: int) -> Tensor:
        """Add 1 until a limit is reached."""
        return apply("CountUpTo", self._variable, limit=limit)
