"""Constants: tensors whose values stand in the graph itself.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/framework/tensor.proto
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from scopecli.binary.protobuf.wire import BYTES, FIXED32, FIXED64, VARINT, varint, write_varint
from scopecli.errors import DamagedFileError, TruncatedError, UnsupportedError
from scopecli.formats.tensorflow.layout import TensorProto
from scopecli.formats.tensorflow.types import dtype_name, stored_bytes, tensor_shape
from scopecli.model.dtypes import BITS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scopecli.binary.window import Window
    from scopecli.formats.tensorflow.types import Shape
    from scopecli.model.variable import Variable

# Which field has the values of a type, and how they are written. The types that are not here are
# integers of 32 bits or less.
_VALUE_FIELDS = {
    "float32": (5, FIXED32),
    "float64": (6, FIXED64),
    "complex64": (9, FIXED32),
    "int64": (10, VARINT),
    "bool": (11, VARINT),
    "complex128": (12, FIXED64),
    "float16": (13, VARINT),
    "bfloat16": (13, VARINT),
    "uint32": (16, VARINT),
    "uint64": (17, VARINT),
}
_SMALL_INTEGERS = (7, VARINT)
_FLOAT8 = (18, BYTES)
_WIDTHS = {FIXED32: 4, FIXED64: 8}
_MOST_STRINGS = 1 << 24


class Constant:
    """A TensorProto at a place in a file; a `Storage`. Its values are read when asked for.

    Attributes:
        dtype: canonical name.
        shape: None where the rank is unknown.
    """

    __slots__ = ("_content", "_end", "_start", "_values", "_window", "dtype", "shape")

    checksum = None

    def __init__(self, window: Window, start: int, end: int) -> None:
        """Read type and shape.

        Raises:
            DamagedFileError: the bytes contradict the format.
        """
        self._window = window
        self._start = start
        self._end = end
        self._content: tuple[int, int] | None = None
        self._values: bytes | None = None
        self.dtype = dtype_name(0)
        self.shape: Shape = ()
        for field, kind, a, b in window.fields(start, end):
            if field == TensorProto.DTYPE and kind == VARINT:
                self.dtype = dtype_name(a)
            elif field == TensorProto.SHAPE and kind == BYTES:
                self.shape = tensor_shape(window.read(a, b), 0, b - a)
            elif field == TensorProto.CONTENT and kind == BYTES and b > a:
                self._content = (a, b)

    def __repr__(self) -> str:
        return f"{self.dtype} {'of any rank' if self.shape is None else self.shape}"

    @property
    def nbytes(self) -> int | None:
        """Size of the values; None where an element has no fixed size."""
        return stored_bytes(self.dtype, self.shape)

    @property
    def count(self) -> int:
        """Number of elements; 0 where it is unknown."""
        count = 1
        for size in self.shape or ():
            count *= size or 0
        return 0 if self.shape is None else count

    @property
    def shard(self) -> str:
        """Base name of the file."""
        return os.path.basename(self._window.path)

    @property
    def offset(self) -> int | None:
        """First byte of the values, where they are one plain run."""
        return self._content[0] if self._content and self.dtype != "string" else None

    @property
    def length(self) -> int:
        """Bytes in the file: of the values where they are one run, else of the whole tensor."""
        start, end = self._content or (self._start, self._end)
        return end - start

    def read(self, start: int, count: int) -> bytes:
        """Bytes of elements `start` to `start + count`, little-endian.

        Raises:
            ScopecliError: the values contradict type or shape, or have no fixed size.
        """
        size = max(BITS.get(self.dtype, 0) // 8, 1)
        if not BITS.get(self.dtype):
            raise UnsupportedError(f"values of dtype {self.dtype} cannot be read")
        if self._content is not None:
            first, last = self._content
            if last - first != self.count * size:
                raise TruncatedError(
                    f"a constant has {last - first} bytes where its shape needs {self.count * size}"
                )
            return self._window.read(first + start * size, first + (start + count) * size)
        if self._values is None:
            self._values = self._written(size)
        values = self._values
        wanted = values[start * size : (start + count) * size]
        # What is not written repeats the last value, or is zero where there is none.
        return wanted + (values[-size:] or bytes(size)) * (count - len(wanted) // size)

    def strings(self) -> list[bytes]:
        """All elements of a constant of strings.

        Raises:
            ScopecliError: the values contradict the shape.
        """
        if self.dtype != "string":
            raise UnsupportedError(f"values of dtype {self.dtype} are not strings")
        if self.count > _MOST_STRINGS:
            raise DamagedFileError(f"a constant claims {self.count} strings")
        if self._content is not None:
            strings = unpacked_strings(self._window.read(*self._content))
            if len(strings) != self.count:
                raise DamagedFileError("a constant has another number of strings than its shape")
            return strings
        values = [
            self._window.read(a, b)
            for field, kind, a, b in self._window.fields(self._start, self._end)
            if field == TensorProto.STRINGS and kind == BYTES
        ][: self.count]
        return values + (values[-1:] or [b""]) * (self.count - len(values))

    def _written(self, size: int) -> bytes:
        """The values that the fields of the type have, packed or not."""
        float8 = self.dtype.startswith("float8")
        field, kind = _FLOAT8 if float8 else _VALUE_FIELDS.get(self.dtype, _SMALL_INTEGERS)
        width = _WIDTHS.get(kind, 0)
        mask = (1 << 8 * size) - 1
        found = bytearray()
        for number, found_kind, a, b in self._window.fields(self._start, self._end):
            if number != field:
                continue
            if found_kind == BYTES and kind != VARINT:
                found += self._window.read(a, b)
            elif found_kind == BYTES:
                found += _unpacked(self._window.read(a, b), size, mask)
            elif width:
                found += a.to_bytes(width, "little")
            else:
                found += (a & mask).to_bytes(size, "little")
        return bytes(found[: len(found) // size * size])


def _unpacked(data: bytes, size: int, mask: int) -> bytes:
    """Packed varints as little-endian numbers."""
    found = bytearray()
    at = 0
    while at < len(data):
        value, at = varint(data, at, len(data))
        found += (value & mask).to_bytes(size, "little")
    return bytes(found)


def unpacked_strings(data: bytes) -> list[bytes]:
    """Strings that stand as one run of bytes: all lengths, then all contents.

    How many there are is not said, and need not be: a length more moves the end that they lead to
    further on, so only one number of them fits. `EncodeStringList` in
    core/platform/tensor_coding.cc.

    Raises:
        DamagedFileError: none does.
    """
    lengths = []
    at = total = 0
    while at + total < len(data):
        length, at = varint(data, at, len(data))
        lengths.append(length)
        total += length
    if at + total != len(data):
        raise DamagedFileError("the lengths of a constant's strings do not add up")
    strings = []
    for length in lengths:
        strings.append(data[at : at + length])
        at += length
    return strings


def packed_strings(strings: Sequence[bytes]) -> bytes:
    """What `unpacked_strings` takes apart."""
    out = bytearray()
    for string in strings:
        write_varint(out, len(string))
    return bytes(out) + b"".join(strings)


class ConstantTensors:
    """Reads the values of variables that are constants of a graph; a `TensorReader`."""

    __slots__ = ()

    def read(self, variable: Variable, start: int, count: int) -> bytes:
        """Bytes of elements `start` to `start + count` in C order, little-endian.

        Raises:
            ScopecliError: the values contradict type or shape, or are not in the file.
        """
        return _constant(variable).read(start, count)

    def strings(self, variable: Variable) -> Sequence[bytes]:
        """All elements of a constant of strings.

        Raises:
            ScopecliError: the values contradict the shape, or are not in the file.
        """
        return _constant(variable).strings()


def _constant(variable: Variable) -> Constant:
    if not isinstance(variable.storage, Constant):
        raise UnsupportedError("a graph has no values of its variables", where=variable.key)
    return variable.storage
