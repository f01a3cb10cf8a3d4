"""GGUF's tables: value types, tensor types.

https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

MAGIC = b"GGUF"

# `gguf_metadata_value_type`: those of fixed size as `struct` writes them.
SCALARS: Mapping[int, str] = MappingProxyType(
    {
        0: "B",
        1: "b",
        2: "H",
        3: "h",
        4: "I",
        5: "i",
        6: "f",
        7: "?",
        10: "Q",
        11: "q",
        12: "d",
    }
)
STRING = 8
ARRAY = 9
VALUE_TYPES: Mapping[int, str] = MappingProxyType(
    {
        0: "uint8",
        1: "int8",
        2: "uint16",
        3: "int16",
        4: "uint32",
        5: "int32",
        6: "float32",
        7: "bool",
        STRING: "string",
        ARRAY: "array",
        10: "uint64",
        11: "int64",
        12: "float64",
    }
)

# `ggml_type`; numbers that are missing here were taken back.
TENSOR_TYPES: Mapping[int, str] = MappingProxyType(
    {
        0: "float32",
        1: "float16",
        2: "Q4_0",
        3: "Q4_1",
        6: "Q5_0",
        7: "Q5_1",
        8: "Q8_0",
        9: "Q8_1",
        10: "Q2_K",
        11: "Q3_K",
        12: "Q4_K",
        13: "Q5_K",
        14: "Q6_K",
        15: "Q8_K",
        16: "IQ2_XXS",
        17: "IQ2_XS",
        18: "IQ3_XXS",
        19: "IQ1_S",
        20: "IQ4_NL",
        21: "IQ3_S",
        22: "IQ2_S",
        23: "IQ4_XS",
        24: "int8",
        25: "int16",
        26: "int32",
        27: "int64",
        28: "float64",
        29: "IQ1_M",
        30: "bfloat16",
        34: "TQ1_0",
        35: "TQ2_0",
        39: "MXFP4",
        40: "NVFP4",
        41: "Q1_0",
    }
)
