"""What is known of a tensor's values while the graph is built: enough for shapes and axes.

Follows `tensor_util.constant_value`. A value is a number or a list; an unknown element of a list
is None, and a tensor of which nothing is known gives None.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from scopecli.dryrun.graph.nodes import Operation, Tensor

Value = Any
_DEPTH = 50


def constant_value(tensor: Tensor, depth: int = _DEPTH) -> Value:
    """The value as far as it is known: a number, a list with None for what is unknown, or None."""
    op = tensor.op
    if op.type == "Const":
        value = op.value
        return value.tolist() if hasattr(value, "tolist") else value
    if op.type == "Unpack" and depth:
        return _unpacked(tensor, depth - 1)
    rule = _RULES.get(op.type)
    if rule is None or depth == 0 or tensor.value_index:
        return None
    return rule(op, depth - 1)


def number(tensor: Tensor) -> int | None:
    """The value of a scalar."""
    value = constant_value(tensor)
    if isinstance(value, (list, tuple)):
        value = value[0] if len(value) == 1 else None
    return None if value is None else int(value)


def vector(tensor: Tensor) -> list[int | None] | None:
    """The elements of a vector; None where even their number is unknown."""
    value = constant_value(tensor)
    if isinstance(value, (list, tuple)):
        return [None if item is None else int(item) for item in value]
    if tensor.dims is not None and len(tensor.dims) == 1 and tensor.dims[0] is not None:
        return [None] * tensor.dims[0]
    return None


def _unpacked(tensor: Tensor, depth: int) -> Value:
    value = constant_value(tensor.op.inputs[0], depth)
    if not isinstance(value, (list, tuple)) or _is_part(tensor.op.inputs[0].op):
        return None
    return value[tensor.value_index]


def _shape(op: Operation, _: int) -> Value:
    dims = op.inputs[0].dims
    return None if dims is None else list(dims)


def _pack(op: Operation, depth: int) -> Value:
    return [constant_value(tensor, depth) for tensor in op.inputs]


def _concat(op: Operation, depth: int) -> Value:
    found: list[Any] = []
    for tensor in op.inputs[:-1]:
        value = constant_value(tensor, depth)
        if not isinstance(value, (list, tuple)):
            if tensor.dims is None or len(tensor.dims) != 1 or tensor.dims[0] is None:
                return None
            value = [None] * tensor.dims[0]
        found += value
    return found


def _strided(op: Operation, depth: int) -> Value:
    value = constant_value(op.inputs[0], depth)
    begin, end, step = (constant_value(tensor, depth) for tensor in op.inputs[1:])
    if not isinstance(value, (list, tuple)) or None in (begin, end, step) or len(begin) != 1:
        return None
    if None in (begin[0], end[0], step[0]):
        return None
    if None in value and any(tensor.op.type != "Const" for tensor in op.inputs[1:]):
        return None  # a partly known shape is only looked into at places that are written out
    masks = op.attributes
    if masks.get("shrink_axis_mask", 0) & 1:
        if _is_part(op.inputs[0].op):
            return None  # of a partly known shape, one size is only taken from itself
        return value[begin[0]] if -len(value) <= begin[0] < len(value) else None
    first = None if masks.get("begin_mask", 0) & 1 else begin[0]
    last = None if masks.get("end_mask", 0) & 1 else end[0]
    return list(value)[first : last : step[0]]


def _is_part(op: Operation) -> bool:
    """Whether something is a part of a shape that is not known as a whole."""
    if op.type != "StridedSlice":
        return False
    while op.type == "StridedSlice":
        op = op.inputs[0].op
    return op.type == "Shape" and None in (op.inputs[0].dims or ())


def _slice(op: Operation, depth: int) -> Value:
    value, begin, size = (constant_value(tensor, depth) for tensor in op.inputs)
    if not isinstance(value, (list, tuple)) or not isinstance(begin, (list, tuple)):
        return None
    if not isinstance(size, (list, tuple)) or len(begin) != 1 or None in (begin[0], size[0]):
        return None
    if None in value:  # TensorFlow looks into a partly known shape, but not through this
        return None
    last = None if size[0] == -1 else begin[0] + size[0]
    return list(value)[begin[0] : last]


def _first(op: Operation, depth: int) -> Value:
    return constant_value(op.inputs[0], depth)


def _binary(function: Callable[[Any, Any], Any]) -> Callable[[Operation, int], Value]:
    def rule(op: Operation, depth: int) -> Value:
        a, b = (constant_value(tensor, depth) for tensor in op.inputs)
        if isinstance(a, (list, tuple)) or isinstance(b, (list, tuple)):
            return None
        try:
            return None if a is None or b is None else function(a, b)
        except (ArithmeticError, TypeError):
            return None

    return rule


def _select(op: Operation, depth: int) -> Value:
    chosen, yes, no = (constant_value(tensor, depth) for tensor in op.inputs)
    return (yes if chosen else no) if isinstance(chosen, bool) else None


def _cast(op: Operation, depth: int) -> Value:
    value = constant_value(op.inputs[0], depth)
    convert = int if op.outputs[0].dtype.is_integer else float
    return convert(value) if isinstance(value, (int, float)) else value


def _expand(op: Operation, depth: int) -> Value:
    value = constant_value(op.inputs[0], depth)
    return None if isinstance(value, (list, tuple)) else [value]


def _rank(op: Operation, _: int) -> Value:
    dims = op.inputs[0].dims
    return None if dims is None else len(dims)


def _range(op: Operation, depth: int) -> Value:
    bounds = [constant_value(tensor, depth) for tensor in op.inputs]
    if any(not isinstance(bound, int) for bound in bounds) or not bounds[2]:
        return None
    found = range(*bounds)
    return list(found) if len(found) <= 64 else None


def _prod(op: Operation, depth: int) -> Value:
    value = constant_value(op.inputs[0], depth)
    if not isinstance(value, (list, tuple)) or None in value:
        return None
    total = 1
    for item in value:
        total *= item
    return total


def _fill(op: Operation, depth: int) -> Value:
    sizes, value = (constant_value(tensor, depth) for tensor in op.inputs)
    if not isinstance(sizes, (list, tuple)) or len(sizes) != 1 or sizes[0] is None:
        return None
    return [value] * sizes[0] if sizes[0] <= 64 else None


def _stretched(op: Operation, depth: int) -> Value:
    a, b = (constant_value(tensor, depth) for tensor in op.inputs)
    if not isinstance(a, list) or not isinstance(b, list) or None in (*a, *b):
        return None
    size = max(len(a), len(b))
    pairs = zip([1] * (size - len(a)) + a, [1] * (size - len(b)) + b, strict=True)
    return [y if x == 1 else x for x, y in pairs]


_RULES: dict[str, Callable[[Operation, int], Value]] = {
    "Shape": _shape,
    "Pack": _pack,
    "ConcatV2": _concat,
    "StridedSlice": _strided,
    "Slice": _slice,
    "BroadcastArgs": _stretched,
    "Identity": _first,
    "Cast": _cast,
    "ExpandDims": _expand,
    "Rank": _rank,
    "Range": _range,
    "Fill": _fill,
    "Prod": _prod,
    "Add": _binary(lambda a, b: a + b),
    "AddV2": _binary(lambda a, b: a + b),
    "Sub": _binary(lambda a, b: a - b),
    "Mul": _binary(lambda a, b: a * b),
    "FloorDiv": _binary(lambda a, b: a // b),
    "FloorMod": _binary(lambda a, b: a % b),
    "GreaterEqual": _binary(lambda a, b: a >= b),
    "Greater": _binary(lambda a, b: a > b),
    "LessEqual": _binary(lambda a, b: a <= b),
    "Less": _binary(lambda a, b: a < b),
    "SelectV2": _select,
    "Maximum": _binary(max),
    "Minimum": _binary(min),
}
