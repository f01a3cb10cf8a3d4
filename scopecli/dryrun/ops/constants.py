"""Constants: values that are known when their node is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.default import get_default_graph
from scopecli.dryrun.values.dtypes import as_dtype, float32
from scopecli.dryrun.values.python_values import flattened, inferred_dtype, shape_of_value
from scopecli.dryrun.values.shapes import dims_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scopecli.dryrun.graph.nodes import Tensor
    from scopecli.dryrun.values.dtypes import DType
    from scopecli.dryrun.values.shapes import Dims


def constant(
    value: Any,
    dtype: Any = None,
    shape: Any = None,
    name: str = "Const",
    verify_shape: bool = False,
) -> Tensor:
    """A constant.

    Raises:
        TypeError: the value has elements that are not of the type.
        ValueError: the value has not the shape.
    """
    if value is None:
        raise ValueError("None values not supported.")
    wanted = None if dtype is None else as_dtype(dtype).base_dtype
    if type(value) is float and shape is None and wanted is float32:  # the most common one
        return constant_node(value, wanted, (), name)
    kind = inferred_dtype(value, wanted)
    own = shape_of_value(value)
    dims: Dims = own
    if shape is not None:
        dims = dims_of(shape)
        elements, room = _product(own), _product(dims or ())
        if elements > room:
            raise ValueError(
                f"Too many elements provided. Takes at most {room}, but got {elements}"
            )
        if verify_shape and own != dims:
            raise TypeError(f"Expected Tensor's shape: {dims}, got {own}.")
    known = value if shape is None or own == dims else _filled(flattened(value), dims)
    return constant_node(known, kind, dims, name)


def constant_node(value: Any, kind: DType, dims: Dims, name: str) -> Tensor:
    """The node of a constant, whose value is in order."""
    graph = get_default_graph()
    attributes = {"dtype": kind, "shape": dims}
    op = graph.add("Const", graph.node_name(name), [], [(kind, dims)], attributes)
    op.value = value
    return op.outputs[0]


def constant_of_one_value(value: Any, kind: DType, dims: Dims, name: str) -> Tensor:
    """A constant with one value everywhere, which is of the type."""
    return constant_node(_filled([value], dims) if dims else value, kind, dims, name)


def _product(dims: Sequence[int | None]) -> int:
    total = 1
    for size in dims:
        total *= size or 0
    return total


def _filled(flat: list[Any], dims: Dims) -> Any:
    """Values of which the last fills a shape up; only vectors are ever asked for."""
    if dims is None or len(dims) != 1 or not flat or (dims[0] or 0) > 64:
        return None
    return flat + flat[-1:] * ((dims[0] or 0) - len(flat))
