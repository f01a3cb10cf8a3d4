"""Variables as references: the kind that TensorFlow 1 makes where nothing else is asked for."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.default import get_default_graph
from scopecli.dryrun.ops.applying import apply, apply_op, convert_to_tensor
from scopecli.dryrun.ops.shape_functions.common import assign as assign_shape
from scopecli.dryrun.values.dtypes import as_dtype, reference
from scopecli.dryrun.values.shapes import dims_of
from scopecli.dryrun.variables.initial_value import promised
from scopecli.dryrun.variables.variable import Variable

if TYPE_CHECKING:
    from scopecli.dryrun.graph.graph import Graph
    from scopecli.dryrun.graph.later import Later
    from scopecli.dryrun.graph.nodes import Operation, Tensor
    from scopecli.dryrun.values.dtypes import DType
    from scopecli.dryrun.values.shapes import Dims


class RefVariable(Variable):
    """A variable whose node gives a reference: the nodes `w`, `w/Assign` and `w/read`."""

    _value: Later
    _assignment: Later
    _initial_value_name = ""

    def _build(
        self, scope: str, initial_value: Any, dtype: Any, shape: Any, validate_shape: bool
    ) -> None:
        graph = get_default_graph()
        guard = {"validate_shape": validate_shape}
        node = promised(initial_value, dtype)
        if node:
            place = graph.unique_name("Initializer") + "/"
            self._initial_value_name = place + node
            self._value = graph.add_later(place, lambda: [initial_value()])
            self._hold(graph, scope, as_dtype(dtype).base_dtype, dims_of(shape))
            assign = graph.unique_name("Assign")
            self._assignment = graph.add_later(
                assign, lambda: self._assign(graph, assign, self.initial_value, guard).outputs
            )
        else:
            from scopecli.dryrun.variables.safe_initial_value import safe_initial_value

            value = self.initial_value = _converted(graph, scope, initial_value, dtype)
            dims = value.dims if shape is None and validate_shape else dims_of(shape)
            self._hold(graph, scope, value.dtype.base_dtype, dims)
            if validate_shape and (value.dims is None or None in value.dims):
                from scopecli.dryrun.ops.opaque import blame

                blame(value, f"variable {self.op.name}")
                raise ValueError(f"initial_value must have a shape specified: {value}")
            guarded = safe_initial_value(scope, value)
            self.initializer = self._assign(graph, graph.unique_name("Assign"), guarded, guard)
        name = graph.unique_name("read")
        kind, dims = self._variable.dtype.base_dtype, self._variable.dims
        where = self._caching_device
        with graph.device(where) if where else graph.colocate_with(self.op):
            inputs = [self._variable]
            self._snapshot = graph.add("Identity", name, inputs, [(kind, dims)], {}).outputs[0]

    # Every variable has its three nodes, so they are made without looking up what they take.

    def _hold(self, graph: Graph, scope: str, kind: DType, dims: Dims) -> None:
        attributes: dict[str, Any] = {"dtype": kind, "shape": dims}
        name = scope[:-1] or graph.unique_name("VariableV2")
        self.op = graph.add("VariableV2", name, [], [(reference(kind), dims)], attributes)
        self._variable = self.op.outputs[0]
        graph.holders.append(self.op)

    def _assign(
        self, graph: Graph, name: str, value: Tensor, attributes: dict[str, Any]
    ) -> Operation:
        inputs = [self._variable, value]
        outputs = [(self._variable.dtype, assign_shape(inputs, attributes))]
        op = graph.add("Assign", name, inputs, outputs, attributes)
        op.device = self.op.device
        return op

    @cached_property
    def initial_value(self) -> Tensor:  # type: ignore[override] # it can be set, too
        found: Tensor = self._value[0]
        return found

    @cached_property
    def initializer(self) -> Operation:  # type: ignore[override]
        found: Operation = self._assignment[0].op
        return found

    @property
    def initial_value_name(self) -> str:
        """Name of the tensor that it is set to."""
        return (
            f"{self._initial_value_name}:0"
            if self._initial_value_name
            else super().initial_value_name
        )

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


def _converted(graph: Graph, scope: str, initial_value: Any, dtype: Any) -> Tensor:
    """A variable's initial value as a tensor."""
    if callable(initial_value):
        with graph.name_scope("Initializer"), graph.device(None):
            return convert_to_tensor(initial_value(), dtype, name="initial_value")
    value = convert_to_tensor(initial_value, dtype, name="initial_value")
    if value.op.context is not None:
        raise ValueError(
            f"Initializer for variable {scope} is from inside a control-flow construct, "
            "such as a loop or conditional. When creating a variable inside a loop or "
            "conditional, use a lambda as the initializer."
        )
    return value
