"""Python's operators on tensors: `x + 1` makes the nodes `add/y` and `add`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.default import get_default_graph
from scopecli.dryrun.graph.nodes import Tensor
from scopecli.dryrun.ops.applying import apply, convert_to_tensor, typed
from scopecli.dryrun.ops.arithmetic import divided, logical_xor
from scopecli.dryrun.ops.arrays import stack
from scopecli.dryrun.ops.constants import constant
from scopecli.dryrun.values.dtypes import BY_NAME
from scopecli.dryrun.values.shapes import Dimension

if TYPE_CHECKING:
    from collections.abc import Callable

# method: name of the scope, operation
_BINARY = {
    "add": ("add", "AddV2"),
    "sub": ("sub", "Sub"),
    "mul": ("mul", "Mul"),
    "truediv": ("truediv", "RealDiv"),
    "div": ("div", "RealDiv"),
    "floordiv": ("floordiv", "FloorDiv"),
    "mod": ("mod", "FloorMod"),
    "pow": ("pow", "Pow"),
}
_COMPARISONS = {"lt": "Less", "le": "LessEqual", "gt": "Greater", "ge": "GreaterEqual"}
_UNARY = {"neg": "Neg", "abs": "Abs"}


def _binary(scope: str, type_: str) -> Callable[[Any, Any], Tensor]:
    loose = type_ in {"AddV2", "RealDiv"}  # these find a type for the other side by themselves

    def operator(x: Any, y: Any) -> Tensor:
        with get_default_graph().name_scope(scope) as name:
            if not isinstance(y, Tensor):
                kind = x.dtype.base_dtype
                if loose or hasattr(y, "_as_tensor"):
                    y = convert_to_tensor(y, name="y", hint=kind)
                else:
                    y = typed(type_, "y", kind, y)
            return _combined(type_, x, y, name)

    return operator


def _reversed(scope: str, type_: str) -> Callable[[Any, Any], Tensor]:
    def operator(y: Any, x: Any) -> Tensor:
        with get_default_graph().name_scope(scope) as name:
            x = convert_to_tensor(x, y.dtype.base_dtype, name="x")
            return _combined(type_, x, y, name)

    return operator


def _combined(type_: str, x: Any, y: Any, name: str) -> Tensor:
    if type_ == "RealDiv":
        return divided(x, y, name)
    if type_ == "AddV2" and x.dtype.base_dtype.name == "string":
        type_ = "Add"
    if type_ == "Pow":
        with get_default_graph().name_scope(name):
            return apply("Pow", x, y, name=name)
    return apply(type_, x, y, name=name)


# The operators of truth values, and what they do to the bits of integers.
_BITS = {
    "and": ("LogicalAnd", "BitwiseAnd"),
    "or": ("LogicalOr", "BitwiseOr"),
    "xor": ("LogicalXor", "BitwiseXor"),
}


def _bits(scope: str, *, reverse: bool = False) -> Callable[[Any, Any], Tensor]:
    def operator(x: Any, y: Any) -> Tensor:
        with get_default_graph().name_scope(scope) as name:
            kind = x.dtype.base_dtype
            logical, bitwise = _BITS[scope]
            pair = (convert_to_tensor(y, kind, name="x"), x) if reverse else (x, y)
            if not kind.is_bool:
                return apply(bitwise, *pair)
            if scope != "xor":
                return apply(logical, *pair, name=name)
            return logical_xor(pair[0], convert_to_tensor(pair[1], kind, name="y"), name=name)

    return operator


def _invert(x: Any) -> Tensor:
    return apply("LogicalNot" if x.dtype.is_bool else "Invert", x)


def _comparison(type_: str) -> Callable[[Any, Any], Tensor]:
    def operator(x: Any, y: Any) -> Tensor:
        return apply(type_, x, y)

    return operator


def _unary(type_: str) -> Callable[[Any], Tensor]:
    def operator(x: Any) -> Tensor:
        return apply(type_, x)

    return operator


def _matmul(x: Any, y: Any) -> Tensor:
    from scopecli.dryrun.ops.products import matmul

    with get_default_graph().name_scope("matmul") as name:
        return matmul(x, y, name=name)


def _reversed_matmul(y: Any, x: Any) -> Tensor:
    from scopecli.dryrun.ops.products import matmul

    with get_default_graph().name_scope("matmul") as name:
        return matmul(convert_to_tensor(x, y.dtype.base_dtype, name="x"), y, name=name)


def get_item(tensor: Tensor, key: Any) -> Tensor:
    """`tensor[1:, ..., tf.newaxis]`."""
    if isinstance(key, Tensor) and key.dtype.is_bool:
        from scopecli.dryrun.ops.indexing import boolean_mask

        return boolean_mask(tensor, key)
    spec = Slices()
    for item in key if isinstance(key, (list, tuple)) else [key]:
        spec.add(item)
    with get_default_graph().name_scope("strided_slice") as name:
        if spec.begin:
            parts = [stack(part) for part in (spec.begin, spec.end, spec.strides)]
            if any(part.dtype.name == "int64" for part in parts):
                kind = BY_NAME["int64"]
                parts = [
                    part if part.dtype is kind else apply("Cast", part, DstT=kind) for part in parts
                ]
        else:
            parts = [constant([], "int32")] * 3
        return apply("StridedSlice", tensor, *parts, name=name, **spec.masks)


class Slices:
    """The parts of a slice as the node wants them.

    Attributes:
        begin: first index of each axis.
        end: the index after the last of each.
        strides: the step of each.
        masks: which of these count, and which axes are added and dropped, as bits.
    """

    __slots__ = ("begin", "end", "masks", "strides")

    def __init__(self) -> None:
        self.begin: list[Any] = []
        self.end: list[Any] = []
        self.strides: list[Any] = []
        self.masks = dict.fromkeys(
            ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask"), 0
        )

    def add(self, item: Any) -> None:
        """Take one part.

        Raises:
            TypeError: it cannot index a tensor.
        """
        bit = 1 << len(self.begin)
        if isinstance(item, slice):
            self._slice(item, bit)
        elif item is Ellipsis:
            if self.masks["ellipsis_mask"]:
                raise ValueError("Multiple ellipses in slice spec not allowed.")
            self._append(0, 0, 1, "ellipsis_mask", bit)
        elif item is None:
            self._append(0, 0, 1, "new_axis_mask", bit)
        else:
            _check_index(item)
            step = 1
            if isinstance(item, Tensor) and item.dtype.name in {"int16", "int64"}:
                step = constant(1, item.dtype)  # type: ignore[assignment]
            self._append(item, item + 1, step, "shrink_axis_mask", bit)

    def _append(self, begin: Any, end: Any, step: Any, mask: str, bit: int) -> None:
        self.begin.append(begin)
        self.end.append(end)
        self.strides.append(step)
        self.masks[mask] |= bit

    def _slice(self, item: slice, bit: int) -> None:
        kind = None
        for bound in (item.start, item.stop, item.step):
            if isinstance(bound, Tensor) and kind != "int64":
                kind = bound.dtype.name
        for bound, default, values, mask in (
            (item.start, 0, self.begin, "begin_mask"),
            (item.stop, 0, self.end, "end_mask"),
            (item.step, 1, self.strides, ""),
        ):
            if bound is not None and not (isinstance(bound, Dimension) and bound.value is None):
                _check_index(bound)
                values.append(bound)
                continue
            values.append(default if kind is None else constant(default, kind))
            if mask:
                self.masks[mask] |= bit


def _check_index(index: Any) -> None:
    if isinstance(index, (int, Dimension, Tensor)) or hasattr(index, "__index__"):
        return
    raise TypeError(
        "Only integers, slices (`:`), ellipsis (`...`), tf.newaxis (`None`) and scalar "
        f"tf.int32/tf.int64 tensors are valid indices, got {index!r}"
    )


def overload(cls: Any, tensor_of: Callable[[Any], Tensor]) -> None:
    """Give a class the operators of a tensor.

    Args:
        cls: whose objects stand for tensors.
        tensor_of: the tensor that an object stands for.
    """

    def bound(operator: Callable[..., Tensor]) -> Callable[..., Tensor]:
        return lambda self, *others: operator(tensor_of(self), *others)

    for method, operator in _METHODS.items():
        setattr(cls, method, bound(operator))


_METHODS: dict[str, Callable[..., Tensor]] = {
    **{f"__{method}__": _binary(*names) for method, names in _BINARY.items()},
    **{f"__r{method}__": _reversed(*names) for method, names in _BINARY.items()},
    **{f"__{method}__": _comparison(type_) for method, type_ in _COMPARISONS.items()},
    **{f"__{method}__": _unary(type_) for method, type_ in _UNARY.items()},
    **{f"__{scope}__": _bits(scope) for scope in _BITS},
    **{f"__r{scope}__": _bits(scope, reverse=True) for scope in _BITS},
    "__invert__": _invert,
    "__matmul__": _matmul,
    "__rmatmul__": _reversed_matmul,
    "__getitem__": get_item,
}
for _method, _operator in _METHODS.items():
    setattr(Tensor, _method, _operator)
