"""The collections of a graph: named lists of variables, nodes, values and messages.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/protobuf/meta_graph.proto
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from scopecli.binary.protobuf import wire
from scopecli.errors import DamagedFileError
from scopecli.formats.tensorflow.graphs.attributes import entry_spans
from scopecli.formats.tensorflow.graphs.layout import CollectionDef as Layout
from scopecli.formats.tensorflow.graphs.layout import VariableDef
from scopecli.model.collection import Collection

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scopecli.binary.window import Window
    from scopecli.model.collection import CollectionKind

    Members = tuple[CollectionKind, list[str]]

_TRAINABLE = "trainable_variables"
# What tf.GraphKeys says are variables: their messages are VariableDef.
_VARIABLES = frozenset(
    {
        _TRAINABLE,
        "variables",
        "local_variables",
        "model_variables",
        "moving_average_variables",
        "metric_variables",
        "global_step",
        "trainable_resource_variables",
    }
)
# Their messages (QueueRunnerDef, CondContextDef, WhileContextDef) have a name in the first field.
_NAMED = frozenset({"queue_runners", "cond_context", "while_context"})


class Definition:
    """One VariableDef.

    Attributes:
        name: of the variable's node.
        initializer: the node of the initial value; that of the assignment in old files.
        trainable: as written; old files never write it.
        is_resource: whether it is a resource and no reference.
        partition_of: full name of the partitioned variable that it is a part of.
        slice: shape and part as a checkpoint has it: `10 4 0,4:0,4`.
    """

    __slots__ = ("initializer", "is_resource", "name", "partition_of", "slice", "trainable")

    def __init__(self) -> None:
        self.name = ""
        self.initializer = ""
        self.trainable = False
        self.is_resource = False
        self.partition_of = ""
        self.slice = ""


class Collections:
    """The collections of a graph, and what they say of its variables.

    Attributes:
        by_key: each collection. Members of kind `variables` are names of nodes.
        definitions: of the variables, by the name of their node.
        trained: the trainable variables; None where the file does not say.
    """

    __slots__ = ("_parsed", "by_key", "definitions", "trained")

    def __init__(self) -> None:
        self.by_key: dict[str, Collection] = {}
        self.definitions: dict[str, Definition] = {}
        self.trained: frozenset[str] | None = None
        self._parsed: dict[bytes, Definition] = {}

    def definition(self, data: bytes) -> Definition:
        """Decode a VariableDef, once where several collections have it."""
        known = self._parsed.get(data)
        if known is None:
            known = self._parsed[data] = _definition(data)
            self.definitions[known.name] = known
        return known

    def trainable(self, name: str) -> bool | None:
        """Whether a variable is trainable; None where the file does not say."""
        return None if self.trained is None else name in self.trained


def read(
    window: Window, entries: Iterable[tuple[int, int]], variables: frozenset[str]
) -> Collections:
    """Read the collections with these map entries, of a graph whose variables are known by name.

    Raises:
        DamagedFileError: the bytes contradict the format.
    """
    found = Collections()
    for key, span in entry_spans(window, entries).items():
        kind, members = _collection(window, span, key, variables, found)
        found.by_key[key] = Collection(key, kind, tuple(members))
    trained = {known.name for known in found.definitions.values() if known.trainable}
    listed = found.by_key.get(_TRAINABLE)
    if listed is not None and listed.kind == "variables":
        trained.update(listed.members)
    if trained or listed is not None:
        found.trained = frozenset(trained)
    return found


def _collection(
    window: Window,
    span: tuple[int, int],
    key: str,
    variables: frozenset[str],
    found: Collections,
) -> Members:
    for field, kind, a, b in window.fields(*span):
        if kind != wire.BYTES:
            continue
        if field == Layout.NODES:
            return _nodes([window.text(*value) for value in _values(window, a, b)], variables)
        if field == Layout.BYTES:
            values = [window.read(*value) for value in _values(window, a, b)]
            return _messages(values, key, variables, found)
        if field in {Layout.INTS, Layout.FLOATS}:
            return "values", list(_numbers(window.read(a, b), field))
        if field == Layout.ANYS:
            return "protos", [_any(window.read(*value)) for value in _values(window, a, b)]
    return "nodes", []


def _values(window: Window, start: int, end: int) -> Iterable[tuple[int, int]]:
    for field, kind, a, b in window.fields(start, end):
        if field == Layout.VALUE and kind == wire.BYTES:
            yield a, b


def _nodes(members: list[str], variables: frozenset[str]) -> Members:
    names = [member.removesuffix(":0") for member in members]
    if names and variables.issuperset(names):
        return "variables", names
    return "nodes", members


def _messages(
    values: list[bytes], key: str, variables: frozenset[str], found: Collections
) -> Members:
    """A list of byte strings: serialized messages, or texts that somebody collected."""
    if key in _VARIABLES:
        return "variables", [found.definition(value).name for value in values]
    names = [_first_text(value) for value in values]
    if key in _NAMED:
        return "protos", [name or _size(value) for name, value in zip(names, values, strict=True)]
    stripped = [(name or "").removesuffix(":0") for name in names]
    if stripped and variables.issuperset(stripped):
        return "variables", [found.definition(value).name for value in values]
    texts = [_printable(value) for value in values]
    if None not in texts:
        return "values", [text or "" for text in texts]
    return "protos", [name or _size(value) for name, value in zip(names, values, strict=True)]


def _first_text(message: bytes) -> str | None:
    """The first field where it is a text, which is nearly always a name."""
    try:
        for field, kind, a, b in wire.fields(message, 0, len(message)):
            return _printable(message[a:b]) if field == 1 and kind == wire.BYTES else None
    except DamagedFileError:
        pass
    return None


def _printable(value: bytes) -> str | None:
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return None
    return text if text.isprintable() else None


def _size(value: bytes) -> str:
    return f"message of {len(value)} bytes"


def _numbers(data: bytes, field: int) -> Iterable[str]:
    """The values of a list of numbers, packed or not, as texts."""
    for number, kind, a, b in wire.fields(data, 0, len(data)):
        if number != Layout.VALUE:
            continue
        if field == Layout.INTS:
            yield from map(str, wire.numbers(data, kind, a, b))
        elif kind == wire.BYTES:
            yield from (_float(data[at : at + 4]) for at in range(a, b - 3, 4))
        else:
            yield _float(a.to_bytes(8, "little")[:4])


def _float(data: bytes) -> str:
    """A float32 with as many digits as tell it from the others: 0.1 is not 0.100000001."""
    (value,) = struct.unpack("<f", data)
    for digits in range(6, 9):
        text = f"{value:.{digits}g}"
        try:
            if struct.pack("<f", float(text)) == data:
                return text
        except OverflowError:  # rounded up from the largest float32
            continue
    return f"{value:.9g}"


def _any(data: bytes) -> str:
    """What a google.protobuf.Any holds: its type, and what is named inside."""
    texts = {
        field: data[a:b]
        for field, kind, a, b in wire.fields(data, 0, len(data))
        if kind == wire.BYTES
    }
    name = texts.get(1, b"").decode("utf-8", "replace").rpartition("/")[2].rpartition(".")[2]
    return f"{name} {_asset(texts.get(2, b''))}" if name == "AssetFileDef" else name


def _asset(data: bytes) -> str:
    """The file's name in an AssetFileDef."""
    for field, kind, a, b in wire.fields(data, 0, len(data)):
        if field == 2 and kind == wire.BYTES:
            return wire.text(data, a, b)
    return ""


def _definition(data: bytes) -> Definition:
    """Decode a VariableDef.

    Raises:
        DamagedFileError: it is not one.
    """
    found = Definition()
    initializer = initial_value = ""
    for field, kind, a, b in wire.fields(data, 0, len(data)):
        if kind == wire.BYTES:
            if field == VariableDef.NAME:
                found.name = wire.text(data, a, b).removesuffix(":0")
            elif field == VariableDef.INITIAL_VALUE:
                initial_value = wire.text(data, a, b)
            elif field == VariableDef.INITIALIZER:
                initializer = wire.text(data, a, b)
            elif field == VariableDef.SLICE:
                found.partition_of, found.slice = _slice(data[a:b])
        elif field == VariableDef.TRAINABLE:
            found.trainable = bool(a)
        elif field == VariableDef.IS_RESOURCE:
            found.is_resource = bool(a)
    found.initializer = (initial_value or initializer).removesuffix(":0")
    return found


def _slice(data: bytes) -> tuple[str, str]:
    """Full name, and shape and slice as TensorFlow writes them, of a SaveSliceInfoDef."""
    name = ""
    numbers: dict[int, list[int]] = {
        VariableDef.FULL_SHAPE: [],
        VariableDef.OFFSET: [],
        VariableDef.SHAPE: [],
    }
    for field, kind, a, b in wire.fields(data, 0, len(data)):
        if field == VariableDef.FULL_NAME and kind == wire.BYTES:
            name = wire.text(data, a, b)
        elif field in numbers:
            numbers[field] += wire.numbers(data, kind, a, b)
    sizes = " ".join(map(str, numbers[VariableDef.FULL_SHAPE]))
    extents = zip(numbers[VariableDef.OFFSET], numbers[VariableDef.SHAPE], strict=False)
    return name, f"{sizes} {':'.join(f'{start},{size}' for start, size in extents)}"
