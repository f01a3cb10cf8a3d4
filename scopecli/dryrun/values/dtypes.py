"""The types of tensors: `tf.float32` and its kin, with the reference types that variables have."""

from __future__ import annotations

from typing import Any

from scopecli.model.dtypes import BITS

FLOATING = frozenset({"float16", "bfloat16", "float32", "float64"})
COMPLEX = frozenset({"complex64", "complex128"})
_INTEGER = frozenset(
    {"int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "int4", "uint4"}
)


_LARGEST = {
    "float16": 65504.0,
    "bfloat16": 3.3895313892515355e38,
    "float32": 3.4028234663852886e38,
    "float64": 1.7976931348623157e308,
}


class DType:
    """The type of a tensor's elements.

    Attributes:
        name: `float32`; `float32_ref` for what a reference variable gives.
        base_dtype: the type without the reference.
        is_ref: whether it is a reference to a variable's memory.
    """

    __slots__ = ("base_dtype", "is_ref", "name")

    def __init__(self, name: str, base: DType | None = None) -> None:
        self.name = name
        self.base_dtype = base or self
        self.is_ref = base is not None

    @property
    def size(self) -> int | None:
        """Bytes of one element; 1 where it has no fixed size, as TensorFlow has it."""
        return BITS[self.base_dtype.name] // 8 or 1

    @property
    def is_floating(self) -> bool:
        """Whether it is a real floating-point type."""
        return self.base_dtype.name in FLOATING

    @property
    def is_complex(self) -> bool:
        """Whether it is a complex type."""
        return self.base_dtype.name in COMPLEX

    @property
    def is_integer(self) -> bool:
        """Whether it is an integer type that is not quantized."""
        return self.base_dtype.name in _INTEGER

    @property
    def is_bool(self) -> bool:
        """Whether it is the boolean type."""
        return self.base_dtype.name == "bool"

    @property
    def real_dtype(self) -> DType:
        """The type of the parts of a complex number."""
        parts = {"complex64": "float32", "complex128": "float64"}
        return BY_NAME[parts.get(self.base_dtype.name, self.base_dtype.name)]

    @property
    def max(self) -> Any:
        """The largest value.

        Raises:
            TypeError: it has none.
        """
        name = self.base_dtype.name
        if name in _LARGEST:
            return _LARGEST[name]
        if name not in _INTEGER:
            raise TypeError(f"Cannot find maximum value of {self} with type {self}.")
        return 2 ** (BITS[name] - (not name.startswith("u"))) - 1

    @property
    def min(self) -> Any:
        """The least value.

        Raises:
            TypeError: it has none.
        """
        name = self.base_dtype.name
        if name in _LARGEST:
            return -_LARGEST[name]
        if name not in _INTEGER:
            raise TypeError(f"Cannot find minimum value of {self} with type {self}.")
        return 0 if name.startswith("u") else -(2 ** (BITS[name] - 1))

    @property
    def as_numpy_dtype(self) -> Any:
        """The scalar type that numpy has for it."""
        import numpy as np

        name = self.base_dtype.name
        return np.object_ if name == "string" else np.dtype(name).type

    def is_compatible_with(self, other: Any) -> bool:
        """Whether a value of the other type can stand where this one is asked for."""
        other = as_dtype(other)
        return self.name in {other.name, other.base_dtype.name}

    def __eq__(self, other: object) -> bool:
        if isinstance(other, DType):
            return self.name == other.name
        try:
            return self.name == as_dtype(other).name
        except TypeError:
            return False

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"tf.{self.name}"

    def __str__(self) -> str:
        return f"<dtype: {self.name!r}>"


BY_NAME: dict[str, DType] = {name: DType(name) for name in BITS}
_PYTHON = {float: "float32", bool: "bool", object: "string"}
_NO_TYPES = (int, str, bytes)  # as in TensorFlow
_NUMPY = {
    "float": "float64",
    "int": "int64",
    "bool_": "bool",
    "double": "float64",
    "half": "float16",
}
_NUMPY |= {"object": "string", "str": "string", "bytes": "string", "object_": "string"}

for _name in BITS:
    BY_NAME[f"{_name}_ref"] = DType(f"{_name}_ref", BY_NAME[_name])

float32 = BY_NAME["float32"]
int32 = BY_NAME["int32"]
int64 = BY_NAME["int64"]
string = BY_NAME["string"]
bool_ = BY_NAME["bool"]
resource = BY_NAME["resource"]


def reference(dtype: DType) -> DType:
    """The reference type of a type."""
    return BY_NAME[dtype.base_dtype.name + "_ref"]


def as_dtype(value: Any) -> DType:
    """The type that a name, a Python type or a numpy type means.

    Raises:
        TypeError: it means none.
    """
    if isinstance(value, DType):
        return value
    if isinstance(value, str) and value in BY_NAME:
        return BY_NAME[value]
    if isinstance(value, str) and value == "float":  # TensorFlow's own name, and not numpy's
        return float32
    if isinstance(value, type) and value in _PYTHON:
        return BY_NAME[_PYTHON[value]]
    name = getattr(value, "name", None)
    if not isinstance(value, type) or value not in _NO_TYPES:
        name = name or getattr(value, "__name__", None)
    if not isinstance(name, str) and isinstance(value, str):
        name = value
    name = _NUMPY.get(name or "", name)
    if isinstance(name, str) and name in BY_NAME:
        return BY_NAME[name]
    raise TypeError(f"Cannot convert the argument `type_value`: {value!r} to a TensorFlow DType.")
