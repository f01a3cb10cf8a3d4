"""HDF5 datatypes: their canonical names, and the types that values are read as.

Specification: https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html#DatatypeMessage.
h5py's own conventions (bool as an enum, complex as a compound) are in
https://docs.h5py.org/en/stable/special.html and h5py/h5t.pyx.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from h5py import h5t

from scopecli.binary.hdf5.datatype import FLOATS, Datatype

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_MAX_NESTING = 8

# What a canonical name is read as. The others are read as they are stored, made little-endian.
_MEMORY_TYPES: Mapping[str, Any] = MappingProxyType(
    {
        "int8": h5t.STD_I8LE,
        "int16": h5t.STD_I16LE,
        "int32": h5t.STD_I32LE,
        "int64": h5t.STD_I64LE,
        "uint8": h5t.STD_U8LE,
        "uint16": h5t.STD_U16LE,
        "uint32": h5t.STD_U32LE,
        "uint64": h5t.STD_U64LE,
        "float16": h5t.IEEE_F16LE,
        "float32": h5t.IEEE_F32LE,
        "float64": h5t.IEEE_F64LE,
        "complex64": h5t.py_create(np.dtype("<c8")),
        "complex128": h5t.py_create(np.dtype("<c16")),
    }
)


def facts(datatype: Any) -> Datatype:
    """What there is to tell of an `h5t.TypeID`."""
    kind = datatype.get_class()
    variable_length = kind == h5t.VLEN or (kind == h5t.STRING and datatype.is_variable_str())
    ordered = datatype
    if kind == h5t.COMPOUND and datatype.get_nmembers():
        ordered = datatype.get_member_type(0)
    elif kind in (h5t.ENUM, h5t.ARRAY):
        ordered = datatype.get_super()
    return Datatype(
        type_name(datatype),
        None if variable_length else datatype.get_size(),
        ordered.get_class() in _ORDERED and ordered.get_order() == h5t.ORDER_BE,
    )


def type_name(datatype: Any, nesting: int = 0) -> str:
    """Canonical name of an `h5t.TypeID`; array and vlen types name what they hold."""
    if nesting > _MAX_NESTING:
        return "..."
    kind = datatype.get_class()
    if kind == h5t.VLEN:
        return f"vlen({type_name(datatype.get_super(), nesting + 1)})"
    if kind == h5t.ARRAY:
        extents = ", ".join(map(str, datatype.get_array_dims()))
        return f"array({type_name(datatype.get_super(), nesting + 1)}, {extents})"
    name = _NAMERS.get(kind)
    return name(datatype) if name else "unknown"


def memory_type(stored: Any, name: str) -> Any:
    """The `h5t.TypeID` that values of a canonical dtype are read as: packed and little-endian."""
    known = _MEMORY_TYPES.get(name)
    if known is not None and stored.get_class() in _CONVERTED:
        return known
    little = stored.copy()
    if stored.get_class() in _ORDERED and stored.get_size() > 1:
        little.set_order(h5t.ORDER_LE)
    return little


def _integer(datatype: Any) -> str:
    sign = "u" if datatype.get_sign() == h5t.SGN_NONE else ""
    return f"{sign}int{8 * datatype.get_size()}"


def _float(datatype: Any) -> str:
    _, _, exponent_bits, _, mantissa_bits = datatype.get_fields()
    layout = (exponent_bits, mantissa_bits, datatype.get_ebias())
    return FLOATS.get(layout) or f"float{8 * datatype.get_size()}"


def _compound(datatype: Any) -> str:
    """`complex64` and `complex128` for what h5py, NumPy and MATLAB write so, else `compound`."""
    if datatype.get_nmembers() == 2:
        names = (datatype.get_member_name(0), datatype.get_member_name(1))
        parts = {type_name(datatype.get_member_type(i), _MAX_NESTING) for i in range(2)}
        if names == (b"r", b"i") and parts in ({"float32"}, {"float64"}):
            return _complex(datatype)
    return "compound"


def _complex(datatype: Any) -> str:
    return f"complex{8 * datatype.get_size()}"


def _enum(datatype: Any) -> str:
    """`bool` for what h5py writes for it: an 8-bit enum of FALSE = 0 and TRUE = 1."""
    if datatype.get_size() == 1 and datatype.get_nmembers() == 2:
        members = {datatype.get_member_name(i): datatype.get_member_value(i) for i in range(2)}
        if members == {b"FALSE": 0, b"TRUE": 1}:
            return "bool"
    return "enum"


def _reference(datatype: Any) -> str:
    return "region_reference" if datatype.equal(h5t.STD_REF_DSETREG) else "reference"


_NAMERS: Mapping[int, Callable[[Any], str]] = MappingProxyType(
    {
        h5t.INTEGER: _integer,
        h5t.FLOAT: _float,
        h5t.STRING: lambda _: "string",
        h5t.TIME: lambda _: "time",
        h5t.BITFIELD: lambda datatype: f"uint{8 * datatype.get_size()}",  # as h5py reads it
        h5t.OPAQUE: lambda _: "opaque",
        h5t.COMPOUND: _compound,
        h5t.REFERENCE: _reference,
        h5t.ENUM: _enum,
        # A class of its own since HDF5 2.0, which older h5py does not have.
        getattr(h5t, "COMPLEX", -1): _complex,
    }
)
_ORDERED = frozenset({h5t.INTEGER, h5t.FLOAT, h5t.BITFIELD})
_CONVERTED = frozenset({h5t.INTEGER, h5t.FLOAT, h5t.COMPOUND, getattr(h5t, "COMPLEX", -1)})
