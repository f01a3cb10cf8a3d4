"""HDF5's datatype messages: what the elements of a dataset or an attribute are.

https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html, section IV.A.2.d. What h5py
writes for bool and complex is in https://docs.h5py.org/en/stable/special.html.
"""

from __future__ import annotations

import struct
from types import MappingProxyType
from typing import TYPE_CHECKING

from scopecli.binary.hdf5.pages import LibraryNeededError
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

INTEGER, FLOAT, STRING, BITFIELD, OPAQUE = 0, 1, 3, 4, 5
COMPOUND, REFERENCE, ENUM, VARIABLE, ARRAY = 6, 7, 8, 9, 10

# (exponent bits, mantissa bits, exponent bias); anything else is named by its size.
FLOATS: Mapping[tuple[int, int, int], str] = MappingProxyType(
    {
        (5, 10, 15): "float16",
        (8, 7, 127): "bfloat16",
        (8, 23, 127): "float32",
        (11, 52, 1023): "float64",
        (4, 3, 7): "float8_e4m3fn",
        (4, 3, 8): "float8_e4m3fnuz",
        (4, 3, 11): "float8_e4m3b11fnuz",
        (5, 2, 15): "float8_e5m2",
        (5, 2, 16): "float8_e5m2fnuz",
    }
)

_VERSIONS = range(1, 6)
_MAX_NESTING = 8
_HEAD = struct.Struct("<BBBBI")  # class and version, bits, size
_PACKED = 3  # from this version on, names are not filled up to a multiple of 8
_BIG_ENDIAN, _SIGNED, _VAX = 0x01, 0x08, 0x40
_VARIABLE_STRING = 1
_REFERENCES = ("reference", "region_reference")
_BOOL = {b"FALSE": b"\0", b"TRUE": b"\1"}

# How `struct` reads an integer of so many bytes, unsigned and signed.
_INTEGER_CODES = {1: "Bb", 2: "Hh", 4: "Ii", 8: "Qq"}
# What a float has behind its size: offset and bits; exponent; mantissa; bias.
_FLOAT_FIELDS = struct.Struct("<HHBBBBI")
# The bits of an IEEE number, without its byte order, and those fields; how `struct` reads it.
_IEEE = {
    ((0x20, 15), (0, 16, 10, 5, 0, 10, 15)): "e",
    ((0x20, 31), (0, 32, 23, 8, 0, 23, 127)): "f",
    ((0x20, 63), (0, 64, 52, 11, 0, 52, 1023)): "d",
}


class Datatype(NamedTuple):
    """What is told of a datatype.

    Attributes:
        name: canonical name, or one that says what it is: `compound`, `vlen(int32)`, ...
        size: bytes an element takes; None for those of variable length.
        big_endian: True where the file stores the values so.
        kind: its class.
        code: how `struct` reads a plain number; empty for anything else.
        padding: how strings of fixed length are filled up.
    """

    name: str
    size: int | None
    big_endian: bool
    kind: int = -1
    code: str = ""
    padding: int = 0


# A datatype, what it takes in a file whatever its size is, and where the next thing starts.
_Decoded = tuple[Datatype, int, int]


def decode(body: bytes) -> Datatype:
    """The datatype of a message.

    Raises:
        LibraryNeededError: it is of a kind that is not read here.
        struct.error: it is cut short.
    """
    return _decode(body, 0, 0)[0]


def _decode(data: bytes, at: int, nesting: int) -> _Decoded:
    first, low, middle, high, size = _HEAD.unpack_from(data, at)
    kind, version = first & 15, first >> 4
    decoder = _DECODERS.get(kind)
    if decoder is None or version not in _VERSIONS or not size or nesting > _MAX_NESTING:
        raise LibraryNeededError
    found = decoder(_Head(data, at + _HEAD.size, version, (low, middle, high), size, nesting))
    if found[-1] > len(data):
        raise struct.error
    return found


class _Head(NamedTuple):
    """The beginning of a datatype: where it is and what is told of every class."""

    data: bytes
    at: int
    version: int
    bits: tuple[int, int, int]
    size: int
    nesting: int

    @property
    def number(self) -> int:
        return self.bits[0] | self.bits[1] << 8

    def inner(self, at: int) -> _Decoded:
        """The datatype that this one is made of."""
        return _decode(self.data, at, self.nesting + 1)

    def part(self, at: int) -> _Decoded:
        """One that is a part of this one."""
        found = self.inner(at)
        if found[0].size is None:  # libhdf5 counts the pointer that there would be in memory
            raise LibraryNeededError
        return found

    def name(self, at: int) -> tuple[bytes, int]:
        """A name, and where what follows it starts."""
        end = self.data.find(b"\0", at)
        if end < 0:
            raise struct.error
        length = end + 1 - at
        return self.data[at:end], at + (length if self.version >= _PACKED else _filled(length))


def _integer(head: _Head) -> _Decoded:
    offset, precision = struct.unpack_from("<HH", head.data, head.at)
    signed = bool(head.bits[0] & _SIGNED)
    code = ""
    if not offset and precision == 8 * head.size:
        code = _INTEGER_CODES.get(head.size, "  ")[signed].strip()
    name = f"{'' if signed else 'u'}int{8 * head.size}"
    big = bool(head.bits[0] & _BIG_ENDIAN)
    return _whole(head, Datatype(name, head.size, big, INTEGER, code), 4)


def _float(head: _Head) -> _Decoded:
    if head.bits[0] & _VAX:
        raise LibraryNeededError
    fields = _FLOAT_FIELDS.unpack_from(head.data, head.at)
    _, _, _, exponent, _, mantissa, bias = fields
    name = FLOATS.get((exponent, mantissa, bias)) or f"float{8 * head.size}"
    code = _IEEE.get(((head.bits[0] & ~_BIG_ENDIAN, head.bits[1]), fields), "")
    big = bool(head.bits[0] & _BIG_ENDIAN)
    return _whole(head, Datatype(name, head.size, big, FLOAT, code), _FLOAT_FIELDS.size)


def _string(head: _Head) -> _Decoded:
    return _whole(
        head,
        Datatype("string", head.size, big_endian=False, kind=STRING, padding=head.bits[0] & 15),
        0,
    )


def _bitfield(head: _Head) -> _Decoded:
    big = bool(head.bits[0] & _BIG_ENDIAN)
    return _whole(head, Datatype(f"uint{8 * head.size}", head.size, big, BITFIELD), 4)


def _opaque(head: _Head) -> _Decoded:
    return _whole(head, Datatype("opaque", head.size, big_endian=False), _filled(head.bits[0]))


def _reference(head: _Head) -> _Decoded:
    which = head.bits[0] & 15
    if which >= len(_REFERENCES):
        raise LibraryNeededError
    return _whole(head, Datatype(_REFERENCES[which], head.size, big_endian=False), 0)


def _enum(head: _Head) -> _Decoded:
    base, width, at = head.inner(head.at)
    names: list[bytes] = []
    for _ in range(head.number):
        name, at = head.name(at)
        names.append(name)
    values = [head.data[at + i * width :][:width] for i in range(len(names))]
    is_bool = len(names) == 2 and dict(zip(names, values, strict=True)) == _BOOL
    found = Datatype("bool" if is_bool else "enum", head.size, _big(base), ENUM)
    return (found, head.size, at + len(names) * width)


def _variable(head: _Head) -> _Decoded:
    base, _, end = head.inner(head.at)
    is_string = head.bits[0] & 15 == _VARIABLE_STRING
    name = "string" if is_string else f"vlen({base.name})"
    found = Datatype(name, None, big_endian=False, kind=STRING if is_string else VARIABLE)
    return (found, head.size, end)


def _array(head: _Head) -> _Decoded:
    rank = head.data[head.at]
    packed = head.version >= _PACKED
    at = head.at + (1 if packed else 4)
    extents = struct.unpack_from(f"<{rank}I", head.data, at)
    at += 4 * rank if packed else 8 * rank  # a permutation stood behind once
    base, _, end = head.part(at)
    name = f"array({base.name}, {', '.join(map(str, extents))})"
    found = Datatype(name, head.size, _big(base), ARRAY)
    return (found, head.size, end)


def _compound(head: _Head) -> _Decoded:
    at = head.at
    members: list[tuple[bytes, Datatype]] = []
    width = (head.size.bit_length() + 7) // 8 if head.version >= _PACKED else 4
    for _ in range(head.number):
        name, at = head.name(at)
        at += width
        if head.version == 1:
            if head.data[at]:  # an array, which is written in another way since
                raise LibraryNeededError
            at += 28
        member, _, at = head.part(at)
        members.append((name, member))
    big = bool(members) and _big(members[0][1])
    kind = "compound"
    if [name for name, _ in members] == [b"r", b"i"]:
        parts = {member.name for _, member in members}
        if parts in ({"float32"}, {"float64"}):
            kind = f"complex{8 * head.size}"
    return (Datatype(kind, head.size, big, COMPOUND), head.size, at)


def _whole(head: _Head, found: Datatype, length: int) -> _Decoded:
    return (found, head.size, head.at + length)


def _big(inner: Datatype) -> bool:
    """Whether what a datatype is made of has an order of bytes, and which."""
    return inner.big_endian and inner.kind in (INTEGER, FLOAT, BITFIELD)


def _filled(length: int) -> int:
    return (length + 7) // 8 * 8


_DECODERS = MappingProxyType(
    {
        INTEGER: _integer,
        FLOAT: _float,
        STRING: _string,
        BITFIELD: _bitfield,
        OPAQUE: _opaque,
        COMPOUND: _compound,
        REFERENCE: _reference,
        ENUM: _enum,
        VARIABLE: _variable,
        ARRAY: _array,
    }
)
