"""Format `onnx`: weights are the initializers of its graph, and the constants between its nodes.

https://github.com/onnx/onnx/blob/main/docs/IR.md

Values may be in files beside the model, as those of all large models are. Such a file is opened
where its path stays in the model's folder, and not where it leads out of it.
"""

from __future__ import annotations

import os
from itertools import islice
from math import prod
from typing import TYPE_CHECKING

from scopecli.binary.inner_paths import is_inside, joined
from scopecli.binary.window import Window
from scopecli.errors import DamagedFileError
from scopecli.formats.onnx import description as onnx_description
from scopecli.formats.onnx import graph as onnx_graph
from scopecli.formats.onnx.layout import GRAPH_FIELDS, MODEL_FIELDS, ModelProto
from scopecli.formats.onnx.tensor import Sparse
from scopecli.formats.onnx.values import OnnxTensors
from scopecli.formats.some_notes import some
from scopecli.formats.unique_keys import unique
from scopecli.model.model import File, Model, Note
from scopecli.model.names import separator_of
from scopecli.model.variable import NO_ATTRIBUTES, StoredAt, Variable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from scopecli.binary.source import Source
    from scopecli.formats.onnx.graph import Held

FORMAT = "onnx"

_MOST_FIELDS = 64  # that are looked at to tell what a file is
_EXTERNAL: Mapping[str, object] = {"external": True}


def is_model(source: Source) -> bool:
    """Whether a file is a ModelProto: it has a graph, and nothing that could not be beside it."""
    if source.base:
        return False
    window = Window(source.path)
    try:
        fields = list(islice(window.fields(0, window.size), _MOST_FIELDS))
        graph = [(a, b) for number, _, a, b in fields if number == ModelProto.GRAPH]
        numbers = {number for number, _, _, _ in fields}
        if not graph or not numbers & {ModelProto.IR_VERSION, ModelProto.OPSET_IMPORT}:
            return False
        if any(MODEL_FIELDS.get(number) != kind for number, kind, _, _ in fields):
            return False
        inside = islice(window.fields(*graph[0]), _MOST_FIELDS)
        return all(GRAPH_FIELDS.get(number) == kind for number, kind, _, _ in inside)
    except DamagedFileError:
        return False


def read(path: str) -> Model:
    """Read the structure of a model.

    Raises:
        ScopecliError: whatever is wrong with the file.
    """
    window = Window(path)
    held = list(onnx_graph.tensors(window))
    initializers = {each.name for each in held if each.is_initializer and not each.path}
    separator = separator_of(initializers or {each.name for each in held})
    keys, repeated = unique(separator.join((*each.path, each.name)) for each in held)
    notes = some(Note("duplicate-key", "is the name of several tensors", key) for key in repeated)
    folder = os.path.dirname(path)
    locations = dict.fromkeys(each.tensor.external for each in held)
    inside = {name: joined(folder, name) for name in locations if name and is_inside(name)}
    files = [File(path, window.size, "model")]
    for location, data in inside.items():
        size = os.path.getsize(data) if os.path.isfile(data) else None
        files.append(File(data, size, "data"))
        if size is None:
            message = "is missing: the values of its tensors cannot be read"
            notes.append(Note("missing-shard", message, location))
    variables = list(_variables(keys, held, inside))
    shard = os.path.basename(path)
    sizes = {shard: window.size} | {
        location: file.size for location, file in zip(inside, files[1:], strict=True)
    }
    notes += some(_outside(locations, inside))
    notes += some(_contradictions(variables, sizes))
    return Model(
        path=path,
        format=FORMAT,
        variables=variables,
        separator=separator,
        metadata=onnx_description.metadata(window, initializers),
        notes=notes,
        files=files,
        tensors=OnnxTensors(window, {**inside, shard: path}),
    )


def _variables(
    keys: list[str], held: Iterable[Held], inside: Mapping[str, str]
) -> Iterator[Variable]:
    for key, each in zip(keys, held, strict=True):
        tensor, storage = each.tensor, each.tensor.storage
        attributes: Mapping[str, object] = NO_ATTRIBUTES
        if tensor.external is not None and tensor.external not in inside:
            attributes, storage = _EXTERNAL, None
        elif isinstance(storage, Sparse):
            attributes = {"sparse": prod(storage.values.shape)}
        yield Variable(
            key,
            key,
            tensor.shape,
            tensor.dtype,
            tensor.nbytes,
            "variable" if each.is_initializer and not each.path else "constant",
            storage=storage,
            attributes=attributes,
        )


def _outside(locations: Iterable[str | None], inside: Mapping[str, str]) -> Iterator[Note]:
    for location in locations:
        if location is not None and location not in inside:
            message = "is not inside the model's folder, so it is not opened"
            yield Note("external-data", message, location or "an empty name")


def _contradictions(
    variables: Iterable[Variable], sizes: Mapping[str, int | None]
) -> Iterator[Note]:
    """Values that are not as many as the shape says, or not there at all."""
    for variable in variables:
        storage, key = variable.storage, variable.key
        if storage is None:
            if variable.params and not variable.attributes:
                yield Note("no-values", "has a shape and no values", key)
        elif isinstance(storage, StoredAt) and storage.offset is not None:
            end, size = storage.offset + storage.length, sizes.get(storage.shard)
            if variable.nbytes is not None and storage.length != variable.nbytes:
                message = f"has {storage.length} bytes, and its shape needs {variable.nbytes}"
                yield Note("size-mismatch", message, key)
            elif size is not None and end > size:
                yield Note("short-data", f"ends at byte {end}, and the file at {size}", key)
