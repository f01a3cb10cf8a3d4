"""The object graph of a TF2 checkpoint: which object holds which entry, and its real name.

An object-based checkpoint addresses values by paths through Python objects
(`model/layer-1/kernel/.ATTRIBUTES/VARIABLE_VALUE`). The graph of those objects is itself an entry;
it has the names that the variables had, and the optimizer's table of slots.
https://www.tensorflow.org/guide/checkpoint#loading_mechanics
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from scopecli.binary.protobuf import wire
from scopecli.formats.tensorflow.layout import ObjectGraph as Layout
from scopecli.model.records import NamedTuple
from scopecli.model.variable import NO_ATTRIBUTES, Kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from scopecli.formats.tensorflow.description import Description

KEY = "_CHECKPOINTABLE_OBJECT_GRAPH"
ATTRIBUTES_MARK = "/.ATTRIBUTES/"
VALUE_SUFFIX = "/.ATTRIBUTES/VARIABLE_VALUE"
SLOT_MARK = "/.OPTIMIZER_SLOT/"

# The lists that an optimizer keeps its state in; Keras 3's list of the model's variables is none.
_OPTIMIZER_VARIABLES = re.compile(r"(?:^|/)_?optimizer/_(?!trainable_variables/)\w+/\d+/")
# In a part of a path, `.S` stands for `/`, and `..` for `.`.
_ESCAPED = re.compile(r"\.([S.])")


class SlotVariable(NamedTuple):
    """One row of an optimizer's slot table, as checkpoint keys."""

    slot: str
    original: str
    name: str


class ObjectGraph(NamedTuple):
    """What the object graph says about the entries.

    Attributes:
        full_names: checkpoint key to the variable's name, where one is written.
        slots: the optimizers' slot variables.
    """

    full_names: dict[str, str]
    slots: tuple[SlotVariable, ...]


def parse(data: bytes) -> ObjectGraph:
    """Read a serialized TrackableObjectGraph.

    Raises:
        DamagedFileError: it is not one.
    """
    full_names: dict[str, str] = {}
    keys: dict[int, str] = {}  # node number to the key of its value
    slots: list[tuple[int, str, int]] = []
    number = -1
    for field, kind, start, end in wire.fields(data, 0, len(data)):
        if field != Layout.NODES or kind != wire.BYTES:
            continue
        number += 1
        for part, part_kind, a, b in wire.fields(data, start, end):
            if part_kind != wire.BYTES:
                continue
            if part == Layout.NODE_ATTRIBUTES:
                values = _strings(data, a, b)
                key = values.get(Layout.ATTRIBUTE_KEY, "")
                if values.get(Layout.ATTRIBUTE_FULL_NAME):
                    full_names[key] = values[Layout.ATTRIBUTE_FULL_NAME]
                if key.endswith(VALUE_SUFFIX):
                    keys[number] = key
            elif part == Layout.NODE_SLOTS:
                slots.append(_slot(data, a, b))
    return ObjectGraph(
        full_names,
        tuple(
            SlotVariable(keys[slot], keys[original], name)
            for original, name, slot in slots
            if original in keys and slot in keys
        ),
    )


def object_path(key: str) -> str:
    """The path that a key stands for, without the marker of the attribute, unescaped.

    The variable of a slot is put in front of the slot, as TF1 did: the key
    `w/.OPTIMIZER_SLOT/optimizer/m/.ATTRIBUTES/VARIABLE_VALUE` gives `w/optimizer/m`.
    """
    path, mark, attribute = key.rpartition(ATTRIBUTES_MARK)
    if not mark:
        return key
    if attribute != "VARIABLE_VALUE":
        path = f"{path}/{attribute}"
    return unescaped(path.replace(SLOT_MARK, "/"))


def unescaped(part: str) -> str:
    """A path, or a part of one, as the objects' attributes are called."""
    if "." not in part:
        return part
    return _ESCAPED.sub(lambda match: "/" if match[1] == "S" else ".", part)


def _strings(data: bytes, start: int, end: int) -> dict[int, str]:
    return {
        field: wire.text(data, a, b)
        for field, kind, a, b in wire.fields(data, start, end)
        if kind == wire.BYTES
    }


def _slot(data: bytes, start: int, end: int) -> tuple[int, str, int]:
    """Original node, slot name, slot node. Proto3 leaves a zero out."""
    original, name, slot = 0, "", 0
    for field, kind, a, b in wire.fields(data, start, end):
        if field == Layout.SLOT_ORIGINAL and kind == wire.VARINT:
            original = a
        elif field == Layout.SLOT_VARIABLE and kind == wire.VARINT:
            slot = a
        elif field == Layout.SLOT_NAME and kind == wire.BYTES:
            name = wire.text(data, a, b)
    return original, name, slot


# The optimizer's own scalars, as attributes of the object that a checkpoint calls its optimizer.
_OPTIMIZER_SCALARS = frozenset(
    {
        "iter",
        "iterations",
        "_iterations",
        "learning_rate",
        "_learning_rate",
        "_current_learning_rate",
        "learning_rate_power",
        "decay",
        "momentum",
        "momentum_cache",
        "beta",
        "beta_1",
        "beta_2",
        "rho",
        "_u_product",
        "l1_regularization_strength",
        "l2_regularization_strength",
        "loss_scale",
    }
)


def describe(keys: Sequence[str], serialized: bytes) -> list[Description]:
    """Name, kind and owner of every entry of an object-based checkpoint, in order.

    Raises:
        DamagedFileError: the bytes are no TrackableObjectGraph.
    """
    graph = parse(serialized)
    names = {key: graph.full_names.get(key) or object_path(key) for key in keys}
    repeated = {name for name, count in Counter(names.values()).items() if count > 1}
    key_of = {name: key for key, name in names.items() if name not in repeated}
    slots = {row.slot: row for row in graph.slots}
    described: list[Description] = []
    for key, name in names.items():
        attributes: dict[str, object] = {}
        kind: Kind = "variable"
        row = slots.get(key)
        if row is not None:
            kind = "slot"
            attributes = {
                "slot_of": row.original,
                "slot_name": row.name,
                "evidence": "object graph",
            }
        elif _is_bookkeeping(key):
            kind = "bookkeeping"
        elif _OPTIMIZER_VARIABLES.search(key):
            kind = "slot"
            attributes = {"evidence": "object graph", **owner_by_name(name, key_of)}
        path = object_path(key)
        if path != name:
            attributes["object_path"] = path
        if name in repeated:  # Keras 3 calls every kernel of a model `model/kernel`
            attributes["path"] = path
        described.append((name, kind, attributes or NO_ATTRIBUTES))
    return described


def owner_by_name(name: str, key_of: Mapping[str, str]) -> dict[str, object]:
    """The owner of `Adam/m/dense/kernel`, as tf.keras names the state since 2.11."""
    parts = name.split("/", 2)
    if len(parts) == 3 and parts[2] in key_of:
        return {"slot_of": key_of[parts[2]], "slot_name": parts[1]}
    return {}


def _is_bookkeeping(key: str) -> bool:
    """Whether the entry is what savers and optimizers keep for themselves."""
    if not key.endswith(VALUE_SUFFIX):
        return key == KEY or ATTRIBUTES_MARK in key
    owner, _, last = key.removesuffix(VALUE_SUFFIX).rpartition("/")
    if last == "save_counter" and not owner:
        return True
    return last in _OPTIMIZER_SCALARS and "optimizer" in owner.rpartition("/")[2]
