"""The canonical dtype names and how many bits an element takes.

The names are numpy's and ml_dtypes' own; formats map theirs to these.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# 0 bits: the size of an element is not fixed.
BITS: Mapping[str, int] = MappingProxyType(
    {
        "bool": 8,
        "int2": 2,
        "uint2": 2,
        "int4": 4,
        "uint4": 4,
        "int8": 8,
        "uint8": 8,
        "int16": 16,
        "uint16": 16,
        "int32": 32,
        "uint32": 32,
        "int64": 64,
        "uint64": 64,
        "float4_e2m1fn": 4,
        "float8_e4m3fn": 8,
        "float8_e4m3fnuz": 8,
        "float8_e4m3b11fnuz": 8,
        "float8_e5m2": 8,
        "float8_e5m2fnuz": 8,
        "float16": 16,
        "bfloat16": 16,
        "float32": 32,
        "float64": 64,
        "complex64": 64,
        "complex128": 128,
        "qint8": 8,
        "quint8": 8,
        "qint16": 16,
        "quint16": 16,
        "qint32": 32,
        "string": 0,
        "resource": 0,
        "variant": 0,
    }
)

# Types that numpy knows by another name, and those that only ml_dtypes knows.
NUMPY_NAMES: Mapping[str, str] = MappingProxyType(
    {"qint8": "int8", "quint8": "uint8", "qint16": "int16", "quint16": "uint16", "qint32": "int32"}
)
ML_DTYPES = frozenset(
    {
        "int2",
        "uint2",
        "int4",
        "uint4",
        "float4_e2m1fn",
        "float8_e4m3fn",
        "float8_e4m3fnuz",
        "float8_e4m3b11fnuz",
        "float8_e5m2",
        "float8_e5m2fnuz",
        "bfloat16",
    }
)


def nbytes(dtype: str, elements: int) -> int | None:
    """Size in bytes of so many packed elements; None where an element has no fixed size."""
    bits = BITS.get(dtype, 0)
    return (elements * bits + 7) // 8 if bits else None
