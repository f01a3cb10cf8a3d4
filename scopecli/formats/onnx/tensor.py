"""A tensor of an ONNX model: what its message says, and where its values are.

https://github.com/onnx/onnx/blob/main/onnx/onnx.proto, TensorProto and SparseTensorProto;
https://github.com/onnx/onnx/blob/main/docs/ExternalData.md
"""

from __future__ import annotations

import os
from math import prod
from typing import TYPE_CHECKING

from scopecli.binary.protobuf.wire import BYTES, FIXED32, FIXED64, VARINT, numbers, signed64, varint
from scopecli.errors import DamagedFileError
from scopecli.formats.onnx.layout import (
    CONSTANT_VALUES,
    DTYPES,
    SCALAR_VALUES,
    SMALL_VALUES,
    VALUE_FIELDS,
    Pair,
    SparseTensorProto,
    TensorProto,
)
from scopecli.model.dtypes import BITS, nbytes
from scopecli.model.records import NamedTuple
from scopecli.model.variable import StoredAt

if TYPE_CHECKING:
    from scopecli.binary.window import Window
    from scopecli.model.variable import Storage

_MAX_RANK = 64
_MAX_ELEMENTS = 1 << 63
_WIDTHS = {FIXED32: 4, FIXED64: 8}


class Written(NamedTuple):
    """A `Storage`: values that are numbers of the message, in one or more of its fields.

    Attributes:
        span: of the message, in the model's file.
        field: number of the field that has them.
        wire_type: how each is written.
        size: bytes of each when it is unpacked.
    """

    shard: str
    length: int
    span: tuple[int, int]
    field: int
    wire_type: int
    size: int
    offset: None = None
    checksum: None = None

    def decoded(self, window: Window) -> bytes:
        """The values as raw ones would be, little-endian.

        Raises:
            DamagedFileError: they are cut short.
        """
        width = _WIDTHS.get(self.wire_type, 0)
        mask = (1 << 8 * self.size) - 1
        found = bytearray()
        for number, kind, a, b in window.fields(*self.span):
            if number != self.field:
                continue
            if kind == BYTES and width:
                found += window.read(a, b)
            elif kind == BYTES:
                found += _unpacked(window.read(a, b), self.size, mask)
            else:
                found += (a & mask).to_bytes(self.size, "little")
        return bytes(found)

    def strings(self, window: Window) -> list[bytes]:
        """The values of a tensor of strings.

        Raises:
            DamagedFileError: they are cut short.
        """
        return [
            window.read(a, b)
            for number, kind, a, b in window.fields(*self.span)
            if number == self.field and kind == BYTES
        ]


class Sparse(NamedTuple):
    """A `Storage`: the elements that are not zero, and their places.

    Attributes:
        values: a tensor of one dimension.
        indices: int64; one number an element, in C order, or one for each dimension.
    """

    shard: str
    length: int
    values: Tensor
    indices: Tensor
    offset: None = None
    checksum: None = None


class Tensor(NamedTuple):
    """One tensor.

    Attributes:
        name: empty where it has none.
        dtype: canonical name.
        shape: in the file's order.
        storage: where the values are; None where the message has none.
        external: the file that has them, as the model names it; None where it is this one.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    storage: Storage | None
    external: str | None = None

    @property
    def nbytes(self) -> int | None:
        """Size of the values; None where an element has no fixed size."""
        return nbytes(self.dtype, prod(self.shape))


def read(window: Window, start: int, end: int) -> Tensor:
    """The TensorProto in this range.

    Raises:
        DamagedFileError: the bytes contradict the format.
    """
    name, number = "", 0
    dims: list[int] = []
    is_external = False
    pairs: dict[str, str] = {}
    runs: dict[int, tuple[int, int] | None] = {}
    for field, kind, a, b in window.fields(start, end):
        if field == TensorProto.DIMS:
            dims += _dims(window, kind, a, b)
            if len(dims) > _MAX_RANK:
                raise DamagedFileError(f"a tensor claims {len(dims)} dimensions and more")
        elif field == TensorProto.DATA_TYPE and kind == VARINT:
            number = a
        elif field == TensorProto.NAME and kind == BYTES:
            name = window.text(a, b)
        elif field == TensorProto.DATA_LOCATION and kind == VARINT:
            is_external = a == TensorProto.EXTERNAL
        elif field == TensorProto.EXTERNAL_DATA and kind == BYTES:
            pairs.update([pair(window, a, b)])
        else:  # of values that are in one run only the place matters
            runs[field] = (a, b) if kind == BYTES and field not in runs else None
    dtype = DTYPES.get(number, f"dtype {number}")
    shape = _checked(dims, name)
    if is_external:
        return _external(Tensor(name, dtype, shape, None), pairs)
    return Tensor(name, dtype, shape, _storage(window, (start, end), dtype, runs))


def read_sparse(window: Window, start: int, end: int) -> Tensor:
    """The SparseTensorProto in this range, as the tensor that it stands for.

    Raises:
        DamagedFileError: the bytes contradict the format.
    """
    parts: dict[int, Tensor] = {}
    dims: list[int] = []
    for field, kind, a, b in window.fields(start, end):
        if field == SparseTensorProto.DIMS:
            dims += _dims(window, kind, a, b)
        elif kind == BYTES:
            parts[field] = read(window, a, b)
    values = parts.get(SparseTensorProto.VALUES)
    indices = parts.get(SparseTensorProto.INDICES)
    if values is None:
        raise DamagedFileError("a sparse tensor has no values", where=f"offset {start}")
    shape = _checked(dims, values.name)
    if indices is None:  # as the format has it where all is zero
        indices = Tensor("", "int64", (0,), StoredAt("", 0, 0))
    shard = os.path.basename(window.path)
    return Tensor(values.name, values.dtype, shape, Sparse(shard, end - start, values, indices))


def of_attribute(window: Window, start: int, end: int, name: str) -> Tensor:
    """The tensor that an attribute of a Constant stands for, one of `CONSTANT_VALUES`.

    Raises:
        DamagedFileError: the values are cut short.
    """
    field, dtype, kind = CONSTANT_VALUES[name]
    shard = os.path.basename(window.path)
    size = max(BITS[dtype] // 8, 1)
    storage = Written(shard, end - start, (start, end), field, kind, size)
    if name in SCALAR_VALUES:
        return Tensor("", dtype, (), storage)
    is_text = dtype == "string"
    count = len(storage.strings(window) if is_text else storage.decoded(window)) // size
    return Tensor("", dtype, (count,), storage)


def pair(window: Window, start: int, end: int) -> tuple[str, str]:
    """The StringStringEntryProto in this range.

    Raises:
        DamagedFileError: the bytes contradict the format.
    """
    texts = {
        field: window.text(a, b) for field, kind, a, b in window.fields(start, end) if kind == BYTES
    }
    return texts.get(Pair.KEY, ""), texts.get(Pair.VALUE, "")


def _dims(window: Window, kind: int, a: int, b: int) -> list[int]:
    """What a field adds to a shape: one number, or several that are packed."""
    if kind == BYTES:
        return numbers(window.read(a, b), BYTES, 0, b - a)
    return [signed64(a)]


def _checked(dims: list[int], name: str) -> tuple[int, ...]:
    if len(dims) > _MAX_RANK or any(size < 0 for size in dims) or prod(dims) >= _MAX_ELEMENTS:
        raise DamagedFileError("claims a shape that no tensor has", where=name)
    return tuple(dims)


def _storage(
    window: Window,
    span: tuple[int, int],
    dtype: str,
    runs: dict[int, tuple[int, int] | None],
) -> Storage | None:
    """Where values of the model's own file are."""
    shard = os.path.basename(window.path)
    raw = runs.get(TensorProto.RAW_DATA)
    if raw is not None and dtype != "string":
        return StoredAt(shard, raw[0], raw[1] - raw[0])
    field, kind = VALUE_FIELDS.get(dtype, SMALL_VALUES)
    if field not in runs:
        return None
    run = runs[field]
    if run is not None and kind in _WIDTHS:  # packed, so the same bytes as raw ones
        return StoredAt(shard, run[0], run[1] - run[0])
    size = max(BITS.get(dtype, 0) // 8, 1)
    if kind in _WIDTHS:
        size = _WIDTHS[kind]  # a complex number is two
    return Written(shard, span[1] - span[0], span, field, kind, size)


def _external(tensor: Tensor, pairs: dict[str, str]) -> Tensor:
    """A tensor whose values are in another file, and where in it."""
    location = pairs.get("location", "")
    try:
        offset, length = int(pairs.get("offset") or 0), int(pairs.get("length") or -1)
    except ValueError:
        offset = -1
    if offset < 0 or max(offset, length) >= _MAX_ELEMENTS:
        raise DamagedFileError(
            "has an offset or length of external data that no file has", where=tensor.name
        )
    length = (tensor.nbytes or 0) if length < 0 else length
    return tensor._replace(storage=StoredAt(location, offset, length), external=location)


def _unpacked(data: bytes, size: int, mask: int) -> bytes:
    """Packed varints as little-endian numbers."""
    found = bytearray()
    at = 0
    while at < len(data):
        value, at = varint(data, at, len(data))
        found += (signed64(value) & mask).to_bytes(size, "little")
    return bytes(found)
