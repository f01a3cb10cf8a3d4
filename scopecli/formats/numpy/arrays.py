"""Arrays as variables, and what is odd about them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.model.model import Note
from scopecli.model.variable import NO_ATTRIBUTES, Variable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.formats.numpy.npy_values import Array
    from scopecli.model.variable import Storage

# Of an array without a name: the same in every file, so that two can be compared.
KEY = "array"


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
