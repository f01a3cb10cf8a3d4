"""The canonical dtype names and how many bits an element takes.

The names are numpy's and ml_dtypes' own; formats map theirs to these.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from scopecli.model.records import NamedTuple

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
        "float6_e2m3fn": 6,
        "float6_e3m2fn": 6,
        "float8_e3m4": 8,
        "float8_e4m3": 8,
        "float8_e4m3fn": 8,
        "float8_e4m3fnuz": 8,
        "float8_e4m3b11fnuz": 8,
        "float8_e5m2": 8,
        "float8_e5m2fnuz": 8,
        "float8_e8m0fnu": 8,
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
        "float6_e2m3fn",
        "float6_e3m2fn",
        "float8_e3m4",
        "float8_e4m3",
        "float8_e4m3fn",
        "float8_e4m3fnuz",
        "float8_e4m3b11fnuz",
        "float8_e5m2",
        "float8_e5m2fnuz",
        "float8_e8m0fnu",
        "bfloat16",
    }
)


class Block(NamedTuple):
    """A block of a quantized dtype: how many elements it has, and how many bytes."""

    elements: int
    bytes: int


# GGML's quantized types, under GGML's names: the struct of each is in
# https://github.com/ggml-org/ggml/blob/master/src/ggml-common.h
BLOCKS: Mapping[str, Block] = MappingProxyType(
    {
        "Q1_0": Block(128, 18),
        "Q4_0": Block(32, 18),
        "Q4_1": Block(32, 20),
        "Q5_0": Block(32, 22),
        "Q5_1": Block(32, 24),
        "Q8_0": Block(32, 34),
        "Q8_1": Block(32, 40),
        "Q2_K": Block(256, 84),
        "Q3_K": Block(256, 110),
        "Q4_K": Block(256, 144),
        "Q5_K": Block(256, 176),
        "Q6_K": Block(256, 210),
        "Q8_K": Block(256, 292),
        "IQ1_S": Block(256, 50),
        "IQ1_M": Block(256, 56),
        "IQ2_XXS": Block(256, 66),
        "IQ2_XS": Block(256, 74),
        "IQ2_S": Block(256, 82),
        "IQ3_XXS": Block(256, 98),
        "IQ3_S": Block(256, 110),
        "IQ4_NL": Block(32, 18),
        "IQ4_XS": Block(256, 136),
        "TQ1_0": Block(256, 54),
        "TQ2_0": Block(256, 66),
        "MXFP4": Block(32, 17),
        "NVFP4": Block(64, 36),
    }
)


def nbytes(dtype: str, elements: int) -> int | None:
    """Size in bytes of packed elements; None for a dtype whose elements have no fixed size."""
    bits = BITS.get(dtype, 0)
    if bits:
        return (elements * bits + 7) // 8
    block = BLOCKS.get(dtype)
    return -(-elements // block.elements) * block.bytes if block else None
