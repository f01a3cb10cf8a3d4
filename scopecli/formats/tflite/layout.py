"""TensorFlow Lite's tables: places of the fields in its schema, element types.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/compiler/mlir/lite/schema/schema.fbs
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

IDENTIFIER = b"TFL3"
IDENTIFIER_OFFSET = 4


class Model:
    """The whole file."""

    VERSION = 0
    OPERATOR_CODES = 1
    SUBGRAPHS = 2
    DESCRIPTION = 3
    BUFFERS = 4
    METADATA = 6
    SIGNATURES = 7


class SubGraph:
    """A graph: the main one, or what a signature or a loop runs."""

    TENSORS = 0
    INPUTS = 1
    OUTPUTS = 2
    OPERATORS = 3
    NAME = 4


class OperatorCode:
    """A type of operators: a number that the schema knows, or a name."""

    OLD_BUILTIN = 0  # until they were more than a byte can count
    CUSTOM = 1
    BUILTIN = 3


class Tensor:
    """A tensor, with values or without."""

    SHAPE = 0
    TYPE = 1
    BUFFER = 2
    NAME = 3
    QUANTIZATION = 4
    SPARSITY = 6
    SHAPE_SIGNATURE = 7
    EXTERNAL_BUFFER = 10


class Buffer:
    """The values of a tensor: here, or behind the tables where the file is larger than 2 GiB."""

    DATA = 0
    OFFSET = 1
    SIZE = 2


class Quantization:
    """How the numbers of a tensor stand for others."""

    SCALE = 2
    ZERO_POINT = 3
    DIMENSION = 6


class Signature:
    """A way to call the model."""

    INPUTS = 0
    OUTPUTS = 1
    KEY = 2

    TENSOR_NAME = 0


class Metadata:
    """Something that a tool added."""

    NAME = 0


# TensorType.
DTYPES: Mapping[int, str] = MappingProxyType(
    {
        0: "float32",
        1: "float16",
        2: "int32",
        3: "uint8",
        4: "int64",
        5: "string",
        6: "bool",
        7: "int16",
        8: "complex64",
        9: "int8",
        10: "float64",
        11: "complex128",
        12: "uint64",
        13: "resource",
        14: "variant",
        15: "uint32",
        16: "uint16",
        17: "int4",
        18: "bfloat16",
        19: "int2",
        20: "uint4",
    }
)
