"""The header of a safetensors file: what is called how, and where it is.

Eight bytes of length, then JSON: https://github.com/huggingface/safetensors#format. Offsets and
duplicate keys are kept as they are written, so that what does not fit can be told.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from math import prod
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

from scopecli.errors import DamagedFileError
from scopecli.formats.some_notes import some
from scopecli.model import dtypes
from scopecli.model.model import Note
from scopecli.model.records import NamedTuple
from scopecli.model.variable import NO_ATTRIBUTES, StoredAt, Variable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from scopecli.binary.source import Source

    # Dtype and shape: as they are written, or one after the other.
    _Described = str | tuple[object, ...]
    _Row = tuple[str, _Described, int, int]

# `MAX_HEADER_SIZE` in safetensors/src/tensor.rs
MAX_HEADER = 100_000_000
_LENGTH = 8
_SPACE = " \t\r\n"
METADATA = "__metadata__"
_MAX_RANK = 64  # numpy's and torch's own
_MAX_NUMBER = 1 << 64
_LONGEST = 80

# The library writes no space; Python's `json.dumps` writes one behind each colon and comma.
_START = r'\{(?:"__metadata__": ?(\{[^{}]*\}), ?)?'
_DTYPE = "[A-Za-z0-9_]{1,32}"
_ENTRY = (
    r'"([^"\\\x00-\x1f]*)": ?\{("dtype": ?"[A-Z0-9_]+", ?"shape": ?\[[0-9, ]*\]), ?'
    r'"data_offsets": ?\[([0-9]{1,20}), ?([0-9]{1,20})\]\}(?:, ?|(?=\}))'
)

# `enum Dtype` in the same file. Without a note on packing there, six bits are not unpacked.
DTYPES: Mapping[str, str] = MappingProxyType(
    {
        "BOOL": "bool",
        "F4": "float4_e2m1fn",
        "F6_E2M3": "float6_e2m3fn",
        "F6_E3M2": "float6_e3m2fn",
        "U8": "uint8",
        "I8": "int8",
        "F8_E5M2": "float8_e5m2",
        "F8_E4M3": "float8_e4m3fn",
        "F8_E8M0": "float8_e8m0fnu",
        "F8_E4M3FNUZ": "float8_e4m3fnuz",
        "F8_E5M2FNUZ": "float8_e5m2fnuz",
        "I16": "int16",
        "U16": "uint16",
        "F16": "float16",
        "BF16": "bfloat16",
        "I32": "int32",
        "U32": "uint32",
        "F32": "float32",
        "C64": "complex64",
        "F64": "float64",
        "I64": "int64",
        "U64": "uint64",
    }
)


class Header(NamedTuple):
    """What a header says.

    Attributes:
        variables: in the header's order; of several with one key, the last, as the library does.
        metadata: `__metadata__`.
        notes: duplicate keys, and where offsets, sizes and the file disagree.
    """

    variables: list[Variable]
    metadata: Mapping[str, str]
    notes: list[Note]


class _UnusualError(Exception):
    """A header that is not written as the library writes it."""


class _TensorType(NamedTuple):
    dtype: str
    shape: tuple[int, ...]
    nbytes: int | None


def is_header(head: bytes) -> bool:
    """Whether a file that starts so is safetensors: a length that may be, and an object."""
    if int.from_bytes(head[:_LENGTH], "little") > MAX_HEADER:
        return False
    return head[_LENGTH:].lstrip(_SPACE.encode())[:1] == b"{"


def read(source: Source, shard: str) -> Header:
    """Read the header of a file that storage shall call `shard`.

    Raises:
        DamagedFileError: it is cut short, or no header.
    """
    length = int.from_bytes(source.read(0, _LENGTH), "little")
    if length > MAX_HEADER:
        raise _damaged(source, f"claims a header of {length} bytes, more than a file may have")
    try:
        text = source.read(_LENGTH, length).decode("utf-8")
        metadata, variables = _contents(text, _LENGTH + length, shard)
    except (ValueError, TypeError, RecursionError, MemoryError) as error:
        raise _damaged(source, f"has no valid header: {_words(error)}") from error
    notes: list[Note] = []
    kept = {variable.key: variable for variable in variables}
    if len(kept) < len(variables):
        notes += some(_duplicates(variables))
        variables = list(kept.values())
    notes += some(_problems(variables, _LENGTH + length, source.size))
    return Header(variables, metadata, notes)


def _contents(text: str, start: int, shard: str) -> tuple[dict[str, str], list[Variable]]:
    """The metadata, and as many variables as there are entries: keys may repeat."""
    try:
        metadata, position = _leading_metadata(text)
        return metadata, _variables(_scanned(text, position), start, shard)
    except _UnusualError:
        metadata, rows = _parsed(text)
        return metadata, _variables(rows, start, shard)


def _leading_metadata(text: str) -> tuple[dict[str, str], int]:
    """The metadata of a header that is written as the library does, and where the tensors start."""
    match = re.match(_START, text)
    if match is None:
        raise _UnusualError
    try:
        found = json.loads(match[1] or "{}", object_pairs_hook=tuple)
    except ValueError:
        raise _UnusualError from None  # a brace in one of the texts
    return _texts(found), match.end()


def _scanned(text: str, position: int) -> Iterator[_Row]:
    """The rows of a header that is written as the library does: always in one order.

    An expression finds them in half of the time and memory that a JSON document takes.
    """
    following = position
    for match in re.compile(_ENTRY).finditer(text, position):
        name, described, begin, end = match.groups()
        if match.start() != following or name == METADATA:
            raise _UnusualError
        following = match.end()
        yield name, described, int(begin), int(end)
    if (
        text[following - 2 : following].rstrip().endswith(",")
        or text[following:].strip(_SPACE) != "}"
    ):
        raise _UnusualError


def _parsed(text: str) -> tuple[dict[str, str], Iterator[_Row]]:
    """Metadata and rows of any header."""
    # An object is a tuple of its pairs: duplicate keys are kept, and arrays are lists.
    pairs = json.loads(text, object_pairs_hook=_Objects().decoded)
    if type(pairs) is not tuple:
        raise TypeError("it is not an object with a tensor under each name")
    metadata: dict[str, str] = {}
    for name, value in pairs:
        if name == METADATA and value is not None:
            metadata |= _texts(value)
    return metadata, _rows(pairs)


class _Fields(NamedTuple):
    """What an object says of a tensor."""

    described: tuple[object, ...]
    begin: object
    end: object


class _Objects:
    """Makes something small of each object as soon as it is read: a million stay until the end."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], tuple[object, ...]] = {}

    def decoded(self, pairs: list[tuple[str, Any]]) -> _Fields | tuple[tuple[str, Any], ...]:
        """The fields of a tensor; of any other object, its pairs."""
        entry = dict(pairs)
        try:
            (begin, end), described = entry["data_offsets"], (entry["dtype"], *entry["shape"])
            return _Fields(self._known.setdefault(described, described), begin, end)
        except (KeyError, TypeError, ValueError):
            return tuple(pairs)


def _rows(pairs: Iterable[tuple[str, object]]) -> Iterator[_Row]:
    for name, fields in pairs:
        if name == METADATA:
            continue
        if not isinstance(fields, _Fields):
            raise TypeError(f"{_short(name)} is described in another way than tensors are")
        described, begin, end = fields
        if type(begin) is not int or type(end) is not int:
            raise TypeError(f"{_short(name)} has offsets that are not whole numbers")
        name.encode("utf-8")  # JSON can name half of a character, which the library refuses
        yield name, described, begin, end


def _texts(value: object) -> dict[str, str]:
    if type(value) is not tuple:
        raise TypeError(f"{METADATA} is not an object of strings")
    texts = dict(value)
    if not all(isinstance(text, str) for text in texts.values()):
        raise TypeError(f"{METADATA} holds something other than strings")
    return texts


def _variables(rows: Iterator[_Row], start: int, shard: str) -> list[Variable]:
    types: dict[object, _TensorType] = {}
    found = []
    make = tuple.__new__  # what `Variable(...)` comes to, without the calls in between
    for name, described, begin, end in rows:
        known = types.get(described)
        if known is None:
            known = types[described] = _tensor_type(name, described)
        if not 0 <= begin <= end < _MAX_NUMBER:
            raise ValueError(f"{_short(name)} has offsets that end before they start, or nowhere")
        dtype, shape, nbytes = known
        storage = make(StoredAt, (shard, start + begin, end - begin, None))
        row = (name, name, shape, dtype, nbytes, "variable", None, storage, NO_ATTRIBUTES)
        found.append(make(Variable, row))
    return found


def _tensor_type(name: str, described: _Described) -> _TensorType:
    """A tensor's type, which most share with many others."""
    if isinstance(described, str):
        fields = json.loads(f"{{{described}}}")
        described = (fields["dtype"], *fields["shape"])
    dtype, *sizes = described
    if not isinstance(dtype, str) or not re.fullmatch(_DTYPE, dtype) or len(sizes) > _MAX_RANK:
        raise TypeError(f"{_short(name)} has no dtype, or {len(sizes)} dimensions")
    shape = tuple(size for size in sizes if type(size) is int and 0 <= size < _MAX_NUMBER)
    if len(shape) < len(sizes):
        raise ValueError(f"{_short(name)} has a shape that is not one of whole numbers")
    known = DTYPES.get(dtype, f"dtype {dtype}")
    elements = prod(shape)
    if elements * dtypes.BITS.get(known, 0) % 8:
        raise ValueError(f"{_short(name)} ends in the middle of a byte")
    return _TensorType(known, shape, dtypes.nbytes(known, elements))


def _duplicates(variables: Sequence[Variable]) -> Iterator[Note]:
    counts = Counter(variable.key for variable in variables)
    for key, count in counts.items():
        if count > 1:
            message = f"is in the header {count} times: the last one counts"
            yield Note("duplicate-key", message, key)


def _problems(variables: Sequence[Variable], start: int, size: int) -> Iterator[Note]:
    """What is wrong with the offsets: the data must be covered, once, without a gap."""
    position, last = start, ""
    for begin, end, key, nbytes in sorted(_extents(variables)):
        if begin > position:
            yield Note("hole", f"starts {begin - position} bytes behind the one before it", key)
        elif begin < position and begin < end:
            yield Note("overlap", f"shares {min(position, end) - begin} bytes with {last}", key)
        if nbytes >= 0 and end - begin != nbytes:
            message = f"has {end - begin} bytes where its shape and dtype need {nbytes}"
            yield Note("size-mismatch", message, key)
        if end > size:
            yield Note("short-data", f"ends at byte {end}, and the file at {size}", key)
        if end > position:
            position, last = end, key
    if position < size:
        yield Note("hole", f"{size - position} bytes at the end of the file belong to no tensor")


def _extents(variables: Sequence[Variable]) -> Iterator[tuple[int, int, str, int]]:
    """Where each tensor starts and ends, its key and size; -1 where that is not known."""
    for variable in variables:
        _, begin, length, _ = cast("StoredAt", variable.storage)
        nbytes = -1 if variable.nbytes is None else variable.nbytes
        yield begin or 0, (begin or 0) + length, variable.key, nbytes


def _short(name: str) -> str:
    """A name as it can stand in a line."""
    return repr(name[:_LONGEST])


def _words(error: Exception) -> str:
    if isinstance(error, (RecursionError, MemoryError)):
        return "it is nested too deep, or too large"
    return "it is not UTF-8" if isinstance(error, UnicodeError) else str(error)


def _damaged(source: Source, problem: str) -> DamagedFileError:
    return DamagedFileError(
        problem, path=source.name, hint="the file is cut short or damaged: copy it again"
    )
