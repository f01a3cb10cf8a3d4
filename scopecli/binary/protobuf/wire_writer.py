"""Protobuf messages, written: fields put together, and edits that leave all other bytes alone.

What a reader does not know it must not lose, so a message is not decoded and encoded again: the
spans of the fields that change are cut out of its bytes, and the new ones put in their places.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.binary.protobuf import wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_WIDTHS = {wire.FIXED64: 8, wire.FIXED32: 4}


def varint(value: int) -> bytes:
    """What `wire.varint` reads."""
    if value < 0x80:
        return bytes((value,))
    encoded = bytearray()
    while value >= 0x80:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def number_field(number: int, value: int) -> bytes:
    """A varint field; nothing for a zero, which proto3 leaves out."""
    return varint(number << 3 | wire.VARINT) + varint(value) if value else b""


def fixed32_field(number: int, value: int) -> bytes:
    """A fixed32 field."""
    return varint(number << 3 | wire.FIXED32) + value.to_bytes(4, "little")


def bytes_field(number: int, value: bytes) -> bytes:
    """A length-delimited field."""
    return varint(number << 3 | wire.BYTES) + varint(len(value)) + value


def encoded_text(value: str) -> bytes:
    """What `wire.text` reads, stray bytes and all."""
    return value.encode("utf-8", "surrogateescape")


def spans(data: bytes, start: int, end: int) -> Iterator[tuple[int, int, int, int, int, int]]:
    """The fields of a message as `wire.fields` has them, each with the bytes that it takes.

    Yields (number, wire type, a, b, first, last): the whole field is `data[first:last]`.

    Raises:
        DamagedFileError: the message contradicts the format.
    """
    at = start
    for number, kind, a, b in wire.fields(data, start, end):
        if kind == wire.BYTES:
            last = b
        else:
            _, last = wire.varint(data, at, end)
            width = _WIDTHS.get(kind)
            last = wire.varint(data, last, end)[1] if width is None else last + width
        yield number, kind, a, b, at, last
        at = last


def edited(
    data: bytes, start: int, end: int, edits: Mapping[int, Callable[[int, int], bytes | None]]
) -> bytes:
    """The message in `data[start:end]` with some of its length-delimited fields changed.

    Args:
        data: holds the message.
        start: where it starts.
        end: where it ends.
        edits: by field number: given where the contents start and end, the new contents; None
            takes the field out.

    Raises:
        DamagedFileError: the message contradicts the format.
    """
    pieces = []
    copied = start
    for number, kind, a, b, first, last in spans(data, start, end):
        edit = edits.get(number) if kind == wire.BYTES else None
        if edit is None:
            continue
        contents = edit(a, b)
        if contents != data[a:b]:
            pieces.append(data[copied:first])
            if contents is not None:
                pieces.append(bytes_field(number, contents))
            copied = last
    pieces.append(data[copied:end])
    return b"".join(pieces)
