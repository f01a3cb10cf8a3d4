"""Format `npy`: one array without a name, as `numpy.save` writes it."""

from __future__ import annotations

import os

from scopecli.binary.member_bytes import PlainBytes
from scopecli.binary.source import Source
from scopecli.formats.numpy import npy_header
from scopecli.formats.numpy.arrays import KEY, notes, variable
from scopecli.formats.numpy.npy_values import Array, NpyTensors
from scopecli.model.model import File, Model
from scopecli.model.variable import StoredAt

FORMAT = "npy"


def read(path: str) -> Model:
    """Read the header of an array.

    Raises:
        ScopecliError: whatever is wrong with the file.
    """
    with Source(path) as source:
        data = PlainBytes(source)
    array = Array(npy_header.read(data), data)
    if array.header.type.size is None:
        held = _pickled(path, array.header.start)
        if held is not None:
            return held
    start = array.header.start
    storage = StoredAt(os.path.basename(path), start, data.size - start)
    return Model(
        path=path,
        format=FORMAT,
        variables=(variable(KEY, array, storage),),
        separator=".",
        notes=tuple(notes(KEY, array)),
        files=(File(path, data.size, "model"),),
        tensors=NpyTensors({KEY: array}),
    )


def _pickled(path: str, start: int) -> Model | None:
    """The arrays in an array of objects; None where there are none."""
    from scopecli.formats.numpy import pickle_file, pickled

    with Source(path) as source:
        held = pickled.read(source, start)
        return pickle_file.model(source, held, path, FORMAT) if held.arrays else None
