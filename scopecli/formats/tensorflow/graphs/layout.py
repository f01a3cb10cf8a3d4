"""Field numbers of the messages that graphs are made of.

Layout only; the logic is beside it. Numbers are from the `.proto` files in
https://github.com/tensorflow/tensorflow/tree/master/tensorflow/core
"""

from __future__ import annotations


class GraphDef:
    """framework/graph.proto, GraphDef."""

    NODE = 1
    LIBRARY = 2
    VERSION = 3
    VERSIONS = 4


class NodeDef:
    """framework/node_def.proto, NodeDef."""

    NAME = 1
    OP = 2
    INPUT = 3
    DEVICE = 4
    ATTR = 5


class AttrValue:
    """framework/attr_value.proto, AttrValue; its ListValue has the same numbers for the same."""

    LIST = 1
    S = 2
    I = 3  # noqa: E741 - the field's own name
    F = 4
    B = 5
    TYPE = 6
    SHAPE = 7
    TENSOR = 8
    PLACEHOLDER = 9
    FUNC = 10
    LIST_FUNC = 9


class MapEntry:
    """Every map's entry, and NameAttrList: a name and what it has."""

    KEY = 1
    VALUE = 2


class FunctionLibrary:
    """framework/function.proto, FunctionDefLibrary, FunctionDef, and the OpDef inside."""

    FUNCTION = 1

    SIGNATURE = 1
    NODE = 3
    RET = 4
    ATTR = 5
    CONTROL_RET = 6

    OP_NAME = 1
    OP_INPUT = 2
    OP_OUTPUT = 3
    ARG_NAME = 1


class MetaGraph:
    """protobuf/meta_graph.proto, MetaGraphDef and its MetaInfoDef."""

    INFO = 1
    GRAPH = 2
    SAVER = 3
    COLLECTION = 4
    SIGNATURE = 5
    ASSET = 6
    OBJECT_GRAPH = 7

    INFO_META_VERSION = 1
    INFO_TAGS = 4
    INFO_TENSORFLOW_VERSION = 5
    INFO_GIT_VERSION = 6


class CollectionDef:
    """protobuf/meta_graph.proto, CollectionDef: the number says what its values are."""

    NODES = 1
    BYTES = 2
    INTS = 3
    FLOATS = 4
    ANYS = 5
    VALUE = 1


class SignatureDef:
    """protobuf/meta_graph.proto, SignatureDef and TensorInfo."""

    INPUTS = 1
    OUTPUTS = 2
    METHOD = 3

    INFO_NAME = 1
    INFO_DTYPE = 2
    INFO_SHAPE = 3
    INFO_SPARSE = 4
    INFO_COMPOSITE = 5
    COMPONENTS = 2


class SaverDef:
    """protobuf/saver.proto, SaverDef."""

    FILENAME = 1
    SAVE = 2
    RESTORE = 3
    VERSION = 7


class VariableDef:
    """framework/variable.proto, VariableDef and SaveSliceInfoDef."""

    NAME = 1
    INITIALIZER = 2
    SNAPSHOT = 3
    SLICE = 4
    IS_RESOURCE = 5
    INITIAL_VALUE = 6
    TRAINABLE = 7

    FULL_NAME = 1
    FULL_SHAPE = 2
    OFFSET = 3
    SHAPE = 4


class SavedModel:
    """protobuf/saved_model.proto, SavedModel."""

    SCHEMA_VERSION = 1
    META_GRAPH = 2


class SavedObject:
    """protobuf/saved_object_graph.proto, SavedObjectGraph, SavedObject and SavedVariable."""

    NODES = 1
    CHILDREN = 1
    SLOTS = 3
    VARIABLE = 7

    VARIABLE_DTYPE = 1
    VARIABLE_SHAPE = 2
    VARIABLE_TRAINABLE = 3
    VARIABLE_NAME = 6
