"""Protobuf messages: a field that has another value, number, length or place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.binary.protobuf import wire
from scopecli.errors import DamagedFileError
from tests.bundles import varint
from tests.fuzz.mutators.numbers import number
from tests.fuzz.mutators.texts import text

if TYPE_CHECKING:
    from random import Random

_LEVELS = 12


class _Field:
    """A field of a message; `length` is what to claim where it is not the truth."""

    __slots__ = ("kind", "length", "number", "value")

    def __init__(self, number: int, kind: int, value: int | bytes) -> None:
        self.number = number
        self.kind = kind
        self.value = value
        self.length: int | None = None


def message(data: bytes, random: Random, level: int = 0) -> bytes:
    """Another number, length, text or place of one protobuf field, at any depth."""
    fields = _parsed(data)
    if not fields:
        return text(data, random)
    i = random.randrange(len(fields))
    value = fields[i].value
    if isinstance(value, bytes) and level < _LEVELS and random.random() < 0.8 and _parsed(value):
        fields[i].value = message(value, random, level + 1)
    else:
        random.choice(_FIELD_CHANGES)(fields, i, random)
    return _encoded(fields)


def _parsed(data: bytes) -> list[_Field]:
    """The fields of a message; none where it is no message."""
    try:
        return [
            _Field(number_, kind, data[a:b] if kind == wire.BYTES else a)
            for number_, kind, a, b in wire.fields(data, 0, len(data))
        ]
    except DamagedFileError:
        return []


def _encoded(fields: list[_Field]) -> bytes:
    out = bytearray()
    for field in fields:
        value = field.value
        out += varint(field.number << 3 | field.kind)
        if isinstance(value, bytes):
            out += varint(len(value) if field.length is None else field.length) + value
        elif field.kind == wire.VARINT:
            out += varint(value % 2**64)
        else:
            width = 4 if field.kind == wire.FIXED32 else 8
            out += (value % 2 ** (8 * width)).to_bytes(width, "little")
    return bytes(out)


def _other_value(fields: list[_Field], i: int, random: Random) -> None:
    field = fields[i]
    if isinstance(field.value, int):
        field.value = number(field.value, 1000, random)
    else:
        field.value = text(field.value, random)


def _claim(fields: list[_Field], i: int, random: Random) -> None:
    field = fields[i]
    if isinstance(field.value, int):
        field.kind, field.value = wire.BYTES, bytes(8)
        return
    size = len(field.value)
    field.length = number(size, size, random) % 2**64


def _drop(fields: list[_Field], i: int, _: Random) -> None:
    del fields[i]


def _repeat(fields: list[_Field], i: int, random: Random) -> None:
    fields[i:i] = [fields[i]] * random.choice((1, 1, 2, 300))


def _take_the_place(fields: list[_Field], i: int, random: Random) -> None:
    other = random.choice(fields)
    fields[i].kind, fields[i].value = other.kind, other.value


def _renumber(fields: list[_Field], i: int, random: Random) -> None:
    fields[i].number = random.choice((*range(1, 30), 2**29 - 1))


def _nest(fields: list[_Field], i: int, random: Random) -> None:
    """The message within itself, again and again."""
    data = _encoded([fields[i]])
    for _ in range(random.choice((1, 2, 50, 400))):
        data = varint(fields[i].number << 3 | wire.BYTES) + varint(len(data)) + data
    fields[i] = _Field(fields[i].number, wire.BYTES, data)


_FIELD_CHANGES = (
    *(_other_value,) * 6,
    *(_claim,) * 2,
    _drop,
    _repeat,
    _take_the_place,
    _renumber,
    _nest,
)
