"""What the elements of a data set look like: specifications in tuples and dictionaries."""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.graph.default import get_default_graph
from scopecli.dryrun.graph.nodes import Tensor
from scopecli.dryrun.graph.scopes import name_scope
from scopecli.dryrun.ops.applying import convert_to_tensor
from scopecli.dryrun.values.dtypes import BY_NAME, as_dtype
from scopecli.dryrun.values.python_values import inferred_dtype, shape_of_value
from scopecli.dryrun.values.shapes import dims_of
from scopecli.model.records import NamedTuple


class Spec(NamedTuple):
    """What one tensor of an element looks like.

    Attributes:
        dtype: type of its elements.
        dims: its shape.
    """

    dtype: Any
    dims: Any


def leaves(structure: Any) -> list[Any]:
    """The tensors of an element; a specification is one of them, though it is a tuple."""
    if isinstance(structure, dict):
        return [leaf for key in sorted(structure) for leaf in leaves(structure[key])]
    if isinstance(structure, tuple) and not isinstance(structure, Spec):
        return [leaf for item in structure for leaf in leaves(item)]
    return [structure]


def changed(structure: Any, function: Any) -> Any:
    """The same structure with a function of its leaves, in the order of a dictionary's keys."""
    if isinstance(structure, dict):
        found = {key: changed(structure[key], function) for key in sorted(structure)}
        return {key: found[key] for key in structure}
    if isinstance(structure, tuple) and not isinstance(structure, Spec):
        return tuple(changed(item, function) for item in structure)
    return function(structure)


def spec_of(value: Any) -> Spec:
    """What a value looks like, which may be a list or an array."""
    if hasattr(value, "dims"):
        return Spec(value.dtype.base_dtype, value.dims)
    if hasattr(value, "_as_tensor"):
        tensor = convert_to_tensor(value)
        return Spec(tensor.dtype.base_dtype, tensor.dims)
    return Spec(inferred_dtype(value, None), tuple(shape_of_value(value)))


def specs_of(kinds: Any, shapes: Any) -> Any:
    """An element of these types and shapes."""
    count = len(leaves(kinds))
    if shapes is None:
        sizes: list[Any] = [None] * count
    else:
        sizes = [shapes] if count == 1 else shapes_in(shapes)
    found = iter(
        Spec(as_dtype(kind), dims_of(shape))
        for kind, shape in zip(leaves(kinds), sizes, strict=True)
    )
    return changed(kinds, lambda _: next(found))


def shapes_in(structure: Any) -> list[Any]:
    """The shapes in a structure: a list, or a tuple of sizes, is one."""
    if isinstance(structure, dict):
        return [leaf for key in sorted(structure) for leaf in shapes_in(structure[key])]
    sizes = (int, type(None))
    if isinstance(structure, tuple) and not all(isinstance(item, sizes) for item in structure):
        return [leaf for item in structure for leaf in shapes_in(item)]
    return [structure]


def normalized(structure: Any) -> Any:
    """An element whose leaves are tensors."""
    numbers = iter(range(len(leaves(structure))))
    with name_scope(None, "normalize_element"):
        return changed(
            structure, lambda leaf: convert_to_tensor(leaf, name=f"component_{next(numbers)}")
        )


def node(type_: str, *inputs: Any) -> Tensor:
    """A data set as a tensor."""
    graph = get_default_graph()
    made = [tensor for tensor in inputs if isinstance(tensor, Tensor)]
    op = graph.add(type_, graph.scope_name(type_), made, [(BY_NAME["variant"], ())], {})
    return op.outputs[0]
