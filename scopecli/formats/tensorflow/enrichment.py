"""A checkpoint with its graph beside it: what the graph knows of the checkpoint's entries.

The `.meta` that a Saver writes beside a checkpoint says which variables are trainable, in which
collections they are, whose state they are, and under which keys they are saved. It adds to the
entries and never adds entries. A short listing of a small checkpoint pays for it, so nodes are
scanned for names and operations, and only those are decoded that optimizers and savers lead to.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from scopecli.binary.window import Window
from scopecli.errors import ScopecliError
from scopecli.formats.tensorflow.graphs import optimizers as tf_optimizers
from scopecli.formats.tensorflow.graphs import variables as tf_variables
from scopecli.formats.tensorflow.graphs.graph import GraphFile, parts_of
from scopecli.model.graph import Graph
from scopecli.model.model import File, Note

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from scopecli.formats.tensorflow.description import Description
    from scopecli.formats.tensorflow.graphs.collections import Collections
    from scopecli.model.collection import Collection
    from scopecli.model.model import Model
    from scopecli.model.variable import Variable

# A MetaGraphDef in the wire format starts with its first field or its second.
_WIRE_STARTS = (b"\x0a", b"\x12")
_GUESS = "name pattern"
_OWNERS = ("slot_of", "average_of")


def enrich(model: Model, graph_path: str) -> Model:
    """The model of a checkpoint with what the graph at a path knows of its entries.

    A damaged graph beside a good checkpoint is no reason not to show the checkpoint: it becomes a
    note.
    """
    try:
        return _enriched(model, graph_path)
    except ScopecliError as error:
        where = f" ({error.where})" if error.where else ""
        message = f"the graph is not used: {error.problem}{where}"
        note = Note("unusable-graph", message, os.path.basename(graph_path))
        return model._replace(notes=(*model.notes, note))


def _enriched(model: Model, graph_path: str) -> Model:
    window = Window(graph_path)
    if window.read(0, min(1, window.size)) not in _WIRE_STARTS:
        from scopecli.formats.tensorflow.graphs import text as tf_text

        window = tf_text.opened(graph_path, "MetaGraphDef")
    file = GraphFile(window, parts_of(window, 0, window.size))
    known = file.variables()
    collections = file.collections()
    optimizers = tf_optimizers.read(file.nodes(), known)
    described = tf_variables.describe(known, collections, optimizers)
    entries = _Entries(file, (variable.key for variable in model.variables))
    metadata: dict[str, object] = {
        **model.metadata,
        **file.info(),
        "nodes": len(file.nodes()),
        "only_in_graph": [name for name in known if name not in entries.key_of],
        "only_in_checkpoint": [
            variable.key for variable in model.variables if variable.key not in entries.saved_from
        ],
    }
    if optimizers.found:
        metadata["optimizer"] = optimizers.found
    return model._replace(
        variables=[
            _described(variable, entries, collections, described) for variable in model.variables
        ],
        metadata={key: value for key, value in metadata.items() if value != []},
        collections={
            key: _with_keys(collection, entries.key_of)
            for key, collection in collections.by_key.items()
        },
        files=(*model.files, File(graph_path, window.size, "graph")),
        graph=Graph(file),
    )


class _Entries:
    """Which entry of the checkpoint is which variable of the graph.

    Attributes:
        saved_from: by key, the variables that are saved under it: several for a partitioned one.
        key_of: by variable, its key.
    """

    __slots__ = ("key_of", "saved_from")

    def __init__(self, file: GraphFile, keys: Iterable[str]) -> None:
        by_key: dict[str, list[str]] = {}
        for entry in file.saved():
            if entry.variable:
                by_key.setdefault(entry.key, []).append(entry.variable)
        known = file.variables()
        self.saved_from: dict[str, list[str]] = {}
        for key in keys:
            if key in by_key:
                self.saved_from[key] = by_key[key]
            elif key in known and not by_key:  # the graph's saver says nothing: names must do
                self.saved_from[key] = [key]
        self.key_of = {name: key for key, names in self.saved_from.items() for name in names}


def _described(
    variable: Variable,
    entries: _Entries,
    collections: Collections,
    described: Mapping[str, Description],
) -> Variable:
    """One entry with what the graph says of the variable that it was saved from."""
    names = entries.saved_from.get(variable.key)
    if names is None:
        return variable
    name = names[0]
    attributes = dict(variable.attributes)
    if attributes.get("evidence") == _GUESS:
        for guessed in (*_OWNERS, "slot_name", "evidence"):
            attributes.pop(guessed, None)
    _, kind, known = described.get(name, ("", "variable", {}))
    for key, value in known.items():
        if key not in _OWNERS:
            attributes[key] = value
        elif str(value) in entries.key_of:
            attributes[key] = entries.key_of[str(value)]
    if name != variable.key and len(names) == 1:
        attributes["graph_variable"] = name
    definition = collections.definitions.get(name)
    if definition is not None and definition.initializer and len(names) == 1:
        attributes["initializer"] = definition.initializer
    return variable._replace(
        kind=kind, trainable=collections.trainable(name), attributes=attributes
    )


def _with_keys(collection: Collection, key_of: Mapping[str, str]) -> Collection:
    """A collection whose members are the checkpoint's keys, where it has them."""
    if collection.kind != "variables":
        return collection
    return collection._replace(
        members=tuple(key_of.get(member, member) for member in collection.members)
    )
