"""What Zarr says of an array: shape, dtype, chunks, and how they are packed.

https://zarr-specs.readthedocs.io: version 2 has a `.zarray` beside its chunks, version 3 a
`zarr.json`.
"""

from __future__ import annotations

import json
import re
from math import prod
from typing import Any

from scopecli.errors import DamagedFileError, UnsupportedError
from scopecli.model.dtypes import BITS
from scopecli.model.records import NamedTuple

V2_HEADER, V3_HEADER = ".zarray", "zarr.json"

_SEPARATORS = frozenset({".", "/"})
_MAX_RANK = 64
_MAX_ELEMENTS = 1 << 63
_TYPE = re.compile(r"([<>|])([biufc])(\d{1,2})")
_KINDS = {"i": "int", "u": "uint", "f": "float", "c": "complex"}


class Codec(NamedTuple):
    """One step of how a chunk is packed."""

    name: str
    settings: dict[str, Any]


class Header(NamedTuple):
    """The header of an array.

    Attributes:
        shape: outermost dimension first.
        dtype: canonical name; the file's own where there is none.
        big_endian: whether the values are so.
        chunks: shape of each chunk; those at the end are whole too.
        fill: what stands for chunks that are not there, as JSON has it.
        codecs: in the order in which they were applied.
        order: `F` where the first index of a chunk varies fastest.
        separator: between the numbers in the name of a chunk.
        prefix: before them; empty in version 2.
    """

    shape: tuple[int, ...]
    dtype: str
    big_endian: bool
    chunks: tuple[int, ...]
    fill: object
    codecs: tuple[Codec, ...]
    order: str
    separator: str
    prefix: str

    @property
    def size(self) -> int:
        """Bytes of an element: even one of four bits has its own."""
        return max(BITS.get(self.dtype, 0) // 8, 1)

    def chunk_name(self, index: tuple[int, ...]) -> str:
        """What the chunk with these numbers is called."""
        numbers = list(map(str, index if self.shape else ()))
        if self.prefix:
            return self.separator.join([self.prefix, *numbers])
        return self.separator.join(numbers) or "0"


def parse(data: bytes, where: str) -> Header | None:
    """The header in a file; None where that is of a group of arrays.

    Raises:
        ScopecliError: it is none, or of a version that is not known.
    """
    try:
        fields = json.loads(data)
        version = fields["zarr_format"]
        if version not in {2, 3}:
            raise UnsupportedError(f"is Zarr of version {version}, and 2 and 3 are known")
        if version == 3 and fields["node_type"] != "array":
            return None
        header = _version_2(fields) if version == 2 else _version_3(fields)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DamagedFileError("is not a valid header of an array", where=where) from error
    if header.separator not in _SEPARATORS:  # it becomes part of paths
        raise DamagedFileError("has an unknown separator in the names of its chunks", where=where)
    sizes = (*header.shape, *header.chunks)
    if (
        len(header.chunks) != len(header.shape)
        or len(header.shape) > _MAX_RANK
        or any(type(size) is not int or size < 0 for size in sizes)
        or not all(header.chunks)
        or max(prod(header.shape), prod(header.chunks)) >= _MAX_ELEMENTS
    ):
        raise DamagedFileError("claims a shape that no array has", where=where)
    return header


def _version_2(fields: dict[str, Any]) -> Header:
    dtype, big_endian = _dtype(fields["dtype"])
    compressor = fields.get("compressor")
    codecs = [Codec(str(each["id"]), each) for each in fields.get("filters") or ()]
    if compressor is not None:
        codecs.append(Codec(str(compressor["id"]), compressor))
    return Header(
        tuple(fields["shape"]),
        dtype,
        big_endian,
        tuple(fields["chunks"]),
        fields.get("fill_value"),
        tuple(codecs),
        str(fields.get("order", "C")),
        str(fields.get("dimension_separator", ".")),
        "",
    )


def _version_3(fields: dict[str, Any]) -> Header:
    codecs = codec_list(fields["codecs"])
    encoding = fields["chunk_key_encoding"]
    is_default = encoding["name"] == "default"
    settings = encoding.get("configuration") or {}
    big_endian = any(codec.settings.get("endian") == "big" for codec in codecs)
    return Header(
        tuple(fields["shape"]),
        fields["data_type"] if isinstance(fields["data_type"], str) else "structured",
        big_endian,
        tuple(fields["chunk_grid"]["configuration"]["chunk_shape"]),
        fields.get("fill_value"),
        codecs,
        "C",
        str(settings.get("separator", "/" if is_default else ".")),
        "c" if is_default else "",
    )


def codec_list(listed: list[dict[str, Any]]) -> tuple[Codec, ...]:
    """Codecs as version 3 lists them."""
    return tuple(Codec(str(each["name"]), dict(each.get("configuration") or {})) for each in listed)


def _dtype(written: object) -> tuple[str, bool]:
    """Canonical name of a type of version 2, and whether it is big-endian."""
    if not isinstance(written, str):
        return "structured", False
    match = _TYPE.fullmatch(written)
    if match is None:
        return written, False
    order, kind, width = match.groups()
    name = "bool" if kind == "b" else f"{_KINDS[kind]}{8 * int(width)}"
    return (name if name in BITS else written), order == ">"
