"""SavedModel: a folder with one or more graphs, and the values of their variables beside them.

TensorFlow 1 wrote a MetaGraphDef with its collections. TensorFlow 2 writes a graph of objects with
it: which variables they hold, under which attributes, and which are trainable.
https://www.tensorflow.org/guide/saved_model#the_savedmodel_format_on_disk
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from scopecli.binary.protobuf.wire import BYTES
from scopecli.errors import DamagedFileError, PathError, ScopecliError, UnknownNameError
from scopecli.formats.tensorflow import saved_objects as tf_saved_objects
from scopecli.formats.tensorflow.graphs import graph as tf_graph
from scopecli.formats.tensorflow.graphs import text as tf_text
from scopecli.formats.tensorflow.graphs.layout import MetaGraph, SavedModel
from scopecli.formats.tensorflow.objects import graph as object_graph
from scopecli.model.model import Note

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from scopecli.binary.window import Window
    from scopecli.formats.tensorflow.graphs.graph import GraphFile
    from scopecli.formats.tensorflow.saved_objects import SavedObjects, SavedVariable
    from scopecli.model.model import Model
    from scopecli.model.variable import Storage, Variable

FORMAT = "tf-saved-model"
FILE_NAMES = ("saved_model.pb", "saved_model.pbtxt")

_SERVE = "serve"
_VALUES = os.path.join("variables", "variables")


def read(path: str, tag_set: str | None = None) -> Model:
    """Read one graph of a SavedModel, given as its folder or the file in it.

    Args:
        path: of the folder or the file.
        tag_set: the tags of the graph, joined with commas; without, the one for serving is read,
            or the first.

    Raises:
        UnknownNameError: no graph has these tags.
        ScopecliError: the file is missing, damaged or something else.
    """
    file_path = _file(path)
    window = tf_text.opened(file_path, "SavedModel")
    graphs = _graphs(window)
    if not graphs:
        raise DamagedFileError("has no graph", path=path)
    graph = _chosen(graphs, tag_set)
    model = tf_graph.model(path, FORMAT, graph)
    notes = list(model.notes)
    if len(graphs) > 1:
        others = "; ".join(_tags(other) or "no tags" for other in graphs if other is not graph)
        notes.append(Note("other-graphs", f"has other graphs too, with the tags {others}"))
    objects = tf_saved_objects.read(window, graph.spans.get(MetaGraph.OBJECT_GRAPH, ()))
    variables = _with_objects(model.variables, objects)
    return _with_values(model._replace(variables=variables, notes=notes), file_path)


def _file(path: str) -> str:
    """The file of a SavedModel's folder."""
    if not os.path.isdir(path):
        return path
    for name in FILE_NAMES:
        file_path = os.path.join(path, name)
        if os.path.isfile(file_path):
            return file_path
    raise PathError(f"has no {' or '.join(FILE_NAMES)}", path=path)


def _graphs(window: Window) -> list[GraphFile]:
    return [
        tf_graph.GraphFile(window, tf_graph.parts_of(window, a, b))
        for field, kind, a, b in window.fields(0, window.size)
        if field == SavedModel.META_GRAPH and kind == BYTES
    ]


def _tags(graph: GraphFile) -> str:
    return ",".join(graph.tags())


def _chosen(graphs: Sequence[GraphFile], tag_set: str | None) -> GraphFile:
    if tag_set is None:
        return next((graph for graph in graphs if _SERVE in graph.tags()), graphs[0])
    wanted = {tag.strip() for tag in tag_set.split(",") if tag.strip()}
    for graph in graphs:
        if set(graph.tags()) == wanted:
            return graph
    known = "; ".join(_tags(graph) or "no tags" for graph in graphs)
    raise UnknownNameError(f"has no graph with the tags {tag_set!r}", hint=f"there are: {known}")


def _with_objects(variables: Sequence[Variable], objects: SavedObjects) -> list[Variable]:
    """The variables with what the objects that hold them say.

    The saver's keys are paths through the objects, so they tell which is which: nodes have other
    names where objects call their variables the same, and another order.
    """
    held = [
        objects.find(str(variable.attributes.get("checkpoint_key", ""))) for variable in variables
    ]
    keys = {number: variable.key for variable, number in zip(variables, held, strict=True)}
    if held.count(None) == len(held):  # of TensorFlow 1, or another saver's
        return list(variables)
    described = [
        _left_over(variable)
        if number is None
        else _with_object(variable, objects.variables[number], keys)
        for variable, number in zip(variables, held, strict=True)
    ]
    key_of = {variable.name: variable.key for variable in described}
    return [_with_owner(variable, key_of) for variable in described]


def _left_over(variable: Variable) -> Variable:
    """A variable that no object holds and no saver saves: a node that tracing left in the graph.

    Keras 3 leaves one of each when it exports a model.
    """
    if variable.kind != "variable" or "checkpoint_key" in variable.attributes:
        return variable
    return variable._replace(kind="bookkeeping")


def _with_owner(variable: Variable, key_of: Mapping[str, str]) -> Variable:
    """A slot that its object does not tell the owner of: its name does (`Adam/m/dense/kernel`)."""
    if variable.kind != "slot" or "slot_of" in variable.attributes:
        return variable
    owner = object_graph.owner_by_name(variable.name, key_of)
    return variable._replace(attributes={**variable.attributes, **owner})


def _with_object(
    variable: Variable, saved: SavedVariable, keys: Mapping[int | None, str]
) -> Variable:
    attributes = dict(variable.attributes)
    key = str(attributes["checkpoint_key"])
    _, kind, guessed = object_graph.describe([key], b"")[0]
    attributes.update(guessed)
    attributes["object_path"] = object_graph.object_path(key)
    if saved.slot_of is not None:
        kind = "slot"
        attributes["slot_name"] = saved.slot_name
        attributes["evidence"] = "object graph"
        if saved.slot_of in keys:
            attributes["slot_of"] = keys[saved.slot_of]
    name = variable.name
    if saved.name and saved.name != name:  # made unique: the node's name keeps the place
        attributes["path"], name = name, saved.name
    return variable._replace(name=name, kind=kind, trainable=saved.trainable, attributes=attributes)


def _with_values(model: Model, file_path: str) -> Model:
    """The model with the places of its variables' values, in the checkpoint that belongs to it."""
    if not any(variable.kind != "constant" for variable in model.variables):
        return model
    from scopecli.formats.tensorflow.checkpoints import v2_checkpoint

    prefix = os.path.join(os.path.dirname(file_path), _VALUES)
    try:
        values = v2_checkpoint.read(prefix)
    except ScopecliError as error:
        note = Note("no-values", f"no values, because {_VALUES} {error.problem}")
        return model._replace(notes=(*model.notes, note))
    stored = {variable.key: variable for variable in values.variables}
    return model._replace(
        variables=[_stored(variable, stored) for variable in model.variables],
        notes=(*model.notes, *values.notes),
        files=(*model.files, *values.files),
        tensors=values.tensors,
    )


def _stored(variable: Variable, stored: Mapping[str, Variable]) -> Variable:
    found = stored.get(str(variable.attributes.get("checkpoint_key", variable.name)))
    if found is None or found.dtype != variable.dtype:
        return variable
    size = found.nbytes if variable.nbytes is None else variable.nbytes
    attributes = dict(variable.attributes)
    if "slices" in found.attributes and found.shape == variable.shape:
        attributes["slices"] = found.attributes["slices"]
    return variable._replace(storage=_place(variable, found), nbytes=size, attributes=attributes)


def _place(variable: Variable, found: Variable) -> Storage | None:
    """Where the values are: an entry of the checkpoint, or the part of a partitioned one."""
    spec = str(variable.attributes.get("slice", "")).rpartition(" ")[2]
    slices = found.attributes.get("slices")
    parts = slices if spec and isinstance(slices, tuple) else ()
    return next((part.storage for part in parts if part.spec == spec), found.storage)
