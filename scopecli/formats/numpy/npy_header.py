"""The header of a NumPy array: type, shape and order.

https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
"""

from __future__ import annotations

import re
from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING

from scopecli.binary import python_literal
from scopecli.errors import DamagedFileError
from scopecli.model.dtypes import BITS
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from scopecli.binary.member_bytes import Bytes
    from scopecli.binary.source import Source

MAGIC = b"\x93NUMPY"
_VERSION_AT = len(MAGIC)
# By the major version: how many bytes the header's length takes, and how its text is encoded.
_VERSIONS = {1: (2, "latin1"), 2: (4, "latin1"), 3: (4, "utf-8")}
_HEAD = 256  # most headers are shorter
_MAX_HEADER = 1 << 20
_MAX_RANK = 64
_MAX_NUMBER = 1 << 63
_KEYS = {"descr", "fortran_order", "shape"}

_DESCR = r"(?P<order>[<>|=]?)(?P<kind>[?a-zA-Z])(?P<size>[0-9]{0,9})(?P<unit>\[[0-9a-zA-Zμ/]+\])?"
_NUMBERS = {"b": "bool", "i": "int", "u": "uint", "f": "float", "c": "complex"}
# They differ from machine to machine, so they are named and not read.
_LONG_DOUBLES = {"float96", "float128", "complex192", "complex256"}
_TIMES = {"M": "datetime64", "m": "timedelta64"}


class ElementType(NamedTuple):
    """What an array holds.

    Attributes:
        dtype: canonical name; `string`, `compound`, `opaque` or `object` where it is no number.
        size: bytes an element; None where it is pickled.
        big_endian: whether the file has the values so.
        written: the type as the file has it.
    """

    dtype: str
    size: int | None
    big_endian: bool
    written: str


class ArrayHeader(NamedTuple):
    """What a header says.

    Attributes:
        type: of the elements.
        shape: in C order, as numpy shows it.
        fortran_order: whether the first index varies fastest in the file.
        start: where the values begin.
    """

    type: ElementType
    shape: tuple[int, ...]
    fortran_order: bool
    start: int

    @property
    def nbytes(self) -> int | None:
        """Bytes of all elements; None where they are pickled."""
        return None if self.type.size is None else prod(self.shape) * self.type.size


def read(data: Bytes | Source) -> ArrayHeader:
    """Read the header of an array.

    Raises:
        DamagedFileError: it is none, or cut short.
    """
    head = data.read(0, min(_HEAD, data.size))
    written = head[_VERSION_AT : _VERSION_AT + 2] if head.startswith(MAGIC) else b""
    version, minor = written if len(written) == 2 else (0, 0)
    if version not in _VERSIONS or minor:  # numpy knows no other minor one either
        raise _damaged(data, "has no NumPy header of a version from 1 to 3")
    width, encoding = _VERSIONS[version]
    begin = _VERSION_AT + 2 + width
    length = int.from_bytes(head[begin - width : begin], "little")
    if length > _MAX_HEADER or begin > len(head):
        raise _damaged(data, f"claims a header of {length} bytes")
    start = begin + length
    text = head[begin:start] if start <= len(head) else data.read(begin, length)
    parsed = _remembered if start <= _HEAD else _parsed
    try:
        return parsed(text.decode(encoding), start)
    except ValueError as error:
        raise _damaged(data, f"has no valid NumPy header: {error}") from error


def _parsed(text: str, start: int) -> ArrayHeader:
    fields = python_literal.parse(text)
    if not isinstance(fields, dict) or set(fields) != _KEYS:
        raise ValueError("it lacks one of the fields descr, fortran_order and shape")
    element = element_type(fields["descr"])
    return ArrayHeader(element, _shape(fields["shape"]), fields["fortran_order"] is True, start)


# In an archive of thousands, most headers are that of another array too.
_remembered = lru_cache(1024)(_parsed)


def _shape(value: object) -> tuple[int, ...]:
    if not isinstance(value, tuple) or len(value) > _MAX_RANK:
        raise ValueError("its shape is not a tuple")
    sizes = tuple(size for size in value if type(size) is int and 0 <= size < _MAX_NUMBER)
    if len(sizes) < len(value):
        raise ValueError(f"it has the shape {value}")
    return sizes


def element_type(descr: object) -> ElementType:
    """The type that a header describes: a code, or the fields of a structured one.

    Raises:
        ValueError: it is no type.
    """
    if isinstance(descr, str):
        return _from_code(descr)
    if isinstance(descr, list):
        fields = [_field(field) for field in descr]
        size = 0
        for field in fields:
            if field.size is None:
                return ElementType("object", None, big_endian=False, written=_written(descr))
            size += field.size
        return ElementType(
            "compound", size, any(field.big_endian for field in fields), _written(descr)
        )
    raise ValueError("its type is neither a code nor a list of fields")


def _field(field: object) -> ElementType:
    """A field: name (or title and name), type, and a shape where it is an array itself.

    Calling the other function again is bounded: the header's literal is at most 32 levels deep.
    """
    if not isinstance(field, tuple) or len(field) not in {2, 3}:
        raise ValueError("a field of its type is not a pair")
    element = element_type(field[1])
    if len(field) == 3 and element.size is not None:
        shape = field[2] if isinstance(field[2], tuple) else (field[2],)
        return element._replace(size=element.size * prod(_shape(shape)))
    return element


def _from_code(code: str) -> ElementType:
    match = re.fullmatch(_DESCR, code)
    if match is None:
        if not BITS.get(code):
            raise ValueError(f"it has the unknown type {code[:40]!r}")
        return ElementType(code, BITS[code] // 8, big_endian=False, written=code)
    kind, size = match["kind"], int(match["size"] or 0)
    is_big = match["order"] == ">"
    if kind in _NUMBERS and size:
        name = "bool" if kind == "b" else f"{_NUMBERS[kind]}{8 * size}"
        if name not in BITS and name not in _LONG_DOUBLES:
            raise ValueError(f"it has the unknown type {code!r}")
        return ElementType(name, size, is_big and size > 1, code)
    if kind in _TIMES:
        return ElementType(_TIMES[kind] + (match["unit"] or ""), 8, is_big, code)
    if kind in {"O", "T"}:  # numpy pickles its strings of variable length too
        return ElementType("object", None, big_endian=False, written=code)
    if kind in {"S", "a", "U"}:
        wide = kind == "U"
        return ElementType("string", size * 4 if wide else size, is_big and wide, code)
    if kind == "V":
        return ElementType("opaque", size, big_endian=False, written=code)
    if kind == "?":
        return ElementType("bool", 1, big_endian=False, written=code)
    raise ValueError(f"it has the unknown type {code!r}")


def _written(descr: list[object]) -> str:
    """The fields as the header has them, shortened where there are many."""
    text = repr(descr)
    return text if len(text) <= 1000 else text[:1000] + "..."


def _damaged(data: Bytes | Source, problem: str) -> DamagedFileError:
    return DamagedFileError(
        problem, path=data.name, hint="the file is cut short or damaged: copy it again"
    )
