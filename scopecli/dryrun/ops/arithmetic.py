"""Arithmetic on elements, types, ranges and running totals."""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.graph.nodes import Tensor
from scopecli.dryrun.graph.scopes import name_scope
from scopecli.dryrun.ops.applying import apply, convert_to_tensor
from scopecli.dryrun.ops.constants import constant_of_one_value
from scopecli.dryrun.ops.indexed_slices import IndexedSlices
from scopecli.dryrun.values.dtypes import BY_NAME, as_dtype

_NUMBERS = ("int32", "int64", "float16", "bfloat16", "float32", "float64")
# The types that true division turns into floating point first.
_DIVIDED_AS = {"int8": "float32", "uint8": "float32", "int16": "float32", "uint16": "float32"}
_DIVIDED_AS |= {"int32": "float64", "int64": "float64"}


def add(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The sum of two tensors."""
    with name_scope(name, "Add", [x]) as scope:
        x = convert_to_tensor(x, name="x")
        y = convert_to_tensor(y, name="y", hint=x.dtype.base_dtype)
        type_ = "Add" if x.dtype.base_dtype.name == "string" else "AddV2"
        return apply(type_, x, y, name=scope)


def truediv(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The quotient as floating point."""
    with name_scope(name, "truediv") as scope:
        x = convert_to_tensor(x, name="x")
        y = convert_to_tensor(y, name="y", hint=x.dtype.base_dtype)
        return divided(x, y, scope)


def divided(x: Tensor, y: Tensor, name: str) -> Tensor:
    """True division; integers become floating point first.

    Raises:
        TypeError: the types differ.
    """
    kinds = x.dtype.base_dtype, y.dtype.base_dtype
    if kinds[0] != kinds[1]:
        raise TypeError(f"`x` and `y` must have the same dtype, got {kinds[0]!r} != {kinds[1]!r}.")
    wanted = _DIVIDED_AS.get(kinds[0].name)
    if wanted:
        x = apply("Cast", x, name="Cast", DstT=BY_NAME[wanted])
        y = apply("Cast", y, name="Cast", DstT=BY_NAME[wanted])
    return apply("RealDiv", x, y, name=name)


def divide(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The quotient as floating point."""
    if name is not None:
        return truediv(x, y, name)
    return convert_to_tensor(x) / y  # type: ignore[no-any-return]


def div(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The quotient; of integers, rounded down."""
    with name_scope(name, "div") as scope:
        x = convert_to_tensor(x, name="x")
        y = convert_to_tensor(y, x.dtype.base_dtype, name="y")
        type_ = "RealDiv" if x.dtype.is_floating or x.dtype.is_complex else "FloorDiv"
        return apply(type_, x, y, name=scope)


def div_no_nan(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The quotient; 0 where it is divided by 0."""
    with name_scope(name, "div_no_nan") as scope:
        x = convert_to_tensor(x, name="x")
        y = convert_to_tensor(y, name="y", hint=x.dtype.base_dtype)
        return apply("DivNoNan", x, y, name=scope)


def floordiv(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The quotient, rounded down."""
    with name_scope(name, "floordiv") as scope:
        return apply("FloorDiv", x, y, name=scope)


def pow(x: Any, y: Any, name: str | None = None) -> Tensor:
    """A power."""
    with name_scope(name, "Pow") as scope:
        return apply("Pow", x, y, name=scope)


def logical_xor(x: Any, y: Any, name: str = "LogicalXor") -> Tensor:
    """True where just one is."""
    either, both = apply("LogicalOr", x, y), apply("LogicalAnd", x, y)
    return apply("LogicalAnd", either, apply("LogicalNot", both), name=name)


def add_n(inputs: Any, name: str | None = None) -> Tensor:
    """The sum of many tensors.

    Raises:
        ValueError: there is none.
    """
    if not inputs:
        raise ValueError(
            "Inputs must be an iterable of at least one Tensor/IndexedSlices with the same dtype "
            "and shape."
        )
    tensors = [convert_to_tensor(value) for value in inputs]
    if len(tensors) == 1:
        return apply("Identity", tensors[0], name=name) if name else tensors[0]
    return apply("AddN", tensors, name=name)


def accumulate_n(
    inputs: Any, shape: Any = None, tensor_dtype: Any = None, name: str | None = None
) -> Tensor:
    """The sum of many tensors."""
    return add_n(inputs, name)


def cast(x: Any, dtype: Any, name: str | None = None) -> Tensor:
    """The same values as another type."""
    kind = as_dtype(dtype).base_dtype
    if isinstance(x, Tensor) and x.dtype == kind:
        return x
    if hasattr(x, "with_values"):  # rows of a tensor, or its elements that are not zero
        return x.with_values(cast(x.values, kind, name))  # type: ignore[no-any-return]
    if getattr(x, "is_resource", False) and x.dtype == kind:
        return x  # type: ignore[no-any-return] # TensorFlow gives the variable itself
    with name_scope(name, "Cast") as scope:
        x = convert_to_tensor(x, name="x")
        return x if x.dtype == kind else apply("Cast", x, name=scope, DstT=kind)


def to_float(x: Any, name: str = "ToFloat") -> Tensor:
    """As float32."""
    return cast(x, "float32", name)


def to_double(x: Any, name: str = "ToDouble") -> Tensor:
    """As float64."""
    return cast(x, "float64", name)


def to_bfloat16(x: Any, name: str = "ToBFloat16") -> Tensor:
    """As bfloat16."""
    return cast(x, "bfloat16", name)


def to_int32(x: Any, name: str = "ToInt32") -> Tensor:
    """As int32."""
    return cast(x, "int32", name)


def to_int64(x: Any, name: str = "ToInt64") -> Tensor:
    """As int64."""
    return cast(x, "int64", name)


def range(
    start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None, name: str = "range"
) -> Tensor:
    """Numbers in equal steps."""
    if limit is None:
        start, limit = 0, start
    with name_scope(name, "Range") as scope:
        kinds = ("start", start), ("limit", limit), ("delta", delta)
        bounds = [
            value if isinstance(value, Tensor) else convert_to_tensor(value, dtype, name=part)
            for part, value in kinds
        ]
        names = [bound.dtype.base_dtype.name for bound in bounds]
        kind = as_dtype(dtype) if dtype else BY_NAME[max(names, key=_NUMBERS.index)]
        return apply("Range", *[cast(bound, kind) for bound in bounds], name=scope)


def cumsum(
    x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False, name: str | None = None
) -> Tensor:
    """Running sums."""
    with name_scope(name, "Cumsum") as scope:
        return apply("Cumsum", convert_to_tensor(x, name="x"), axis, name=scope)


def cumprod(
    x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False, name: str | None = None
) -> Tensor:
    """Running products."""
    with name_scope(name, "Cumprod") as scope:
        return apply("Cumprod", convert_to_tensor(x, name="x"), axis, name=scope)


def saturate_cast(value: Any, dtype: Any, name: str | None = None) -> Tensor:
    """Another type, for what is beyond its bounds the bound."""
    with name_scope(name, "saturate_cast") as scope:
        value = convert_to_tensor(value, name="value")
        kind = value.dtype.base_dtype
        bounds = [constant_of_one_value(0, kind, (), "Const") for _ in "ab"]
        value = apply("ClipByValue", value, *bounds, name="clamp")
        return cast(value, dtype, name=scope)


def scalar_mul(scalar: Any, x: Any, name: str | None = None) -> Tensor:
    """A tensor times a number."""
    x = convert_to_tensor(x)
    scalar = convert_to_tensor(scalar, x.dtype.base_dtype, name="scalar")
    return apply("Mul", scalar, x, name=name)


def clip_by_value(t: Any, clip_value_min: Any, clip_value_max: Any, name: str | None = None) -> Any:
    """Between two bounds."""
    with name_scope(name, "clip_by_value") as scope:
        rows = isinstance(t, IndexedSlices)
        values = convert_to_tensor(t.values if rows else t, name="t")
        least = apply("Minimum", values, clip_value_max)
        clipped = apply("Maximum", least, clip_value_min, name=scope)
        return t.with_values(clipped) if rows else clipped
