"""TensorFlow's types and shapes, as every message writes them."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from scopecli.binary.protobuf import wire
from scopecli.errors import DamagedFileError
from scopecli.formats.tensorflow.layout import DTYPES, REFERENCE, TensorShape
from scopecli.model.dtypes import BITS

if TYPE_CHECKING:
    Shape = tuple[int | None, ...] | None


# What TensorFlow itself allows a shape to be.
_MAX_RANK = 254
_MAX_ELEMENTS = 1 << 63


def dtype_name(number: int) -> str:
    """Canonical name of a DataType; that of a reference ends in `_ref`."""
    if REFERENCE < number < 2 * REFERENCE:
        return f"{dtype_name(number - REFERENCE)}_ref"
    return DTYPES.get(number) or f"dtype {number}"


def tensor_shape(data: bytes, start: int, end: int) -> Shape:
    """Decode a TensorShapeProto: a dimension may be unknown, and so may the whole.

    Raises:
        DamagedFileError: it is not one.
    """
    shape: list[int | None] = []
    for field, kind, a, b in wire.fields(data, start, end):
        if field == TensorShape.UNKNOWN_RANK and kind == wire.VARINT and a:
            return None
        if field == TensorShape.DIM and kind == wire.BYTES:
            size = 0
            for part, part_kind, value, _ in wire.fields(data, a, b):
                if part == TensorShape.DIM_SIZE and part_kind == wire.VARINT:
                    size = wire.signed64(value)
            shape.append(size if size >= 0 else None)
    if len(shape) > _MAX_RANK or prod(size or 1 for size in shape) >= _MAX_ELEMENTS:
        raise DamagedFileError(f"claims a shape of rank {len(shape)} that no tensor has")
    return tuple(shape)


def stored_bytes(dtype: str, shape: Shape) -> int | None:
    """Bytes of a tensor's values: TensorFlow gives even a 4-bit element a byte of its own."""
    bits = BITS.get(dtype, 0)
    if not bits or shape is None or None in shape:
        return None
    return prod(shape) * max(bits // 8, 1)  # type: ignore[arg-type]
