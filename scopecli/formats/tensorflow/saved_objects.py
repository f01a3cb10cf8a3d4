"""The object graph of a SavedModel: the variables that TensorFlow 2's objects hold.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/protobuf/saved_object_graph.proto
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.binary.protobuf.wire import BYTES, VARINT
from scopecli.formats.tensorflow.graphs.layout import SavedObject as Layout
from scopecli.formats.tensorflow.layout import ObjectGraph
from scopecli.formats.tensorflow.objects import graph as object_graph

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scopecli.binary.window import Window


class SavedVariable:
    """A variable that an object holds.

    Attributes:
        name: what it was called; may be empty, and need not be unique.
        trainable: whether it is.
        slot_of: number of the object whose state it is; None where it is no slot.
        slot_name: which state.
    """

    __slots__ = ("name", "slot_name", "slot_of", "trainable")

    def __init__(self) -> None:
        self.name = ""
        self.trainable = False
        self.slot_of: int | None = None
        self.slot_name = ""


class SavedObjects:
    """The objects of a model by number, the first of which is the root.

    Attributes:
        children: of each object, the numbers of what it has as attributes.
        variables: the objects that are variables.
        slots: by the number of a variable and the name of a state, the variable that holds it.
    """

    __slots__ = ("children", "slots", "variables")

    def __init__(self) -> None:
        self.children: list[dict[str, int]] = []
        self.variables: dict[int, SavedVariable] = {}
        self.slots: dict[tuple[int, str], int] = {}

    def find(self, key: str) -> int | None:
        """Number of the variable whose value a checkpoint has under a key, or None.

        A key is the attributes that lead to the variable, from the root on; that of a slot goes
        on with the optimizer and the name of the state.
        """
        path = key.partition(object_graph.ATTRIBUTES_MARK)[0]
        owner, _, state = path.partition(object_graph.SLOT_MARK)
        number: int | None = 0
        for part in owner.split("/"):
            if number is None or number >= len(self.children):
                return None
            number = self.children[number].get(object_graph.unescaped(part))
        if state and number is not None:
            name = object_graph.unescaped(state.rpartition("/")[2])
            number = self.slots.get((number, name))
        return number if number in self.variables else None


def read(window: Window, spans: Iterable[tuple[int, int]]) -> SavedObjects:
    """The objects of these SavedObjectGraph messages.

    Raises:
        DamagedFileError: the bytes contradict the format.
    """
    objects = SavedObjects()
    for start, end in spans:
        for field, kind, a, b in window.fields(start, end):
            if field == Layout.NODES and kind == BYTES:
                _read_object(window, a, b, objects)
    for (owner, name), slot in objects.slots.items():
        if slot in objects.variables:
            objects.variables[slot].slot_of = owner
            objects.variables[slot].slot_name = name
    return objects


def _read_object(window: Window, start: int, end: int, objects: SavedObjects) -> None:
    number = len(objects.children)
    children: dict[str, int] = {}
    objects.children.append(children)
    for field, kind, a, b in window.fields(start, end):
        if kind != BYTES:
            continue
        if field == Layout.CHILDREN:
            target, name = _reference(window, a, b)
            children[name] = target
        elif field == Layout.VARIABLE:
            objects.variables[number] = _variable(window, a, b)
        elif field == Layout.SLOTS:
            owner, name, slot = _slot(window, a, b)
            objects.slots[owner, name] = slot


def _reference(window: Window, start: int, end: int) -> tuple[int, str]:
    """Number and name of a child. Proto3 leaves a zero out."""
    target, name = 0, ""
    for field, kind, a, b in window.fields(start, end):
        if field == ObjectGraph.CHILD_NODE and kind == VARINT:
            target = a
        elif field == ObjectGraph.CHILD_NAME and kind == BYTES:
            name = window.text(a, b)
    return target, name


def _slot(window: Window, start: int, end: int) -> tuple[int, str, int]:
    original, name, slot = 0, "", 0
    for field, kind, a, b in window.fields(start, end):
        if field == ObjectGraph.SLOT_ORIGINAL and kind == VARINT:
            original = a
        elif field == ObjectGraph.SLOT_VARIABLE and kind == VARINT:
            slot = a
        elif field == ObjectGraph.SLOT_NAME and kind == BYTES:
            name = window.text(a, b)
    return original, name, slot


def _variable(window: Window, start: int, end: int) -> SavedVariable:
    found = SavedVariable()
    for field, kind, a, b in window.fields(start, end):
        if field == Layout.VARIABLE_NAME and kind == BYTES:
            found.name = window.text(a, b)
        elif field == Layout.VARIABLE_TRAINABLE and kind == VARINT:
            found.trainable = bool(a)
    return found
