"""FlatBuffers made in a test, byte by byte.

A table is a dictionary from a field's place in the schema to its value: bytes are numbers that
stand in the table itself; what the table refers to is another dictionary, a list of them, a text,
or a `Run`.
"""

from __future__ import annotations

import struct
from typing import NamedTuple


class Run(NamedTuple):
    """A vector of numbers: how `struct` writes each, and all of them."""

    layout: str
    numbers: tuple[float, ...]


def flatbuffer(root: dict[int, object], identifier: bytes = b"TFL3") -> bytes:
    """A file with this table as its root."""
    out = bytearray(4) + identifier
    _refer(out, 0, root)
    return bytes(out)


def _refer(out: bytearray, at: int, value: object) -> None:
    """Append a value, and let the offset at `at` lead to it."""
    out += bytes(-len(out) % 8)
    start = _table_start(out, value) if isinstance(value, dict) else len(out)
    struct.pack_into("<I", out, at, start - at)
    if isinstance(value, dict):
        _append_table(out, value)
    elif isinstance(value, str):
        out += struct.pack("<I", len(value.encode())) + value.encode() + b"\0"
    elif isinstance(value, Run):
        count = len(value.numbers)
        out += struct.pack(f"<I{count}{value.layout}", count, *value.numbers)
    elif isinstance(value, list):
        out += struct.pack("<I", len(value)) + bytes(4 * len(value))
        for number, each in enumerate(value):
            _refer(out, start + 4 + 4 * number, each)
    else:
        raise TypeError(value)


def _vtable_size(table: dict[int, object]) -> int:
    size = 4 + 2 * (max(table) + 1 if table else 0)
    return size + -size % 4


def _table_start(out: bytearray, table: dict[int, object]) -> int:
    return len(out) + _vtable_size(table)


def _append_table(out: bytearray, table: dict[int, object]) -> None:
    """The list of fields, the table, and all that it refers to."""
    size = _vtable_size(table)
    places, inline = [0] * (size // 2 - 2), bytearray()
    for field, value in table.items():
        places[field] = 4 + len(inline)
        inline += value if isinstance(value, bytes) else bytes(4)
    start = len(out) + size
    out += struct.pack(f"<{size // 2}H", size, 4 + len(inline), *places)
    out += struct.pack("<i", size) + inline
    for field, value in table.items():
        if not isinstance(value, bytes):
            _refer(out, start + places[field], value)
