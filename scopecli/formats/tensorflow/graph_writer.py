"""Graphs under other names: GraphDef, MetaGraphDef and SavedModel, in the wire format or as text.

Only the bytes of the names change, and the lengths around them, so what TensorFlow wrote and this
version knows nothing of stays as it is. Nodes, tensors, collections, contexts, savers with their
keys, signatures and the objects of TensorFlow 2 follow one mapping. Functions keep their names, and
what is inside them: their bodies are namespaces of their own.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from scopecli.binary.protobuf import wire_edit
from scopecli.binary.protobuf.wire import BYTES
from scopecli.binary.window import BLOCK
from scopecli.errors import UnsupportedError
from scopecli.formats.tensorflow import saved_model
from scopecli.formats.tensorflow.graphs import graph as tf_graph
from scopecli.formats.tensorflow.graphs import graphdef, metagraph
from scopecli.formats.tensorflow.graphs import names as graph_names
from scopecli.formats.tensorflow.graphs import subjects as tf_graph_subjects
from scopecli.formats.tensorflow.graphs import text as tf_text
from scopecli.formats.tensorflow.graphs.layout import MetaGraph, SavedModel
from scopecli.formats.tensorflow.graphs.subjects import Part

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scopecli.binary.protobuf.wire_edit import Patch
    from scopecli.binary.window import Window
    from scopecli.formats.staging import Staging
    from scopecli.model.model import Model
    from scopecli.model.renaming import Renaming, Subject

# IsValidNodeName in core/framework/node_def_util.cc, which an import goes by. It is stricter than
# the expression in python/framework/ops.py, which has a backslash too.
_PART = r"[A-Za-z0-9.][A-Za-z0-9_./-]*"
_NAME = rf"{_PART}(?:>{_PART})*"

_MESSAGES = {
    graphdef.FORMAT: "GraphDef",
    metagraph.FORMAT: "MetaGraphDef",
    saved_model.FORMAT: "SavedModel",
}
_VARIABLES = "variables"
_VALUES = os.path.join(_VARIABLES, "variables")
# It has checksums of the graph, which another name makes wrong; TensorFlow does without it.
_FINGERPRINT = "fingerprint.pb"


def subjects(model: Model) -> list[Subject]:
    """Every name of the graphs in a file.

    Raises:
        ScopecliError: the file is damaged.
    """
    window = _opened(model)
    parts = _parts(window, model.format)
    marks = ["", *(f" {number}" for number in range(1, len(parts)))]
    return [
        subject
        for part, mark in zip(parts, marks, strict=True)
        for subject in tf_graph_subjects.of_part(window, part, mark)
    ]


def complaints(names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Names that nothing in a graph can have.

    Names that differ in case only are fine in a file, though TensorFlow itself makes none.
    """
    return ((name, "is empty") for name in names if not name)


def refusals(model: Model, renaming: Renaming) -> Iterator[tuple[str, str]]:  # noqa: ARG001
    """New names that TensorFlow would refuse for a node: (name, what is wrong with it).

    What had a name beyond the rule before, as keys and resources may, may have another.
    """
    allowed = re.compile(_NAME)
    for old, new in renaming.moves.items():
        if new and allowed.fullmatch(old) and not allowed.fullmatch(new):
            yield (
                new,
                "is not a name that TensorFlow allows (letters, digits, and _ . - / > inside)",
            )


def write(model: Model, renaming: Renaming, out: str, staging: Staging) -> None:
    """Write the graphs of a file under other names; of a SavedModel, the whole folder.

    Raises:
        UnsupportedError: it would need more than other names.
        ScopecliError: the file is damaged.
    """
    if renaming.drops:
        raise UnsupportedError(
            "nothing can be dropped from a graph, whose nodes need each other",
            path=model.path,
            hint="drop from the checkpoint alone, and leave the .meta out",
        )
    if os.path.isdir(model.path):
        _write_folder(model, renaming, out, staging)
        return
    if model.format == saved_model.FORMAT and _has_values(os.path.dirname(model.path)):
        raise UnsupportedError(
            "is the graph of a SavedModel, whose variables must be renamed with it",
            path=model.path,
            hint="name the folder",
        )
    _write_graph(model, renaming, out, staging)


def _write_graph(model: Model, renaming: Renaming, out: str, staging: Staging) -> None:
    window = _opened(model)
    whole = 0 if tf_text.is_text(window.path) else BLOCK  # a text is patched where its names are
    patches = _patches(window, _parts(window, model.format), renaming, whole)
    with open(staging.create(out), "wb") as file:
        file.writelines(tf_text.patched(window, _MESSAGES[model.format], patches))


def _write_folder(model: Model, renaming: Renaming, out: str, staging: Staging) -> None:
    """A SavedModel: what else is in the folder, the checkpoint of its variables, the graph.

    The graph is what makes a SavedModel of the folder, so it is last.
    """
    graph = _path(model)
    written = {graph, os.path.join(model.path, _FINGERPRINT)}
    values = _keyed_values(model.path)
    if values is not None:
        written.add(os.path.join(model.path, _VARIABLES))
    if os.path.realpath(out) != os.path.realpath(model.path):
        _copy_rest(model.path, out, written, staging)
        # Another graph that was there would be loaded instead of this one.
        for name in saved_model.FILE_NAMES:
            if name != os.path.basename(graph):
                staging.remove(os.path.join(out, name))
    if values is not None:
        from scopecli.formats.tensorflow.checkpoints import v2_writer

        staging.folder(os.path.join(out, _VARIABLES))
        v2_writer.write(values, renaming, os.path.join(out, _VALUES), staging)
    staging.remove(os.path.join(out, _FINGERPRINT))
    _write_graph(model, renaming, os.path.join(out, os.path.basename(graph)), staging)


def _copy_rest(path: str, out: str, written: set[str], staging: Staging) -> None:
    """Make the folders of a SavedModel, and copy what is not written anew."""
    for folder, folders, files in os.walk(path):
        target = os.path.normpath(os.path.join(out, os.path.relpath(folder, path)))
        staging.folder(target)
        if folder in written:
            folders.clear()
            continue
        for inside in (os.path.join(folder, name) for name in folders):
            if os.path.islink(inside) and inside not in written:
                raise UnsupportedError(
                    "is a link to a folder, whose files would not be copied",
                    path=inside,
                    hint="put the folder itself in its place",
                )
        for name in files:
            if os.path.join(folder, name) not in written:
                staging.copy(os.path.join(folder, name), os.path.join(target, name))


def _keyed_values(folder: str) -> Model | None:
    """The checkpoint in a SavedModel, where its keys are those of the graph's saver.

    TensorFlow 2 has paths through objects for keys. They are no names of variables, though they may
    look like some, and stay.
    """
    if not _has_values(folder):
        return None
    from scopecli.formats.tensorflow.checkpoints import v2_checkpoint

    values = v2_checkpoint.read(os.path.join(folder, _VALUES))
    return None if values.metadata.get("object_based") else values


def _has_values(folder: str) -> bool:
    return os.path.isfile(os.path.join(folder, f"{_VALUES}.index"))


def _path(model: Model) -> str:
    return next(file.path for file in model.files if file.role == "graph")


def _opened(model: Model) -> Window:
    return tf_text.opened(_path(model), _MESSAGES[model.format])


def _parts(window: Window, format_id: str) -> list[Part]:
    """The graphs of a file."""
    if format_id == graphdef.FORMAT:
        file = tf_graph.GraphFile(window, {MetaGraph.GRAPH: [(0, window.size)]})
        return [Part(0, window.size, "GraphDef", file)]
    spans = [(0, window.size)]
    if format_id == saved_model.FORMAT:
        spans = [
            (a, b)
            for field, kind, a, b in window.fields(0, window.size)
            if field == SavedModel.META_GRAPH and kind == BYTES
        ]
    return [
        Part(a, b, "MetaGraphDef", tf_graph.GraphFile(window, tf_graph.parts_of(window, a, b)))
        for a, b in spans
    ]


def _patches(window: Window, parts: Sequence[Part], renaming: Renaming, whole: int) -> list[Patch]:
    changes = graph_names.renaming(renaming.moves)
    patches: list[Patch] = []
    for part in parts:
        inside = tf_graph_subjects.edits(window, part, changes, whole)
        if part.start:
            patches += wire_edit.around(window, part.start, part.end, inside)
        patches += inside
    return patches
