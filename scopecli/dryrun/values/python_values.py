"""Python and numpy values that become constants: their type, shape and elements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.values.dtypes import BY_NAME, as_dtype
from scopecli.dryrun.values.shapes import Dimension

if TYPE_CHECKING:
    from scopecli.dryrun.values.dtypes import DType

_KINDS: tuple[tuple[type, str], ...] = (
    (bool, "bool"),
    (int, "int32"),
    (float, "float32"),
    (complex, "complex128"),
    (str, "string"),
    (bytes, "string"),
)
_ORDER = ("int32", "int64", "float32", "complex128")


def shape_of_value(value: Any) -> tuple[int, ...]:
    """The shape of nested lists or of an array.

    Raises:
        ValueError: the lists have different lengths.
    """
    if isinstance(value, (list, tuple)):
        found = _shape_of_list(value)
        if found is None:
            even = _even_part(value)
            raise ValueError(
                "setting an array element with a sequence. The requested array has an "
                f"inhomogeneous shape after {len(even)} dimensions. The detected shape was {even} "
                "+ inhomogeneous part."
            )
        return found
    shape = getattr(value, "shape", None)
    return tuple(int(size) for size in shape) if isinstance(shape, tuple) else ()


def _shape_of_list(value: Any) -> tuple[int, ...] | None:
    """The shape of nested lists, or None where lists beside each other differ in it."""
    if not isinstance(value, (list, tuple)):
        return shape_of_value(value)
    if not value:
        return (0,)
    inner = _shape_of_list(value[0])
    if inner is None:
        return None
    if any(isinstance(item, (list, tuple)) for item in value) and any(
        _shape_of_list(item) != inner for item in value[1:]
    ):
        return None
    return (len(value), *inner)


def _even_part(value: Any) -> tuple[int, ...]:
    """The first axes of nested lists, as far as the lists have the same length."""
    found: list[int] = []
    level = [value]
    while all(isinstance(item, (list, tuple)) and len(item) == len(level[0]) for item in level):
        found.append(len(level[0]))
        level = [item for items in level for item in items]
    return tuple(found)


def flattened(value: Any) -> list[Any]:
    """All elements in order."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return [element for item in value for element in flattened(item)]
    return [value]


class Longs(list[int]):
    """Numbers as numpy counts: a constant of them is int64."""

    dtype = BY_NAME["int64"]
    __array__ = None  # its type is its own, as that of an array is


def inferred_dtype(value: Any, wanted: DType | None) -> DType:
    """The type of a constant with this value.

    Raises:
        TypeError: the value has elements that are not of the wanted type.
    """
    array = getattr(value, "dtype", None)
    if array is not None:
        own = as_dtype(array)
        return wanted or own
    if wanted is None:
        return BY_NAME[_common(value)]
    element = _wrong(value, wanted)
    if element is not None:
        kind = type(element[0]).__name__
        raise TypeError(f"Expected {wanted.name}, but got {element[0]} of type '{kind}'.")
    return wanted


def _common(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        kinds = [_common(item) for item in value]
        if not kinds:
            return "float32"
        ranked = [kind for kind in kinds if kind in _ORDER]
        if len(ranked) == len(kinds):
            return max(ranked, key=_ORDER.index)
        return kinds[0]
    array = getattr(value, "dtype", None)
    if array is not None:
        return as_dtype(array).name
    if isinstance(value, Dimension):
        return "int32"
    for kind, name in _KINDS:
        if isinstance(value, kind):
            return name
    if hasattr(value, "__index__"):
        return "int32"
    if hasattr(value, "__float__"):
        return "float32"
    raise TypeError(
        f"Failed to convert elements of {value!r} to Tensor. Consider casting elements to a "
        "supported type. See https://www.tensorflow.org/api_docs/python/tf/dtypes for supported "
        "TF dtypes."
    )


def _wrong(value: Any, wanted: DType) -> tuple[Any] | None:
    """The first element that cannot be of the type."""
    if isinstance(value, (list, tuple)):
        for item in value:
            found = _wrong(item, wanted)
            if found is not None:
                return found
        return None
    return None if _fits(value, wanted) else (value,)


def _fits(value: Any, wanted: DType) -> bool:
    if hasattr(value, "dtype") or isinstance(value, Dimension):
        return True
    if value is None:
        return False
    if wanted.is_bool:
        return isinstance(value, bool)
    if wanted.name == "string":
        return isinstance(value, (str, bytes))
    if isinstance(value, (str, bytes)):
        return False
    if wanted.is_integer:
        return isinstance(value, int) or hasattr(value, "__index__")
    if wanted.is_floating:
        return not isinstance(value, complex)
    return True


def one_of(new_name: str, new: Any, old_name: str, old: Any) -> Any:
    """An argument that has an older name, too.

    Raises:
        ValueError: both are given.
    """
    if old is None:
        return new
    if new is not None:
        raise ValueError(f"Cannot specify both '{old_name}' and '{new_name}'.")
    return old
