"""The protobuf wire format, walked in place.

Fields are visited in the order of the bytes and nothing is copied until a caller takes it, so a
message of a gigabyte costs what its field headers cost.
https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.errors import DamagedFileError, TruncatedError

if TYPE_CHECKING:
    from collections.abc import Iterator

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5

_WIDTHS = {FIXED64: 8, FIXED32: 4}
_MAX_VARINT_BYTES = 10

# Field number, wire type, value: the number itself, or (start, end) of a length-delimited field.
Field = tuple[int, int, int]
Span = tuple[int, int]


def varint(data: bytes, at: int, end: int) -> tuple[int, int]:
    """One base-128 varint from `at`: the value and the offset behind it.

    Raises:
        DamagedFileError: it runs past `end` or is longer than ten bytes.
    """
    if at < end and data[at] < 0x80:  # as nearly all are
        return data[at], at + 1
    value = shift = 0
    for position in range(at, min(end, at + _MAX_VARINT_BYTES)):
        byte = data[position]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, position + 1
        shift += 7
    raise TruncatedError("a varint does not end", where=f"offset {at}")


def fields(data: bytes, start: int, end: int, base: int = 0) -> Iterator[tuple[int, int, int, int]]:
    """The fields of the message in `data[start:end]`.

    Yields (number, wire type, a, b): for numbers, `a` is the value; for length-delimited fields,
    `a` and `b` bound the contents. These are offsets in the file where `data` is a part of it that
    starts at `base`.

    Raises:
        DamagedFileError: a field runs past `end`, or has a wire type that proto3 does not use.
    """
    at = start
    while at < end:
        tag = data[at]
        if tag < 0x80:
            at += 1
        else:
            tag, at = varint(data, at, end)
        number, wire_type = tag >> 3, tag & 7
        if wire_type == VARINT:
            value, at = varint(data, at, end)
            yield number, wire_type, value, 0
        elif wire_type == BYTES:
            if at < end and data[at] < 0x80:
                length = data[at]
                at += 1
            else:
                length, at = varint(data, at, end)
            if length > end - at:
                raise TruncatedError(
                    f"field {number} has {length} bytes where {end - at} are left",
                    where=f"offset {base + at}",
                )
            yield number, wire_type, base + at, base + at + length
            at += length
        elif wire_type in _WIDTHS:
            width = _WIDTHS[wire_type]
            if width > end - at:
                raise TruncatedError(f"field {number} is cut short", where=f"offset {base + at}")
            yield number, wire_type, int.from_bytes(data[at : at + width], "little"), 0
            at += width
        else:
            raise DamagedFileError(
                f"field {number} has unknown wire type {wire_type}", where=f"offset {base + at}"
            )
        if number == 0:
            raise DamagedFileError("field number 0", where=f"offset {base + at}")


def signed64(value: int) -> int:
    """A varint that holds an int64, with its sign."""
    return value - (1 << 64) if value >= 1 << 63 else value


def text(data: bytes, start: int, end: int) -> str:
    """A string field. Bytes that are not UTF-8 survive as surrogates."""
    return data[start:end].decode("utf-8", "surrogateescape")


def numbers(data: bytes, kind: int, a: int, b: int) -> list[int]:
    """The signed numbers that one field of a repeated varint adds, which may be packed.

    Raises:
        DamagedFileError: a packed number runs past the end of the field.
    """
    if kind != BYTES:
        return [signed64(a)]
    found = []
    while a < b:
        value, a = varint(data, a, b)
        found.append(signed64(value))
    return found


def write_varint(out: bytearray, value: int) -> None:
    """Append a number of 0 or more as a base-128 varint."""
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
