"""Making nodes: Python values become tensors, inputs get their names, outputs types and shapes.

Follows `op_def_library` and `ops.convert_to_tensor` of TensorFlow, which need each other: a list
becomes a tensor by an operation, whose inputs become tensors first.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.default import get_default_graph, graph_of
from scopecli.dryrun.graph.nodes import Operation, Tensor, has_tensor
from scopecli.dryrun.ops.constants import constant
from scopecli.dryrun.ops.shape_functions import shape_function
from scopecli.dryrun.ops.table import ALLOWED, INDEX_TYPES, OPS
from scopecli.dryrun.values.dtypes import BY_NAME, as_dtype, reference
from scopecli.dryrun.values.shapes import Dimension, TensorShape
from scopecli.dryrun.values.structures import flattened, map_structure
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scopecli.dryrun.graph.graph import Graph
    from scopecli.dryrun.values.dtypes import DType


_INDICES = frozenset(["int16", "int32", "int64", "uint16"])
# Operations whose sizes and axes are int32 and nothing else.
_INT32_ALONE = frozenset(["Split"])
# Of how many tensors an operation is made at least, where that is more than one.
_LEAST = {"ConcatV2": 2}


class Row(NamedTuple):
    """One row of the table of operations.

    Attributes:
        inputs: name and type of each.
        outputs: type of each.
        shape: gives the shapes of the outputs.
        allowed: the types that `T` can be; empty where it can be any.
        is_even: all inputs and the one output have the same type.
    """

    inputs: tuple[tuple[str, str], ...]
    outputs: tuple[str, ...]
    shape: Any
    allowed: tuple[str, ...]
    is_even: bool


@cache
def row(type_: str) -> Row:
    """The row of an operation, read from its text."""
    text, _, shape = (OPS.get(type_) or _rare(type_)).partition("|")
    inputs, _, outputs = text.partition("->")
    pairs = tuple((name, kind) for name, _, kind in (i.partition(":") for i in inputs.split()))
    function = shape_function(shape.strip()) if shape else None
    kinds = tuple(outputs.split())
    is_even = kinds == ("T",) and function is not None and {kind for _, kind in pairs} == {"T"}
    return Row(pairs, kinds, function, tuple(ALLOWED.get(type_, "").split()), is_even)


def _rare(type_: str) -> str:
    from scopecli.dryrun.ops.rare_table import OPS as RARE

    return RARE[type_]


def convert_to_tensor(
    value: Any, dtype: Any = None, name: str | None = None, hint: DType | None = None
) -> Tensor:
    """A tensor for whatever can be one.

    Args:
        value: a tensor, variable, number, list or array.
        dtype: the type that it must have.
        name: of the constant that is made where the value is no tensor.
        hint: the type that it gets if it can.

    Raises:
        TypeError: the value cannot have the type.
        ValueError: it is a tensor of another type, or no value.
    """
    if isinstance(value, Tensor):
        if dtype is not None and dtype is not value.dtype:
            _check_type(value, as_dtype(dtype), name)
        return value
    as_tensor = getattr(value, "_as_tensor", None)
    if as_tensor is not None:
        found: Tensor = as_tensor(None if dtype is None else as_dtype(dtype), name)
        return found
    if isinstance(value, Operation):
        raise TypeError(f"Can't convert Operation '{value.name}' to Tensor")
    if value is None:
        raise ValueError("None values not supported.")
    if isinstance(value, (TensorShape, Dimension)):
        return _shape_tensor(value, dtype, name)
    if isinstance(value, (list, tuple)) and has_tensor(value):
        return packed(value, dtype, name)
    if dtype is None and hint is not None:
        try:
            return constant(value, hint, name=name or "Const")
        except (TypeError, ValueError):
            pass
    return constant(value, dtype, name=name or "Const")


def _check_type(tensor: Tensor, wanted: DType, name: str | None) -> None:
    if not wanted.is_compatible_with(tensor.dtype):
        prefix = f"{name}: " if name else ""
        raise ValueError(
            f"{prefix}Tensor conversion requested dtype {wanted.name} for Tensor with dtype "
            f"{tensor.dtype.name}: {tensor!r}"
        )


def _shape_tensor(shape: TensorShape | Dimension, dtype: Any, name: str | None) -> Tensor:
    if isinstance(shape, Dimension):
        return constant(shape.value, dtype or "int32", name=name or "Const")
    if not shape.is_fully_defined():
        raise ValueError(f"Cannot convert a partially known TensorShape {shape} to a Tensor.")
    return constant(shape.as_list(), dtype or "int32", name=name or "shape_as_tensor")


def packed(values: Sequence[Any], dtype: Any, name: str | None) -> Tensor:
    """A list with tensors in it as one tensor; they are cast to the type that is asked for."""
    kind = next(leaf.dtype.base_dtype for leaf in flattened(values) if _is_tensor(leaf))
    if dtype is not None and kind is not as_dtype(dtype):
        kind = as_dtype(dtype)
        values = map_structure(
            lambda leaf: apply("Cast", leaf, DstT=kind) if _is_tensor(leaf) else leaf, list(values)
        )
    graph = get_default_graph()
    with graph.name_scope(name or "packed") as scope:
        found = list(values)
        for number, value in enumerate(values):
            if isinstance(value, (list, tuple)):
                if has_tensor(value):
                    found[number] = packed(value, kind, str(number))
                else:
                    graph.unique_name(str(number))  # TensorFlow has opened a scope for it
        parts = [convert_to_tensor(part, kind, name=str(i)) for i, part in enumerate(found)]
        return apply("Pack", parts, name=scope, axis=0)


def _is_tensor(value: Any) -> bool:
    return isinstance(value, Tensor) or hasattr(value, "_as_tensor")


def apply_op(type_: str, *inputs: Any, name: str | None = None, **attributes: Any) -> Operation:
    """Make a node.

    Args:
        type_: of the operation.
        inputs: a tensor or value for each; a list where the operation takes a list.
        name: of the node; with a slash at the end, exactly that.
        attributes: what else the shape depends on.

    Raises:
        TypeError: inputs that must agree in type do not.
        ValueError: the shapes of the inputs do not go together.
    """
    graph = get_default_graph()
    known = row(type_)
    if known.is_even and graph.context is None and _are_alike(graph, known, inputs):
        full = graph.scope_name(name or type_)
        outputs = [(inputs[0].dtype, known.shape(inputs, attributes))]
        return graph.add(type_, full, list(inputs), outputs, attributes)
    for value in inputs:
        if _is_element(value) and value.graph is not graph:
            with graph_of(filter(_is_element, inputs)).as_default():
                return apply_op(type_, *inputs, name=name, **attributes)
    stack = graph.name_stack
    full = graph.scope_name(name or type_)
    graph.name_stack = full
    types: dict[str, DType] = {}
    arguments: list[Any] = []
    flat: list[Tensor] = []
    try:
        for (argument, kind), value in zip(known.inputs, inputs, strict=True):
            if type(value) is Tensor and types.get(kind) is value.dtype:
                tensor = value
            elif kind[0] == "[":
                tensors = _list_input(type_, argument, kind[1:-1], value, types)
                arguments.append(tensors)
                flat += tensors
                continue
            elif kind[0] == "&":
                tensor = _reference(value)
                types.setdefault(kind[1:], tensor.dtype.base_dtype)
            else:
                tensor = _input(type_, known, argument, kind, value, types)
            arguments.append(tensor)
            flat.append(tensor)
        op = _made(graph, type_, full, known, (arguments, flat, types), attributes)
        if graph.devices and known.inputs and known.inputs[0][1][0] == "&":
            op.device = flat[0].device  # what is written to is where the node runs
        return op
    finally:
        graph.name_stack = stack


def _is_element(value: Any) -> bool:
    """Whether something is in a graph: a tensor or a variable."""
    return isinstance(value, Tensor) or hasattr(value, "_as_graph_element")


def _are_alike(graph: Graph, known: Row, inputs: tuple[Any, ...]) -> bool:
    """Whether the inputs are tensors of one type, so that there is nothing to convert.

    Those of most nodes are.
    """
    dtype: Any = getattr(inputs[0], "dtype", None) if len(inputs) == len(known.inputs) else None
    for value in inputs:
        if type(value) is not Tensor or value.dtype is not dtype or value.op.graph is not graph:
            return False
    return not dtype.is_ref and (not known.allowed or dtype.name in known.allowed)


def _made(
    graph: Graph,
    type_: str,
    name: str,
    known: Row,
    inputs: tuple[list[Any], list[Tensor], dict[str, DType]],
    attributes: dict[str, Any],
) -> Operation:
    arguments, flat, types = inputs
    shapes = known.shape(arguments, attributes) if known.shape else ()
    kinds = known.outputs
    if not isinstance(shapes, list):
        if len(kinds) == 1:
            outputs = [(types.get(kinds[0]) or _output_type(kinds[0], types, attributes), shapes)]
            return graph.add(type_, name, flat, outputs, attributes)
        outputs = [(_output_type(kind, types, attributes), shapes) for kind in kinds]
        return graph.add(type_, name, flat, outputs, attributes)
    if kinds == ("*A",):
        pairs = zip(flat, shapes, strict=True)
        outputs = [(tensor.dtype.base_dtype, dims) for tensor, dims in pairs]
        return graph.add(type_, name, flat, outputs, attributes)
    if kinds and kinds[0][0] == "*":
        kinds = (kinds[0][1:],) * len(shapes)
    outputs = [
        (_output_type(kind, types, attributes), dims)
        for kind, dims in zip(kinds, shapes, strict=True)
    ]
    return graph.add(type_, name, flat, outputs, attributes)


def _output_type(kind: str, types: dict[str, DType], attributes: dict[str, Any]) -> DType:
    found = types.get(kind)
    if found is not None:
        return found
    if kind[0] == "&":
        return reference(_output_type(kind[1:], types, attributes))
    if kind[0] == "@":
        return as_dtype(attributes[kind[1:]])
    return BY_NAME[kind]


def _reference(value: Any) -> Tensor:
    return value.reference() if hasattr(value, "reference") else value  # type: ignore[no-any-return]


def _input(
    type_: str, known: Row, argument: str, kind: str, value: Any, types: dict[str, DType]
) -> Tensor:
    if len(kind) > 1:
        return _of_type(type_, argument, kind, value)
    wanted = types.get(kind)
    if wanted is None:
        tensor = value if isinstance(value, Tensor) else _untyped(argument, value)
        found = tensor.dtype.base_dtype
        allowed = known.allowed if kind == "T" else ()
        if kind == "I":
            allowed = INDEX_TYPES.get(type_, ())
        if allowed and found.name not in allowed:
            raise TypeError(
                f"Value passed to parameter '{argument}' has DataType {found.name} not in list of "
                f"allowed values: {', '.join(allowed)}"
            )
        types[kind] = found
        return tensor
    if isinstance(value, Tensor) or hasattr(value, "_as_tensor"):
        tensor = convert_to_tensor(value, name=argument)
        if tensor.dtype.base_dtype is not wanted:
            first = next(name for name, other in known.inputs if other.strip("&[]") == kind)
            raise TypeError(
                f"Input '{argument}' of '{type_}' Op has type {tensor.dtype.base_dtype.name} that "
                f"does not match type {wanted.name} of argument '{first}'."
            )
        return tensor
    return typed(type_, argument, wanted, value)


def _untyped(argument: str, value: Any) -> Tensor:
    try:
        return convert_to_tensor(value, name=argument)
    except ValueError as error:
        raise ValueError(
            f"Tried to convert '{argument}' to a tensor and failed. Error: {error}"
        ) from None


def typed(type_: str, argument: str, wanted: DType, value: Any) -> Tensor:
    """A value as an input of a node that asks for a type.

    Raises:
        TypeError: it has another.
    """
    try:
        return convert_to_tensor(value, wanted, name=argument)
    except TypeError as error:
        raise TypeError(
            f"Expected {wanted.name} passed to parameter '{argument}' of op '{type_}', got "
            f"{value!r} of type '{type(value).__name__}' instead. Error: {error}"
        ) from None
    except ValueError:
        found = _untyped(argument, value).dtype.base_dtype.name
        raise TypeError(
            f"Input '{argument}' of '{type_}' Op has type {found} that does not match expected "
            f"type of {wanted.name}."
        ) from None


def _of_type(type_: str, argument: str, kind: str, value: Any) -> Tensor:
    """An input of a fixed type. Shapes and axes are int32 or int64: they stand as int32."""
    if kind != "int32" or type_ in _INT32_ALONE:
        return typed(type_, argument, BY_NAME[kind], value)
    known = isinstance(value, Tensor) or hasattr(value, "_as_tensor")
    if isinstance(value, (list, tuple)) and not value:
        tensor = constant([], name=argument)  # floating point is tried first
        if type_ != "Slice":
            return constant([], kind, name=argument)
    elif known or hasattr(value, "__array__"):
        tensor = convert_to_tensor(value, name=argument)
    else:
        try:
            return convert_to_tensor(value, kind, name=argument)
        except (TypeError, ValueError):
            tensor = _untyped(argument, value)
    if tensor.dtype.base_dtype.name not in _INDICES:
        raise TypeError(
            f"Value passed to parameter '{argument}' has DataType {tensor.dtype.base_dtype.name} "
            "not in list of allowed values: int32, int64"
        )
    return tensor


def _type_name(value: Any) -> str:
    try:
        return convert_to_tensor(value).dtype.base_dtype.name
    except (TypeError, ValueError):
        return "<NOT CONVERTIBLE TO TENSOR>"


def _list_input(
    type_: str, argument: str, kind: str, values: Any, types: dict[str, DType]
) -> list[Tensor]:
    if kind == "A":
        return [convert_to_tensor(value, name=f"{argument}_{i}") for i, value in enumerate(values)]
    wanted = BY_NAME[kind] if len(kind) > 1 else types.get(kind)
    if wanted is None:
        if not values:
            raise ValueError(
                f"List argument '{argument}' to '{type_}' Op with length 0 shorter than minimum "
                f"length {_LEAST.get(type_, 1)}."
            )
        wanted = next((v.dtype.base_dtype for v in values if _is_tensor(v)), None)
    tensors = []
    for number, value in enumerate(values):
        try:
            tensor = convert_to_tensor(value, wanted, name=f"{argument}_{number}")
        except ValueError:
            wrong = [_type_name(v) for v in values]
            raise TypeError(
                f"Tensors in list passed to '{argument}' of '{type_}' Op have types "
                f"[{', '.join(wrong)}] that don't all match."
            ) from None
        wanted = wanted or tensor.dtype.base_dtype
        tensors.append(tensor)
    if wanted is not None:
        types.setdefault(kind, wanted)
    return tensors


def apply(type_: str, *inputs: Any, name: str | None = None, **attributes: Any) -> Tensor:
    """Make a node and give its first output."""
    return apply_op(type_, *inputs, name=name, **attributes).outputs[0]
