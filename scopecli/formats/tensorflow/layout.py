"""Field numbers of TensorFlow's messages, and its data types.

Layout only; the logic is beside it. Numbers are from the `.proto` files in
https://github.com/tensorflow/tensorflow/tree/master/tensorflow/core
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# framework/types.proto, DataType. Reference types are 100 higher.
DTYPES: Mapping[int, str] = MappingProxyType(
    {
        1: "float32",
        2: "float64",
        3: "int32",
        4: "uint8",
        5: "int16",
        6: "int8",
        7: "string",
        8: "complex64",
        9: "int64",
        10: "bool",
        11: "qint8",
        12: "quint8",
        13: "qint32",
        14: "bfloat16",
        15: "qint16",
        16: "quint16",
        17: "uint16",
        18: "complex128",
        19: "float16",
        20: "resource",
        21: "variant",
        22: "uint32",
        23: "uint64",
        24: "float8_e5m2",
        25: "float8_e4m3fn",
        26: "float8_e4m3fnuz",
        27: "float8_e4m3b11fnuz",
        28: "float8_e5m2fnuz",
        29: "int4",
        30: "uint4",
        31: "int2",
        32: "uint2",
        33: "float4_e2m1fn",
    }
)
REFERENCE = 100


class BundleHeader:
    """protobuf/tensor_bundle.proto, BundleHeaderProto."""

    NUM_SHARDS = 1
    ENDIANNESS = 2  # 0 little, 1 big
    VERSION = 3


class Version:
    """framework/versions.proto, VersionDef."""

    PRODUCER = 1
    MIN_CONSUMER = 2


class BundleEntry:
    """protobuf/tensor_bundle.proto, BundleEntryProto."""

    DTYPE = 1
    SHAPE = 2
    SHARD_ID = 3
    OFFSET = 4
    SIZE = 5
    CRC32C = 6
    SLICES = 7


class TensorShape:
    """framework/tensor_shape.proto, TensorShapeProto and its Dim."""

    DIM = 2
    UNKNOWN_RANK = 3
    DIM_SIZE = 1


class TensorProto:
    """framework/tensor.proto, TensorProto."""

    DTYPE = 1
    SHAPE = 2
    CONTENT = 4
    STRINGS = 8


class ObjectGraph:
    """protobuf/trackable_object_graph.proto, TrackableObjectGraph and what it holds."""

    NODES = 1

    NODE_CHILDREN = 1
    NODE_ATTRIBUTES = 2
    NODE_SLOTS = 3

    CHILD_NODE = 1
    CHILD_NAME = 2

    ATTRIBUTE_NAME = 1
    ATTRIBUTE_FULL_NAME = 2
    ATTRIBUTE_KEY = 3

    SLOT_ORIGINAL = 1
    SLOT_NAME = 2
    SLOT_VARIABLE = 3


class TensorSlices:
    """util/saved_tensor_slice.proto: SavedTensorSlices and the messages in it that have names."""

    META = 1
    META_TENSOR = 1
    META_VERSIONS = 2
    TENSOR_NAME = 1

    DATA = 2
    DATA_NAME = 1
    DATA_VALUES = 3
