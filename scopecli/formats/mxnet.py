"""Format `mxnet`: the `.params` files of Apache MXNet, of Modules and of Gluon.

A list of arrays, one behind the other, and below them the list of their names. An array has had
four layouts, told apart by a mark before it; in the oldest, the number of dimensions stands there.

https://github.com/apache/mxnet/blob/1.9.1/src/ndarray/ndarray.cc (NDArray::Save, NDArray::Load)
"""

from __future__ import annotations

import os
import struct
from math import prod
from typing import TYPE_CHECKING

from scopecli.binary.source import Source
from scopecli.errors import DamagedFileError, TruncatedError, UnsupportedError
from scopecli.formats.some_notes import some
from scopecli.formats.stored_values import StoredTensors
from scopecli.formats.unique_keys import unique
from scopecli.model.dtypes import nbytes
from scopecli.model.model import File, Model, Note
from scopecli.model.names import separator_of
from scopecli.model.records import NamedTuple
from scopecli.model.variable import NO_ATTRIBUTES, StoredAt, Variable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FORMAT = "mxnet"

MAGIC = struct.pack("<QQ", 0x112, 0)

_NUMPY, _STORAGE_TYPES, _LONG_SIZES = 0xF993FACA, 0xF993FAC9, 0xF993FAC8
_UNKNOWN_RANK = -1
_MOST_DIMENSIONS = 32  # as in NumPy

# https://github.com/apache/mxnet/blob/1.9.1/3rdparty/mshadow/mshadow/base.h (TypeFlag)
_DTYPES = (
    *("float32", "float64", "float16", "uint8", "int32", "int8", "int64"),
    *("bool", "int16", "uint16", "uint32", "uint64", "bfloat16"),
)


class _Layout(NamedTuple):
    """How the values of an array are kept, and how many arrays of indices follow them."""

    name: str
    indices: int


_LAYOUTS: Mapping[int, _Layout] = {
    0: _Layout("", 0),
    1: _Layout("row_sparse", 1),
    2: _Layout("sparse_csr", 2),
}

# What a Module puts before names: its parameters, and what layers keep besides, as moving averages.
_ARGUMENT, _AUXILIARY = "arg:", "aux:"


class _Array(NamedTuple):
    """One array: what it is, and where its values are."""

    shape: tuple[int, ...] | None
    dtype: str
    layout: str
    stored: int
    offset: int
    length: int


_NONE = _Array(None, "float32", "", 0, 0, 0)  # what was saved without ever having a shape


def read(path: str) -> Model:
    """Read the structure of a file.

    Raises:
        ScopecliError: whatever is wrong with the file.
    """
    with Source(path) as source:
        walk = _Walk(source, len(MAGIC))
        arrays = [walk.array() for _ in range(walk.count())]
        names = [walk.text() for _ in range(walk.count())]
        size = source.size
    if names and len(names) != len(arrays):
        raise DamagedFileError(f"has {len(arrays)} arrays and {len(names)} names", path=path)
    keys, repeated = unique(names or map(str, range(len(arrays))))
    shard = os.path.basename(path)
    variables = [_variable(key, array, shard) for key, array in zip(keys, arrays, strict=True)]
    return Model(
        path=path,
        format=FORMAT,
        variables=variables,
        separator=separator_of(keys),
        notes=some(Note("duplicate-key", "is the name of several arrays", key) for key in repeated),
        files=(File(path, size, "model"),),
        tensors=_Tensors(StoredTensors({shard: path})),
    )


def _variable(key: str, array: _Array, shard: str) -> Variable:
    is_state = key.startswith(_AUXILIARY)
    attributes: dict[str, object] = {}
    if array.layout:
        attributes = {"layout": array.layout, "sparse": array.stored}
    plain = array.shape is not None and not array.layout
    return Variable(
        key,
        key.removeprefix(_ARGUMENT).removeprefix(_AUXILIARY),
        array.shape,
        array.dtype,
        None if array.shape is None else nbytes(array.dtype, prod(array.shape)),
        trainable=False if is_state else None,
        storage=StoredAt(shard, array.offset if plain else None, array.length),
        attributes=attributes or NO_ATTRIBUTES,
    )


class _Tensors:
    """A `TensorReader` of the arrays that are no sparse ones."""

    __slots__ = ("_stored",)

    def __init__(self, stored: StoredTensors) -> None:
        self._stored = stored

    def read(self, variable: Variable, start: int, count: int) -> bytes:
        """Bytes of elements `start` to `start + count` in C order, little-endian.

        Raises:
            ScopecliError: they are not there, or the array is sparse.
        """
        layout = variable.attributes.get("layout")
        if layout:
            raise UnsupportedError(
                f"is kept as {layout}, whose values are not read", where=variable.key
            )
        return self._stored.read(variable, start, count)

    def strings(self, variable: Variable) -> Sequence[bytes]:
        """There are none.

        Raises:
            UnsupportedError: always.
        """
        return self._stored.strings(variable)


class _Walk:
    """Numbers, texts and arrays, one behind the other. All integers are little-endian."""

    def __init__(self, source: Source, offset: int) -> None:
        self._source = source
        self._at = offset

    def count(self) -> int:
        """How many things follow, none of which is smaller than four bytes."""
        (count,) = self._numbers("Q", 1)
        if count > (self._source.size - self._at) // 4:
            raise self._damaged(f"claims to have {count} arrays or names")
        return count

    def text(self) -> str:
        (length,) = self._numbers("Q", 1)
        data = self._source.read(self._at, length)
        self._at += length
        return data.decode("utf-8", "backslashreplace")

    def array(self) -> _Array:
        (mark,) = self._numbers("I", 1)
        layout, stored = _LAYOUTS[0], None
        if mark in {_NUMPY, _STORAGE_TYPES}:
            (number,) = self._numbers("i", 1)
            if number not in _LAYOUTS:
                raise self._damaged(f"has an array of the storage type {number}")
            layout = _LAYOUTS[number]
            stored = self._shape() if layout.indices else None
        if mark in {_NUMPY, _STORAGE_TYPES, _LONG_SIZES}:
            shape = self._shape()
        else:
            shape = self._sizes("I", mark)
        # Without NumPy's shapes, no dimension means that the shape is not known.
        if shape is None or (not shape and mark != _NUMPY):
            return _NONE
        self._numbers("i", 2)  # the device
        (flag,) = self._numbers("i", 1)
        if not 0 <= flag < len(_DTYPES):
            raise self._damaged(f"has an array of type {flag}")
        dtype = _DTYPES[flag]
        indices = [self._index() for _ in range(layout.indices)]
        held = prod(shape if stored is None else stored)
        offset, length = self._at, nbytes(dtype, held) or 0
        self._skip(length + sum(indices))
        return _Array(shape, dtype, layout.name, held, offset, length)

    def _index(self) -> int:
        """Bytes of an array of indices, whose type and shape stand here."""
        (flag,) = self._numbers("i", 1)
        sizes = self._shape() or ()
        if not 0 <= flag < len(_DTYPES):
            raise self._damaged(f"has indices of type {flag}")
        return nbytes(_DTYPES[flag], prod(sizes)) or 0

    def _shape(self) -> tuple[int, ...] | None:
        (rank,) = self._numbers("i", 1)
        return None if rank == _UNKNOWN_RANK else self._sizes("q", rank)

    def _sizes(self, layout: str, rank: int) -> tuple[int, ...]:
        if not 0 <= rank <= _MOST_DIMENSIONS:
            raise self._damaged(f"has an array of {rank} dimensions")
        sizes = self._numbers(layout, rank)
        if any(size < 0 for size in sizes):
            raise self._damaged(f"has an array of the shape {sizes}")
        return sizes

    def _numbers(self, layout: str, count: int) -> tuple[int, ...]:
        form = struct.Struct(f"<{count}{layout}")
        data = self._source.read(self._at, form.size)
        self._at += form.size
        return form.unpack(data)

    def _skip(self, length: int) -> None:
        if length > self._source.size - self._at:
            raise TruncatedError(
                f"is cut short: an array needs {length} bytes",
                path=self._source.name,
                where=f"offset {self._at}",
                hint="copy the file again",
            )
        self._at += length

    def _damaged(self, problem: str) -> DamagedFileError:
        return DamagedFileError(
            problem,
            path=self._source.name,
            where=f"offset {self._at}",
            hint="the file is cut short or damaged: copy it again",
        )
