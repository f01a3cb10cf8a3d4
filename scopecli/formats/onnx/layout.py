"""ONNX's tables: field numbers of its messages, element types.

Layout only; the logic is beside it. Numbers are from
https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from scopecli.binary.protobuf.wire import BYTES, FIXED32, FIXED64, VARINT

if TYPE_CHECKING:
    from collections.abc import Mapping


class ModelProto:
    """The whole file."""

    IR_VERSION = 1
    PRODUCER_NAME = 2
    PRODUCER_VERSION = 3
    DOMAIN = 4
    MODEL_VERSION = 5
    DOC_STRING = 6
    GRAPH = 7
    OPSET_IMPORT = 8
    METADATA = 14
    TRAINING = 20
    FUNCTION = 25


class GraphProto:
    """A graph: the model's own, or the body of a loop or branch."""

    NODE = 1
    NAME = 2
    INITIALIZER = 5
    INPUT = 11
    OUTPUT = 12
    SPARSE_INITIALIZER = 15


class FunctionProto:
    """An operation that the model itself defines."""

    NAME = 1
    NODE = 7


class TrainingInfoProto:
    """What a model does to be trained."""

    INITIALIZATION = 1
    ALGORITHM = 2


class NodeProto:
    """One use of an operation."""

    OUTPUT = 2
    NAME = 3
    OP_TYPE = 4
    ATTRIBUTE = 5


class AttributeProto:
    """An attribute of a node."""

    NAME = 1
    TENSOR = 5
    GRAPH = 6
    GRAPHS = 11
    SPARSE_TENSOR = 22


class TensorProto:
    """A tensor with its values, or with the place of them."""

    DIMS = 1
    DATA_TYPE = 2
    NAME = 8
    RAW_DATA = 9
    EXTERNAL_DATA = 13
    DATA_LOCATION = 14

    EXTERNAL = 1  # a data location


class SparseTensorProto:
    """The elements of a tensor that are not zero, and where they are."""

    VALUES = 1
    INDICES = 2
    DIMS = 3


class Pair:
    """StringStringEntryProto, and OperatorSetIdProto too."""

    KEY = 1
    VALUE = 2


class ValueInfoProto:
    """An input or output: ValueInfoProto and the TypeProto and TensorShapeProto inside."""

    NAME = 1
    TYPE = 2

    TENSOR_TYPE = 1
    ELEM_TYPE = 1
    SHAPE = 2
    DIM = 1
    DIM_VALUE = 1
    DIM_PARAM = 2


# Wire type of each field of a model and of its graph, by which a file is recognised.
MODEL_FIELDS: Mapping[int, int] = MappingProxyType(
    {
        1: VARINT,
        **dict.fromkeys((2, 3, 4), BYTES),
        5: VARINT,
        **dict.fromkeys((6, 7, 8, 14, 20, 25, 26), BYTES),
    }
)
GRAPH_FIELDS: Mapping[int, int] = MappingProxyType(
    dict.fromkeys((1, 2, 5, 10, 11, 12, 13, 14, 15, 16), BYTES)
)

# TensorProto.DataType.
DTYPES: Mapping[int, str] = MappingProxyType(
    {
        1: "float32",
        2: "uint8",
        3: "int8",
        4: "uint16",
        5: "int16",
        6: "int32",
        7: "int64",
        8: "string",
        9: "bool",
        10: "float16",
        11: "float64",
        12: "uint32",
        13: "uint64",
        14: "complex64",
        15: "complex128",
        16: "bfloat16",
        17: "float8_e4m3fn",
        18: "float8_e4m3fnuz",
        19: "float8_e5m2",
        20: "float8_e5m2fnuz",
        21: "uint4",
        22: "int4",
        23: "float4_e2m1fn",
        24: "float8_e8m0fnu",
        25: "uint2",
        26: "int2",
        27: "float6_e2m3fn",
        28: "float6_e3m2fn",
    }
)

# Which field of a TensorProto has the values where they are not raw, and how each is written. The
# types that are not here are written as int32: small ones as a number each, those of less than a
# byte as the bytes that several of them fill.
VALUE_FIELDS: Mapping[str, tuple[int, int]] = MappingProxyType(
    {
        "float32": (4, FIXED32),
        "complex64": (4, FIXED32),
        "string": (6, BYTES),
        "int64": (7, VARINT),
        "float64": (10, FIXED64),
        "complex128": (10, FIXED64),
        "uint32": (11, VARINT),
        "uint64": (11, VARINT),
    }
)
SMALL_VALUES = (5, VARINT)

# Attributes of a Constant that have the values themselves: field, dtype, and how each is written.
CONSTANT_VALUES: Mapping[str, tuple[int, str, int]] = MappingProxyType(
    {
        "value_float": (2, "float32", FIXED32),
        "value_int": (3, "int64", VARINT),
        "value_string": (4, "string", BYTES),
        "value_floats": (7, "float32", FIXED32),
        "value_ints": (8, "int64", VARINT),
        "value_strings": (9, "string", BYTES),
    }
)
SCALAR_VALUES = frozenset({"value_float", "value_int", "value_string"})
