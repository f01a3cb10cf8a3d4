"""Format `gguf`: what llama.cpp and others load, often quantized.

https://github.com/ggml-org/ggml/blob/master/docs/gguf.md

Quantized types have GGML's names and true sizes. Their numbers are not computed: each kind of block
has a formula of its own.
"""

from __future__ import annotations

import os
from collections import Counter
from math import prod
from typing import TYPE_CHECKING

from scopecli.binary.source import Source
from scopecli.errors import DamagedFileError
from scopecli.formats.gguf import header as gguf_header
from scopecli.formats.gguf.layout import TENSOR_TYPES
from scopecli.formats.some_notes import some
from scopecli.formats.stored_values import StoredTensors
from scopecli.model.dtypes import BITS, BLOCKS, nbytes
from scopecli.model.model import File, Model, Note
from scopecli.model.records import NamedTuple
from scopecli.model.variable import NO_ATTRIBUTES, StoredAt, Variable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from scopecli.formats.gguf.header import Header, TensorType

FORMAT = "gguf"

_ALIGNMENT = 32
_ALIGNMENT_KEY = "general.alignment"
_SPLIT = ("no", "count", "tensors.count")
_BIG: Mapping[str, object] = {"byte_order": "big"}


class _Known(NamedTuple):
    """What follows from the type of a tensor."""

    dtype: str
    nbytes: int | None
    attributes: Mapping[str, object]


def read(path: str) -> Model:
    """Read the structure of a file.

    Raises:
        ScopecliError: whatever is wrong with the file.
    """
    with Source(path) as source:
        header = gguf_header.read(source)
        size = source.size
    shard = os.path.basename(path)
    variables = list(_variables(header, _data_start(header, path), shard, path))
    return Model(
        path=path,
        format=FORMAT,
        variables=variables,
        separator=".",
        metadata={
            "gguf_version": header.version,
            "endianness": "big" if header.big_endian else "little",
            **header.metadata,
        },
        notes=[*_part(header), *some(_short(variables, size))],
        files=(File(path, size, "model"),),
        tensors=StoredTensors({shard: path}),
    )


def _part(header: Header) -> Iterator[Note]:
    """One file of several is a model like any other; llama.cpp loads all when given the first."""
    number, count, tensors = (header.metadata.get(f"split.{key}") for key in _SPLIT)
    if type(number) is int and type(count) is int and count > 1:
        yield Note("split", f"is part {number + 1} of {count}, which have {tensors} tensors in all")


def _short(variables: Iterable[Variable], size: int) -> Iterator[Note]:
    for variable in variables:
        storage = variable.storage
        end = (storage.offset or 0) + storage.length if storage else 0
        if end > size:
            yield Note("short-data", f"ends at byte {end}, and the file at {size}", variable.key)


def _data_start(header: Header, path: str) -> int:
    """Where the values begin: at the next multiple of the alignment."""
    alignment = header.metadata.get(_ALIGNMENT_KEY, _ALIGNMENT)
    if type(alignment) is not int or alignment <= 0 or alignment & (alignment - 1):
        raise DamagedFileError(
            f"has the alignment {alignment!r}, which is not a power of two", path=path
        )
    return -(-header.end // alignment) * alignment


def _variables(header: Header, start: int, shard: str, path: str) -> Iterator[Variable]:
    types: dict[TensorType, _Known] = {}
    seen: set[str] = set()
    make = tuple.__new__  # what `Variable(...)` comes to, without the calls in between
    for name, described, offset in header.tensors:
        known = types.get(described)
        if known is None:
            known = types[described] = _known(name, described, header, path)
        seen.add(name)
        dtype, size, attributes = known
        storage = make(StoredAt, (shard, start + offset, size or 0, None))
        row = (name, name, described.shape, dtype, size, "variable", None, storage, attributes)
        yield make(Variable, row)
    if len(seen) < len(header.tensors):
        (name, _), *_ = Counter(info.name for info in header.tensors).most_common(1)
        raise DamagedFileError(f"has two tensors called {name!r}", path=path)


def _known(name: str, described: TensorType, header: Header, path: str) -> _Known:
    """What follows from a type; the rows of a quantized one are whole blocks."""
    shape, number = described
    dtype = TENSOR_TYPES.get(number, f"type {number}")
    block = BLOCKS.get(dtype)
    if block and shape and shape[-1] % block.elements:
        raise DamagedFileError(
            f"has rows of {shape[-1]} elements, and {dtype} has blocks of {block.elements}",
            path=path,
            where=name,
        )
    is_big = header.big_endian and BITS.get(dtype, 0) > 8
    return _Known(dtype, nbytes(dtype, prod(shape)), _BIG if is_big else NO_ATTRIBUTES)
