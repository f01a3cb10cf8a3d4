"""`tf.assign` and the like: functions that change a variable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.default import get_default_graph
from scopecli.dryrun.graph.later import Inputs
from scopecli.dryrun.graph.nodes import Tensor
from scopecli.dryrun.ops.applying import apply, convert_to_tensor
from scopecli.dryrun.ops.indexed_slices import IndexedSlices

if TYPE_CHECKING:
    from collections.abc import Callable

    from scopecli.dryrun.graph.graph import Graph
    from scopecli.dryrun.graph.nodes import Operation


def is_variable_initialized(variable: Any) -> Tensor:
    """Whether a variable is set, as a tensor."""
    return variable._is_initialized()  # type: ignore[no-any-return] # noqa: SLF001


def assign(
    ref: Any, value: Any, validate_shape: Any = None, use_locking: Any = None, name: Any = None
) -> Any:
    """Set a variable."""
    if ref.dtype.is_ref:
        return apply("Assign", ref, value, name=name, validate_shape=validate_shape)
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


def can_wait(variable: Any, value: Any) -> bool:
    """Whether what is computed of a variable and a value can be made later, and will not fail."""
    if getattr(variable, "is_resource", True) or type(value) is not Tensor:
        return False
    graph = get_default_graph()
    alike = value.dims == variable.shape.plain and value.dtype is variable.dtype.base_dtype
    return alike and graph is variable.graph is value.graph and not graph.is_inside


def subtract_later(variable: Any, delta: Callable[[], Tensor], name: str) -> Tensor:
    """Subtract from a reference variable what is made when somebody looks at it."""
    graph: Graph = variable.graph
    source: Tensor = variable.reference()
    full = graph.unique_name(name)

    def build() -> Operation:
        with graph.colocate_with(variable.op):
            return delta().op

    made = graph.add_later(full + "/", build)
    inputs = Inputs(lambda: [source, made.op().outputs[0]])
    op = graph.add("AssignSub", full, inputs, [(source.dtype, source.dims)], {})
    op.device = variable.device
    return op.outputs[0]


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
scatter_mul = _scatter("Mul")
scatter_div = _scatter("Div")
scatter_min = _scatter("Min")
scatter_max = _scatter("Max")
scatter_nd_update = _scatter("NdUpdate")
scatter_nd_add = _scatter("NdAdd")
scatter_nd_sub = _scatter("NdSub")


def scatter_rows(variable: Any, kind: str, sparse_delta: Any, name: Any) -> Any:
    """Change rows of a variable.

    Raises:
        TypeError: no rows are given.
    """
    if not isinstance(sparse_delta, IndexedSlices):
        raise TypeError(f"sparse_delta is not IndexedSlices: {sparse_delta}")
    indices, values = sparse_delta.indices, convert_to_tensor(sparse_delta.values)
    return globals()[f"scatter_{kind}"](variable, indices, values, name=name)


def count_up_to(ref: Any, limit: int, name: Any = None) -> Tensor:
    """Add 1 to a variable until a limit is reached."""
    if ref.dtype.is_ref:
        return apply("CountUpTo", ref, name=name, limit=limit)
    return apply("ResourceCountUpTo", ref.handle, name=name, T=ref.dtype, limit=limit)
