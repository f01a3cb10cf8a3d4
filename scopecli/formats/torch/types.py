"""PyTorch's element types and storages, by their names in a pickle, and the canonical dtypes.

https://docs.pytorch.org/docs/stable/tensor_attributes.html
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from scopecli.model.dtypes import BITS
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class ElementType(NamedTuple):
    """What the elements of a tensor are.

    Attributes:
        dtype: canonical name, or PyTorch's own where there is none.
        size: bytes of an element in the file; 0 where several are packed into one.
        written: PyTorch's name, where it says more than the canonical one.
    """

    dtype: str
    size: int
    written: str = ""


_PLAIN = [
    "bool",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "int8",
    "int16",
    "int32",
    "int64",
    "float16",
    "bfloat16",
    "float32",
    "float64",
    "complex64",
    "complex128",
    "float8_e4m3fn",
    "float8_e4m3fnuz",
    "float8_e5m2",
    "float8_e5m2fnuz",
    "float8_e8m0fnu",
    "qint8",
    "quint8",
    "qint32",
]
# Types that are only a name for bytes: PyTorch does not compute with them.
_BYTES = {
    "float4_e2m1fn_x2": "uint8",
    "bits8": "uint8",
    "bits1x8": "uint8",
    "bits2x4": "uint8",
    "bits4x2": "uint8",
    "bits16": "uint16",
    **{f"uint{bits}": "uint8" for bits in range(1, 8)},
    **{f"int{bits}": "int8" for bits in range(1, 8)},
}

TYPES: Mapping[str, ElementType] = MappingProxyType(
    {
        **{f"torch.{name}": ElementType(name, BITS[name] // 8) for name in _PLAIN},
        **{
            f"torch.{name}": ElementType(held, BITS[held] // 8, f"torch.{name}")
            for name, held in _BYTES.items()
        },
        "torch.complex32": ElementType("complex32", 4),
        "torch.quint4x2": ElementType("quint4x2", 0),
        "torch.quint2x4": ElementType("quint2x4", 0),
    }
)

_UNTYPED = ElementType("uint8", 1)

# The class of a storage tells the type; one that is `Untyped` is told by the tensor.
STORAGES: Mapping[str, ElementType] = MappingProxyType(
    {
        **{
            f"{name}Storage": TYPES[f"torch.{dtype}"]
            for name, dtype in {
                "Double": "float64",
                "Float": "float32",
                "Half": "float16",
                "BFloat16": "bfloat16",
                "Long": "int64",
                "Int": "int32",
                "Short": "int16",
                "Char": "int8",
                "Byte": "uint8",
                "Bool": "bool",
                "ComplexFloat": "complex64",
                "ComplexDouble": "complex128",
                "QInt8": "qint8",
                "QUInt8": "quint8",
                "QInt32": "qint32",
                "QUInt4x2": "quint4x2",
                "QUInt2x4": "quint2x4",
            }.items()
        },
        "UntypedStorage": _UNTYPED,
    }
)
