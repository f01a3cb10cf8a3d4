"""`tf.assign` and the like: functions that change a variable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.default import get_default_graph
from scopecli.dryrun.ops.applying import apply, convert_to_tensor
from scopecli.dryrun.ops.indexed_slices import IndexedSlices

if TYPE_CHECKING:
    from collections.abc import Callable

    from scopecli.dryrun.graph.nodes import Tensor
    from scopecli.dryrun.values.dtypes import DType
    from scopecli.dryrun.values.shapes import Dims


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


def can_wait(variable: Any) -> bool:
    """Whether what is computed of a variable can be made later: nothing is open around it."""
    if getattr(variable, "is_resource", True) or variable.device:
        return False
    graph = get_default_graph()
    return graph is variable.graph and not graph.is_inside


def later_node(
    type_: str, name: str, inputs: Callable[[], list[Tensor]], dtype: DType, dims: Dims
) -> Tensor:
    """A node whose inputs are made, in its scope, when somebody looks at them."""
    graph = get_default_graph()
    full = graph.unique_name(name)
    later = graph.add_later(full + "/", inputs)
    return graph.add(type_, full, later, [(dtype, dims)], {}).outputs[0]


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
