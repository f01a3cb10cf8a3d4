"""Tensors whose elements are all the same number, told by their checksums or by reading them."""

from __future__ import annotations

import struct
from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING

from scopecli.analysis.values import chunks
from scopecli.binary import crc
from scopecli.errors import ScopecliError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.model.model import Model
    from scopecli.model.variable import Checksum, Slice, Variable

# How `struct` packs a number of each type, little-endian.
_CODES = {
    "bfloat16": "<f",  # of which it is the upper half
    "float16": "<e",
    "float32": "<f",
    "float64": "<d",
    "int8": "<b",
    "int16": "<h",
    "int32": "<i",
    "int64": "<q",
    "uint8": "<B",
    "uint16": "<H",
    "uint32": "<I",
    "uint64": "<Q",
}
_HALF = "bfloat16"


@lru_cache(256)
def element(dtype: str, value: float) -> bytes | None:
    """One element as it is stored; None of a type that has no numbers, or not this one."""
    code = _CODES.get(dtype)
    if code is None:
        return None
    data = struct.pack(code, value if code in {"<e", "<f", "<d"} else int(value))
    return data[2:] if dtype == _HALF else data


def stored(variable: Variable, value: int) -> bool | None:
    """Whether the stored checksums are those of this number all over; None where none are stored.

    Another tensor has the same checksum one time in four billion.
    """
    one = element(variable.dtype, value)
    if one is None or not variable.params:
        return None
    for count, checksum in _checksums(variable):
        if checksum is None or checksum.kind != crc.KIND:
            return None
        if crc.masked(crc.of_repeated(one, count)) != checksum.value:
            return False
    return True


def _checksums(variable: Variable) -> Iterator[tuple[int, Checksum | None]]:
    """The elements and the checksum of the tensor, or of each of its parts."""
    slices = variable.attributes.get("slices")
    if isinstance(slices, tuple):
        parts: tuple[Slice, ...] = slices
        for part in parts:
            yield prod(part.lengths), part.storage.checksum if part.storage else None
    else:
        yield variable.params, variable.storage.checksum if variable.storage else None


def read(model: Model, variable: Variable, value: int) -> bool | None:
    """Whether it is this number all over; None where the values cannot be read."""
    try:
        return bool(variable.params) and all(
            bool((chunk == value).all()) for chunk in chunks(model, variable)
        )
    except ScopecliError:
        return None
