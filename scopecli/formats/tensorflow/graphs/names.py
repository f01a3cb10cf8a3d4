"""Where the messages of a graph have names, and what each of them is.

Layout first, logic below it. Field numbers are those of tf_graph_layout, and of the `.proto` files
in https://github.com/tensorflow/tensorflow/tree/master/tensorflow/core

The kinds of texts:

- `node`, `key`, `partition`, `frame`, `resource`, `object`: the name of one;
- `keys`: several, as a TensorProto packs strings;
- `reference`: the name of a node with what may be around it: `^a`, `a:1`;
- `location`: `loc:@a`;
- `scope`: `a/`.

A function's body is a namespace of its own, which no name outside reaches: of its nodes only what
they share with other graphs by name is listed. Frames are renamed with the contexts that have
their name: TensorFlow builds the gradients of a loop by that name, into the frame.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from scopecli.binary.protobuf.wire_edit import Choice, Meaning
from scopecli.formats.tensorflow.tensor import packed_strings, unpacked_strings

if TYPE_CHECKING:
    from collections.abc import Callable, Container

_MESSAGES: Mapping[str, Mapping[int, str]] = {
    # framework/graph.proto, node_def.proto, function.proto
    "GraphDef": {1: "any NodeDef", 2: "FunctionDefLibrary"},
    "NodeDef": {1: "node", 3: "reference", 5: "NodeDef.AttrEntry"},
    "NodeDef of keys": {1: "node", 3: "reference", 5: "AttrEntry of keys"},
    "FunctionDefLibrary": {1: "FunctionDef"},
    "FunctionDef": {3: "NodeDef of a function"},
    "NodeDef of a function": {5: "AttrEntry of a function"},
    # framework/attr_value.proto
    "_class": {2: "AttrValue of locations"},
    "AttrValue of locations": {1: "ListValue of locations"},
    "ListValue of locations": {2: "location"},
    "shared_name": {2: "AttrValue of a resource"},
    "AttrValue of a resource": {2: "resource"},
    "frame_name": {2: "AttrValue of a frame"},
    "AttrValue of a frame": {2: "frame"},
    "debug_name": {2: "AttrValue of a scope"},
    "AttrValue of a scope": {2: "scope"},
    "value": {2: "AttrValue of keys"},
    "AttrValue of keys": {8: "TensorProto of keys"},
    "TensorProto of keys": {4: "keys", 8: "key"},
    # protobuf/meta_graph.proto, saved_model.proto, saver.proto
    "MetaGraphDef": {
        2: "GraphDef",
        3: "SaverDef",
        4: "CollectionDefEntry",
        5: "SignatureDefEntry",
        6: "AssetFileDef",
        7: "SavedObjectGraph",
    },
    "SaverDef": dict.fromkeys((1, 2, 3), "reference"),
    "SignatureDefEntry": {2: "SignatureDef"},
    "SignatureDef": {1: "TensorInfoEntry", 2: "TensorInfoEntry"},
    "TensorInfoEntry": {2: "TensorInfo"},
    "TensorInfo": {1: "reference", 4: "CooSparse", 5: "CompositeTensor"},
    "CooSparse": dict.fromkeys((1, 2, 3), "reference"),
    "CompositeTensor": {2: "TensorInfo"},
    "AssetFileDef": {1: "TensorInfo"},
    # Collections, by what their messages are.
    "nodes": {2: "CollectionDef of nodes"},
    "CollectionDef of nodes": {1: "NodeList", 5: "AnyList"},
    "NodeList": {1: "reference"},
    "AnyList": {1: "Any"},
    "AnyAssetFileDef": {2: "AssetFileDef"},
    "variables": {2: "CollectionDef of variables"},
    "CollectionDef of variables": {1: "NodeList", 2: "List of VariableDef"},
    "List of VariableDef": {1: "VariableDef"},
    "queue_runners": {2: "CollectionDef of queue runners"},
    "CollectionDef of queue runners": {2: "List of QueueRunnerDef"},
    "List of QueueRunnerDef": {1: "QueueRunnerDef"},
    "savers": {2: "CollectionDef of savers"},
    "CollectionDef of savers": {2: "List of SaverDef"},
    "List of SaverDef": {1: "SaverDef"},
    "cond_context": {2: "CollectionDef of conditions"},
    "CollectionDef of conditions": {2: "List of CondContextDef"},
    "List of CondContextDef": {1: "CondContextDef"},
    "while_context": {2: "CollectionDef of loops"},
    "CollectionDef of loops": {2: "List of WhileContextDef"},
    "List of WhileContextDef": {1: "WhileContextDef"},
    # framework/variable.proto, protobuf/queue_runner.proto, control_flow.proto
    "VariableDef": {**dict.fromkeys((1, 2, 3, 6), "reference"), 4: "SaveSliceInfoDef"},
    "SaveSliceInfoDef": {1: "partition"},
    "QueueRunnerDef": dict.fromkeys((1, 2, 3, 4), "reference"),
    "CondContextDef": {
        1: "frame",
        **dict.fromkeys((2, 3), "reference"),
        5: "ValuesDef",
        6: "ControlFlowContextDef",
    },
    "WhileContextDef": {
        1: "frame",
        **dict.fromkeys((5, 6, 7, 8, 10, 11), "reference"),
        9: "ValuesDef",
        12: "ControlFlowContextDef",
    },
    "ControlFlowContextDef": {1: "CondContextDef", 2: "WhileContextDef"},
    "ValuesDef": {1: "reference", 2: "ExternalValuesEntry"},
    "ExternalValuesEntry": {1: "reference", 2: "reference"},
    # protobuf/saved_object_graph.proto
    "SavedObjectGraph": {1: "SavedObject"},
    "SavedObject": {7: "SavedVariable", 9: "SavedConstant"},
    "SavedVariable": {6: "object", 8: "SavedVariable"},
    "SavedConstant": {1: "reference"},
    # protobuf/saved_model.proto
    "SavedModel": {},
}
_NODE_ATTRIBUTES = frozenset({"_class", "shared_name", "frame_name", "debug_name"})
_FUNCTION_ATTRIBUTES = frozenset({"shared_name", "debug_name"})
_NAMED_COLLECTIONS = frozenset({"queue_runners", "savers", "cond_context", "while_context"})
_ASSET_URL = b"/tensorflow.AssetFileDef"
_LOCATION = b"loc:@"


# The kinds that are a name and nothing else.
NAMES = ("node", "key", "partition", "frame", "resource", "object")

Changes = Mapping[str, "Callable[[bytes], bytes]"]


def meaning(
    changes: Changes, key_constants: Container[str], variable_collections: Container[str]
) -> Meaning:
    """What the messages of a graph mean.

    Args:
        changes: what is done to each kind of text.
        key_constants: the nodes whose values are keys of a checkpoint.
        variable_collections: the collections whose messages are VariableDef.
    """

    def node(name: bytes) -> str:
        return "NodeDef of keys" if decoded(name) in key_constants else "NodeDef"

    def collection(key: bytes) -> str:
        name = decoded(key)
        if name in variable_collections:
            return "variables"
        return name if name in _NAMED_COLLECTIONS else "nodes"

    choices = {
        "any NodeDef": Choice(1, node),
        "NodeDef.AttrEntry": Choice(1, _one_of(_NODE_ATTRIBUTES)),
        "AttrEntry of keys": Choice(1, _one_of(_NODE_ATTRIBUTES | {"value"})),
        "AttrEntry of a function": Choice(1, _one_of(_FUNCTION_ATTRIBUTES)),
        "CollectionDefEntry": Choice(1, collection),
        "Any": Choice(1, lambda url: "AnyAssetFileDef" if url.endswith(_ASSET_URL) else ""),
    }
    return Meaning(_MESSAGES, choices, changes)


def collecting(found: Mapping[str, dict[str, None]]) -> Changes:
    """Change nothing, and note every name by its kind, in order."""

    def note(kind: str) -> Callable[[bytes], bytes]:
        names = found[kind]

        def keep(text: bytes) -> bytes:
            if text:  # a resource without a name of its own has an empty one
                names[decoded(text)] = None
            return text

        return keep

    def keys(text: bytes) -> bytes:
        found["key"].update((decoded(name), None) for name in unpacked_strings(text) if name)
        return text

    return {**{kind: note(kind) for kind in NAMES}, "keys": keys}


def renaming(moves: Mapping[str, str]) -> Changes:
    """Give new names by old ones, whatever is around them."""
    known = {encoded(old): encoded(new) for old, new in moves.items()}

    def name(text: bytes) -> bytes:
        return known.get(text, text)

    def reference(text: bytes) -> bytes:
        mark = text[: text.startswith(b"^")]
        node, colon, output = text[len(mark) :].partition(b":")
        return mark + known[node] + colon + output if node in known else text

    def location(text: bytes) -> bytes:
        old = text.removeprefix(_LOCATION)
        return _LOCATION + known[old] if text != old and old in known else text

    def scope(text: bytes) -> bytes:
        old = text.removesuffix(b"/")
        return known[old] + b"/" if text != old and old in known else text

    def keys(text: bytes) -> bytes:
        return packed_strings([name(one) for one in unpacked_strings(text)])

    return {
        **dict.fromkeys(NAMES, name),
        "keys": keys,
        "reference": reference,
        "location": location,
        "scope": scope,
    }


def _one_of(names: frozenset[str]) -> Callable[[bytes], str]:
    known = {name.encode(): name for name in names}
    return lambda key: known.get(key, "")


def encoded(name: str) -> bytes:
    """A name as files have it."""
    return name.encode("utf-8", "surrogateescape")


def decoded(name: bytes) -> str:
    """A name as the model has it."""
    return name.decode("utf-8", "surrogateescape")
