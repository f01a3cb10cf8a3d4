"""GraphDef, MetaGraphDef and SavedModel told apart, and from every other protobuf message.

The wire format has no magic number and no names. What tells is which fields a message has, of
which wire types, and whether what is inside is a node: a name, and an operation that is a word.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from scopecli.binary.protobuf.wire import BYTES, VARINT
from scopecli.binary.window import Window
from scopecli.errors import DamagedFileError
from scopecli.formats.tensorflow.graphs.layout import GraphDef, MetaGraph, NodeDef, SavedModel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scopecli.binary.source import Source

GRAPH, META_GRAPH, SAVED_MODEL = "tf-graphdef", "tf-metagraph", "tf-saved-model"

# Wire type of each field.
_NODE_FIELDS = dict.fromkeys(range(1, 8), BYTES)
_INFO_FIELDS = {**dict.fromkeys((1, 2, 3, 4, 5, 6, 8), BYTES), 7: VARINT}
_META_FIELDS = dict.fromkeys(range(1, 8), BYTES)
_GRAPH_FIELDS = {1: BYTES, 2: BYTES, 3: VARINT, 4: BYTES, 5: BYTES}
_SAVED_FIELDS = {1: VARINT, 2: BYTES}
_VERSION_FIELDS = {1: VARINT, 2: VARINT, 3: BYTES}
_FUNCTION_FIELDS = {**dict.fromkeys(range(1, 9), BYTES)}
_LIBRARY_FIELDS = {1: BYTES, 2: BYTES, 3: BYTES}
_MOST_FIELDS = 64  # that are looked at in one message

# The first word of a text, with what must follow it.
_FIRST_WORDS: Mapping[str, str] = {
    "node": GRAPH,
    "library": GRAPH,
    "versions": GRAPH,
    "meta_info_def": META_GRAPH,
    "graph_def": META_GRAPH,
    "saver_def": META_GRAPH,
    "collection_def": META_GRAPH,
    "signature_def": META_GRAPH,
    "object_graph_def": META_GRAPH,
    "meta_graphs": SAVED_MODEL,
}
_SCHEMA_VERSION = "saved_model_schema_version"

Field = tuple[int, int, int, int]


def identify(source: Source, head: bytes) -> str | None:
    """The format id of a TensorFlow graph, binary or as text; None for anything else."""
    text = of_text(head)
    if text or source.base:
        return text
    window = Window(source.path)
    try:
        return _of_message(window)
    except DamagedFileError:
        return None


def of_text(head: bytes) -> str | None:
    """The format id of a graph as text, by its first word; None for anything else."""
    lines = head.decode("utf-8", "replace").removeprefix("\ufeff").splitlines()
    text = " ".join(line for line in lines if not line.lstrip().startswith("#")).lstrip()
    word = text[: len(text) - len(text.lstrip("abcdefghijklmnopqrstuvwxyz_"))]
    rest = text[len(word) :].lstrip()
    if word == _SCHEMA_VERSION and rest[:1] == ":":
        return SAVED_MODEL
    return _FIRST_WORDS.get(word) if rest.removeprefix(":").lstrip()[:1] in {"{", "<"} else None


def _of_message(window: Window) -> str | None:
    fields = _fields(window, 0, window.size)
    if _all_in(fields, _SAVED_FIELDS) and any(field[0] == 2 for field in fields):
        inner = next(field for field in fields if field[0] == SavedModel.META_GRAPH)
        return SAVED_MODEL if _is_meta_graph(window, inner[2], inner[3]) else None
    if _is_meta_graph(window, 0, window.size):
        return META_GRAPH
    return GRAPH if _is_graph(window, 0, window.size) else None


def _fields(window: Window, start: int, end: int) -> list[Field]:
    """The first fields of a message; all must be whole."""
    return list(islice(window.fields(start, end), _MOST_FIELDS))


def _all_in(fields: list[Field], known: Mapping[int, int]) -> bool:
    return all(known.get(number) == kind for number, kind, _, _ in fields)


def _is_meta_graph(window: Window, start: int, end: int) -> bool:
    """Whether a message has a graph, and nothing that could not be beside it."""
    fields = _fields(window, start, end)
    if not fields or not _all_in(fields, _META_FIELDS):
        return False
    number, _, a, b = fields[0]
    if number == MetaGraph.INFO and (
        _is_node(window, a, b) or not _all_in(_fields(window, a, b), _INFO_FIELDS)
    ):
        return False
    return any(number == MetaGraph.GRAPH and _is_graph(window, a, b) for number, _, a, b in fields)


def _is_graph(window: Window, start: int, end: int) -> bool:
    """Whether a message is a graph: it has a node, a function, or at least versions."""
    fields = _fields(window, start, end)
    if not fields or not _all_in(fields, _GRAPH_FIELDS):
        return False
    number, _, a, b = fields[0]
    if number == GraphDef.NODE:
        return _is_node(window, a, b)
    if number == GraphDef.LIBRARY and b > a:
        return _is_library(window, a, b)
    return _is_versions(window, fields)


def _is_node(window: Window, start: int, end: int) -> bool:
    fields = _fields(window, start, end)
    if not _all_in(fields, _NODE_FIELDS):
        return False
    spans = {number: (a, b) for number, _, a, b in reversed(fields)}
    if NodeDef.NAME not in spans or NodeDef.OP not in spans:
        return False
    op = window.text(*spans[NodeDef.OP])
    word = op.replace(">", "").replace(".", "").replace("/", "").replace(":", "")
    return word.isidentifier() and window.text(*spans[NodeDef.NAME]).isprintable()


def _is_library(window: Window, start: int, end: int) -> bool:
    fields = _fields(window, start, end)
    if not fields or not _all_in(fields, _LIBRARY_FIELDS):
        return False
    number, _, a, b = fields[0]
    return number == 1 and _all_in(_fields(window, a, b), _FUNCTION_FIELDS)


def _is_versions(window: Window, fields: list[Field]) -> bool:
    """Whether all that a message has is what an empty graph has: the versions of its writer."""
    spans = [(a, b) for number, _, a, b in fields if number == GraphDef.VERSIONS]
    known = {GraphDef.VERSION, GraphDef.VERSIONS, GraphDef.LIBRARY}
    return (
        bool(spans)
        and all(number in known for number, _, _, _ in fields)
        and all(_all_in(_fields(window, a, b), _VERSION_FIELDS) for a, b in spans)
    )
