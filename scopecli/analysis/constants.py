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
    from collections.abc import Sequence

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
    """The bytes of one element; None for a dtype that does not hold numbers, or not this one."""
    code = _CODES.get(dtype)
    if code is None:
        return None
    data = struct.pack(code, value if code in {"<e", "<f", "<d"} else int(value))
    return data[2:] if dtype == _HALF else data


def stored(variable: Variable, value: int) -> bool | None:
    """Whether all elements are this number, by stored checksums; None where there are none.

    Another tensor has the same checksum one time in four billion.
    """
    for count, checksum in _checksums(variable):
        expected = _expected(variable.dtype, value, count)
        if checksum is None or checksum.kind != crc.KIND or expected is None:
            return None
        if expected != checksum.value:
            return False
    return True


@lru_cache(4096)
def _expected(dtype: str, value: int, count: int) -> int | None:
    """The checksum of a tensor of equal elements; None where none can be computed."""
    one = element(dtype, value)
    return crc.masked(crc.of_repeated(one, count)) if one is not None and count else None


def _checksums(variable: Variable) -> Sequence[tuple[int, Checksum | None]]:
    """The elements and the checksum of the tensor, or of each of its parts."""
    slices = variable.attributes.get("slices")
    if not isinstance(slices, tuple):
        return ((variable.params, variable.storage.checksum if variable.storage else None),)
    parts: tuple[Slice, ...] = slices
    return [(prod(part.lengths), part.storage.checksum if part.storage else None) for part in parts]


def read(model: Model, variable: Variable, value: int) -> bool | None:
    """Whether all elements are this number, by reading them; None where they cannot be read."""
    import numpy as np

    try:
        with np.errstate(invalid="ignore"):  # a NaN that signals
            return bool(variable.params) and all(
                bool((chunk == value).all()) for chunk in chunks(model, variable)
            )
    except ScopecliError:
        return None
