"""`tf.Variable`: the nodes that hold a variable, and the object that stands for it.

It knows its two subclasses, because in TensorFlow `tf.Variable(...)` makes one or the other.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/ops/ref_variable.py
"""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.default import get_default_graph
from scopecli.dryrun.graph.keys import GraphKeys
from scopecli.dryrun.graph.scopes import (
    init_scope,
    name_scope,
)
from scopecli.dryrun.graph.stack import user_stack
from scopecli.dryrun.ops.applying import apply, convert_to_tensor
from scopecli.dryrun.ops.operators import get_item, overload
from scopecli.dryrun.values.shapes import TensorShape, shape_with
from scopecli.dryrun.variables.calls import record
from scopecli.dryrun.variables.kind import resources_wanted
from scopecli.dryrun.variables.synchronization import checked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.dryrun.graph.graph import Graph
    from scopecli.dryrun.graph.nodes import Operation, Tensor
    from scopecli.dryrun.values.dtypes import DType


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
        op: the node that holds it.
        initializer: the operation that sets it.
        initial_value: what it is set to.
        trainable: whether optimizers change it by default.
        constraint: what optimizers apply to it after a step.
    """

    SaveSliceInfo: Any = SaveSliceInfo
    is_resource = False

    op: Operation
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
        return object.__new__(_class(resources_wanted(use_resource)))

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
            if initial_value is not None:
                raise ValueError(self._two_sources.format(variable_def, initial_value))
            self._restore(variable_def, import_scope)
            return
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
        graph = get_default_graph()
        with graph.control_dependencies(None):
            if callable(initial_value):
                opened: Any = graph.name_scope("Variable" if name is None else name)
            else:
                opened = name_scope(name, "Variable", [initial_value])
            with opened as scope:
                self._build(scope, initial_value, dtype, shape, validate_shape)
            self.op.stack = user_stack(_STACK_DEPTH)
            graph.add_to_collections(collections, self)
        record("created", self.op.name, self.op.stack)

    _no_initial_value = "initial_value must be specified."
    _two_sources = "variable_def and initial_value are mutually exclusive."
    _bad_constraint = "The `constraint` argument must be a callable."

    def _build(
        self, scope: str, initial_value: Any, dtype: Any, shape: Any, validate_shape: bool
    ) -> None:
        raise NotImplementedError

    def _restore(self, variable_def: Any, import_scope: Any) -> None:
        """Become the variable that was written down."""
        from scopecli.dryrun.variables.definitions import elements

        found = elements(variable_def, import_scope)
        self.initial_value, self.initializer = found["initial_value"], found["initializer"]
        self.trainable, self.constraint = variable_def.trainable, None
        self.synchronization = variable_def.synchronization
        self.aggregation = variable_def.aggregation
        self._save_slice_info = self._caching_device = None
        self._become(found["variable"], found["snapshot"])

    def _become(self, source: Any, snapshot: Any) -> None:
        raise NotImplementedError

    def to_proto(self, export_scope: Any = None) -> Any:
        """It, written down."""
        from scopecli.dryrun.variables.definitions import written

        return written(self, export_scope)

    @staticmethod
    def from_proto(variable_def: Any, import_scope: Any = None) -> Any:
        """The variable that was written down."""
        if variable_def.is_resource:
            from scopecli.dryrun.variables.resource_variable import ResourceVariable

            return ResourceVariable(variable_def=variable_def, import_scope=import_scope)
        from scopecli.dryrun.variables.ref_variable import RefVariable

        return RefVariable(variable_def=variable_def, import_scope=import_scope)

    @property
    def name(self) -> str:
        """`scope/w:0`."""
        return self.op.name + ":0"

    @property
    def initial_value_name(self) -> str:
        """Name of the tensor that it is set to."""
        return self.initial_value.name

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
        return shape_with(self.op.attributes["shape"])

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
        from scopecli.dryrun.ops.control_flow.conditionals import cond

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


def _scatter_method(kind: str) -> Any:
    def method(self: Any, sparse_delta: Any, use_locking: Any = False, name: Any = None) -> Any:
        from scopecli.dryrun.variables.assigning import scatter_rows

        return scatter_rows(self, kind, sparse_delta, name)

    return method


def _scatter_nd_method(kind: str) -> Any:
    def method(self: Any, indices: Any, updates: Any, name: Any = None) -> Any:
        from scopecli.dryrun.variables import assigning

        return getattr(assigning, f"scatter_nd_{kind}")(self, indices, updates, name=name)

    return method


for _kind in ("update", "add", "sub", "mul", "div", "min", "max"):
    setattr(Variable, f"scatter_{_kind}", _scatter_method(_kind))
for _kind in ("update", "add", "sub"):
    setattr(Variable, f"scatter_nd_{_kind}", _scatter_nd_method(_kind))


@cache
def _class(resource: bool) -> type[Variable]:
    """The class of a kind; both are subclasses, so they are imported when they are needed."""
    if resource:
        from scopecli.dryrun.variables.resource_variable import ResourceVariable

        return ResourceVariable
    from scopecli.dryrun.variables.ref_variable import RefVariable

    return RefVariable


overload(Variable, lambda variable: variable.value())


def _get_item(variable: Any, key: Any) -> Tensor:
    """A slice of a variable, which can be set."""
    found = get_item(variable.value(), key)
    if found.op.type == "StridedSlice":
        found.assign = partial(_set_slice, variable, found.op)
    return found


def _set_slice(variable: Any, slice_: Operation, val: Any, name: str | None = None) -> Any:
    name = f"{slice_.name}/_assign" if name is None else name
    where = slice_.inputs[1:]
    if not variable.is_resource:
        return apply("StridedSliceAssign", variable, *where, val, name=name)
    value = convert_to_tensor(val, variable.dtype)
    return variable.assigned_slice(where, value, name)


setattr(Variable, "__getitem__", _get_item)  # noqa: B010 - set like the other operators
