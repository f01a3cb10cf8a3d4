"""`tf.Variable`: the nodes that hold a variable, and the object that stands for it.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/ops/ref_variable.py
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.applying import apply, apply_op, convert_to_tensor
from scopecli.dryrun.calls import record
from scopecli.dryrun.dtypes import reference
from scopecli.dryrun.graph import Operation, Tensor, get_default_graph, user_stack
from scopecli.dryrun.graph_keys import GraphKeys
from scopecli.dryrun.opaque import blame
from scopecli.dryrun.operators import overload
from scopecli.dryrun.safe_initial_value import safe_initial_value
from scopecli.dryrun.scopes import (
    add_to_collections,
    colocate_with,
    device,
    init_scope,
    name_scope,
)
from scopecli.dryrun.shape_functions.common import assign as assign_shape
from scopecli.dryrun.shapes import TensorShape, dims_of
from scopecli.dryrun.synchronization import checked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.dryrun.dtypes import DType
    from scopecli.dryrun.graph import Graph

_STACK_DEPTH = 5


class SaveSliceInfo:
    """Which part of a partitioned variable a variable is.

    Attributes:
        full_name: of the whole.
        full_shape: of the whole.
        var_offset: where the part begins.
        var_shape: of the part.
    """

    def __init__(
        self, full_name: str, full_shape: list[int], var_offset: list[int], var_shape: list[int]
    ) -> None:
        self.full_name = full_name
        self.full_shape = full_shape
        self.var_offset = var_offset
        self.var_shape = var_shape

    @property
    def spec(self) -> str:
        """Shape and slice as a checkpoint has them: `5 4 0,3:0,4`."""
        sizes = " ".join(map(str, self.full_shape))
        parts = zip(self.var_offset, self.var_shape, strict=True)
        return f"{sizes} " + ":".join(f"{start},{extent}" for start, extent in parts)


class Variable:
    """A variable; what is made is a reference or a resource, as `use_resource` and scopes say.

    Attributes:
        initializer: the operation that sets it.
        initial_value: what it is set to.
        trainable: whether optimizers change it by default.
        constraint: what optimizers apply to it after a step.
    """

    SaveSliceInfo: Any = SaveSliceInfo
    is_resource = False

    initializer: Operation
    initial_value: Tensor
    trainable: bool
    constraint: Any
    synchronization: Any
    aggregation: Any

    if TYPE_CHECKING:

        def __add__(self, other: Any) -> Tensor: ...

        def __sub__(self, other: Any) -> Tensor: ...

        def __mul__(self, other: Any) -> Tensor: ...

        def __rsub__(self, other: Any) -> Tensor: ...

    def __new__(cls, *_: Any, use_resource: Any = None, **__: Any) -> Variable:
        """Choose the kind."""
        if cls is not Variable:
            return object.__new__(cls)
        from scopecli.dryrun.resource_variables import ResourceVariable, resources_wanted

        return object.__new__(ResourceVariable if resources_wanted(use_resource) else RefVariable)

    def __init__(
        self,
        initial_value: Any = None,
        trainable: Any = None,
        collections: Any = None,
        validate_shape: bool = True,
        caching_device: Any = None,
        name: str | None = None,
        variable_def: Any = None,
        dtype: Any = None,
        expected_shape: Any = None,
        import_scope: Any = None,
        constraint: Any = None,
        use_resource: Any = None,
        synchronization: Any = None,
        aggregation: Any = None,
        shape: Any = None,
    ) -> None:
        if variable_def is not None:
            from scopecli.errors import UnsupportedError

            raise UnsupportedError("a dry run makes no variable from a variable_def")
        if initial_value is None:
            raise ValueError(self._no_initial_value)
        if collections is None:
            collections = [GraphKeys.GLOBAL_VARIABLES]
        if not isinstance(collections, (list, tuple, set)):
            raise ValueError(
                "collections argument to Variable constructor must be a list, tuple, or set. Got "
                f"{collections} of type {type(collections)}"
            )
        if constraint is not None and not callable(constraint):
            raise ValueError(self._bad_constraint.format(type(constraint), constraint))
        self.synchronization, self.aggregation, self.trainable = checked(
            synchronization, aggregation, trainable, name
        )
        if self.trainable and GraphKeys.TRAINABLE_VARIABLES not in collections:
            collections = [*collections, GraphKeys.TRAINABLE_VARIABLES]
        self.constraint = constraint
        self._save_slice_info: Any = None
        self._caching_device = caching_device
        with init_scope():
            values = [] if callable(initial_value) else [initial_value]
            with name_scope(name, "Variable", values) as scope:
                self._build(scope, initial_value, dtype, shape, validate_shape)
            self.op.stack = user_stack(_STACK_DEPTH)
            add_to_collections(collections, self)
        record("created", self.op.name, self.op.stack)

    _no_initial_value = "initial_value must be specified."
    _bad_constraint = "The `constraint` argument must be a callable."

    def _build(
        self, scope: str, initial_value: Any, dtype: Any, shape: Any, validate_shape: bool
    ) -> None:
        raise NotImplementedError

    @property
    def op(self) -> Operation:
        """The node that holds it."""
        raise NotImplementedError

    @property
    def name(self) -> str:
        """`scope/w:0`."""
        return self.op.name + ":0"

    @property
    def graph(self) -> Graph:
        """The graph that it is in."""
        return self.op.graph

    @property
    def device(self) -> str:
        """Where it is kept."""
        return self.op.device

    @property
    def dtype(self) -> DType:
        """Type of its elements."""
        raise NotImplementedError

    @property
    def shape(self) -> TensorShape:
        """Its static shape."""
        return TensorShape(self.op.attributes["shape"])

    def get_shape(self) -> TensorShape:
        """Its static shape."""
        return self.shape

    def value(self) -> Tensor:
        """Its value as a tensor."""
        raise NotImplementedError

    def read_value(self) -> Tensor:
        """Its value, read anew."""
        raise NotImplementedError

    def initialized_value(self) -> Tensor:
        """Its value, or its initial value where it is not set yet."""
        from scopecli.dryrun.control_flow import cond

        with init_scope():
            ready = self._is_initialized()
            found: Tensor = cond(ready, self.read_value, lambda: self.initial_value)
            return found

    def _is_initialized(self) -> Tensor:
        raise NotImplementedError

    def _as_graph_element(self) -> Tensor:
        raise NotImplementedError

    def _as_tensor(self, dtype: DType | None, name: str | None) -> Tensor:
        if dtype is not None and not dtype.is_compatible_with(self.dtype):
            raise ValueError(
                f"Incompatible type conversion requested to type '{dtype.name}' for variable of "
                f"type '{self.dtype.name}'"
            )
        return self.value()

    def _get_save_slice_info(self) -> Any:
        return self._save_slice_info

    def _set_save_slice_info(self, info: Any) -> None:
        self._save_slice_info = info

    def set_shape(self, shape: Any) -> None:
        """Say what more is known of the shape."""
        self.value().set_shape(shape)

    def eval(self, session: Any = None) -> Any:
        """End the run: a graph that is built for its names alone computes nothing."""
        return self.value().eval()

    def load(self, value: Any, session: Any = None) -> Any:
        """End the run: a graph that is built for its names alone computes nothing."""
        return self.value().eval()

    def __iter__(self) -> Iterator[Any]:
        return iter(self.read_value())

    def __repr__(self) -> str:
        return f"<tf.Variable '{self.name}' shape={self.shape} dtype={self.dtype.name}>"

    def assign(
        self, value: Any, use_locking: Any = None, name: Any = None, read_value: bool = True
    ) -> Any:
        """Set it."""
        raise NotImplementedError

    def assign_add(
        self, delta: Any, use_locking: Any = None, name: Any = None, read_value: bool = True
    ) -> Any:
        """Add to it."""
        raise NotImplementedError

    def assign_sub(
        self, delta: Any, use_locking: Any = None, name: Any = None, read_value: bool = True
    ) -> Any:
        """Subtract from it."""
        raise NotImplementedError


class RefVariable(Variable):
    """A variable whose node gives a reference: the nodes `w`, `w/Assign` and `w/read`."""

    def _build(
        self, scope: str, initial_value: Any, dtype: Any, shape: Any, validate_shape: bool
    ) -> None:
        if callable(initial_value):
            with name_scope("Initializer"), device(None):
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
        graph = get_default_graph()
        # Every variable has these three nodes, so they are made without looking up what they take.
        attributes: dict[str, Any] = {"dtype": kind, "shape": dims}
        self._variable = graph.add(
            "VariableV2", scope[:-1], [], [(held, dims)], attributes
        ).outputs[0]
        if validate_shape and not value.shape.is_fully_defined():
            blame(value, f"variable {self.op.name}")
            raise ValueError(f"initial_value must have a shape specified: {value}")
        guarded = safe_initial_value(scope, value)
        guard = {"validate_shape": validate_shape}
        assigned = [(held, assign_shape([self._variable, guarded], guard))]
        inputs = [self._variable, guarded]
        name = graph.unique_name("Assign")
        self.initializer = graph.add("Assign", name, inputs, assigned, guard)
        with device(self._caching_device) if self._caching_device else colocate_with(self.op):
            name = graph.unique_name("read")
            self._snapshot = graph.add("Identity", name, inputs[:1], [(kind, dims)], {}).outputs[0]

    @property
    def op(self) -> Operation:
        """The node that holds it."""
        return self._variable.op

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

    def scatter_update(self, sparse_delta: Any, use_locking: Any = False, name: Any = None) -> Any:
        """Set rows."""
        delta = sparse_delta
        return apply("ScatterUpdate", self._variable, delta.indices, delta.values, name=name)


overload(Variable, lambda variable: variable.value())


def is_variable_initialized(variable: Any) -> Tensor:
    """Whether a variable is set, as a tensor."""
    return variable._is_initialized()  # type: ignore[no-any-return] # noqa: SLF001


def assign(
    ref: Any, value: Any, validate_shape: Any = None, use_locking: Any = None, name: Any = None
) -> Any:
    """Set a variable."""
    if ref.dtype.is_ref:
        return apply("Assign", ref, value, name=name)
    return ref.assign(value, name=name)


def assign_add(ref: Any, value: Any, use_locking: Any = None, name: Any = None) -> Any:
    """Add to a variable."""
    if ref.dtype.is_ref:
        return apply("AssignAdd", ref, value, name=name)
    return ref.assign_add(value)


def assign_sub(ref: Any, value: Any, use_locking: Any = None, name: Any = None) -> Any:
    """Subtract from a variable."""
    if ref.dtype.is_ref:
        return apply("AssignSub", ref, value, name=name)
    return ref.assign_sub(value)


def _scatter(kind: str) -> Any:
    def scatter(
        ref: Any, indices: Any, updates: Any, use_locking: Any = None, name: Any = None
    ) -> Any:
        if ref.dtype.is_ref:
            return apply(f"Scatter{kind}", ref, indices, updates, name=name)
        return ref.scattered(kind, indices, updates, name)

    return scatter


scatter_update = _scatter("Update")
scatter_add = _scatter("Add")
scatter_sub = _scatter("Sub")
