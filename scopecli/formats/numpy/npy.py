"""Format `npy`: one array without a name, as `numpy.save` writes it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from scopecli.binary.member_bytes import PlainBytes
from scopecli.binary.source import Source
from scopecli.formats.numpy import npy_header
from scopecli.formats.numpy.npy_values import Array, NpyTensors
from scopecli.model.model import File, Model, Note
from scopecli.model.variable import NO_ATTRIBUTES, StoredAt, Variable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.model.variable import Storage

FORMAT = "npy"

# The same in every file, so that two can be compared.
KEY = "array"


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


def variable(key: str, array: Array, storage: Storage) -> Variable:
    """An array as a variable."""
    header = array.header
    attributes: dict[str, object] = {}
    if header.type.big_endian:
        attributes["byte_order"] = "big"
    if header.type.dtype in {"string", "compound", "opaque", "object"}:
        attributes["stored_dtype"] = header.type.written
    if header.fortran_order:
        attributes["memory_order"] = "fortran"
    return Variable(
        key,
        key,
        header.shape,
        header.type.dtype,
        header.nbytes,
        storage=storage,
        attributes=attributes or NO_ATTRIBUTES,
    )


def notes(key: str, array: Array) -> Iterator[Note]:
    """What is odd about an array: values that are missing, bytes too many, pickles."""
    nbytes, there = array.header.nbytes, array.data.size - array.header.start
    if nbytes is None:
        yield Note("pickled", "holds pickled Python objects, which are not read", key)
    elif nbytes > there:
        yield Note("short-data", f"needs {nbytes} bytes, and the file has {there}", key)
    elif nbytes < there:
        yield Note("trailing-data", f"is followed by {there - nbytes} more bytes", key)
