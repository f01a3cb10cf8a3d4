"""Format `gguf`: what llama.cpp and others load, often quantized.

https://github.com/ggml-org/ggml/blob/master/docs/gguf.md

Quantized types have GGML's names and true sizes. Their numbers are not computed: each kind of block
has a formula of its own.
"""

from __future__ import annotations

import os
from math import prod
from typing import TYPE_CHECKING

from scopecli.binary.source import Source
from scopecli.errors import DamagedFileError
from scopecli.formats import gguf_header
from scopecli.formats.gguf_layout import TENSOR_TYPES
from scopecli.formats.some_notes import some
from scopecli.formats.stored_values import StoredTensors
from scopecli.model.dtypes import BITS, BLOCKS, nbytes
from scopecli.model.model import File, Model, Note
from scopecli.model.variable import NO_ATTRIBUTES, StoredAt, Variable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from scopecli.formats.gguf_header import Header, TensorInfo

FORMAT = "gguf"

_ALIGNMENT = 32
_ALIGNMENT_KEY = "general.alignment"
_BIG: Mapping[str, object] = {"byte_order": "big"}


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
        notes=some(_short(variables, size)),
        files=(File(path, size, "model"),),
        tensors=StoredTensors({shard: path}),
    )


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
            f"has the alignment {alignment!r}, which is no power of two", path=path
        )
    return -(-header.end // alignment) * alignment


def _variables(header: Header, start: int, shard: str, path: str) -> Iterator[Variable]:
    seen: set[str] = set()
    for info in header.tensors:
        if info.name in seen:
            raise DamagedFileError(f"has two tensors called {info.name!r}", path=path)
        seen.add(info.name)
        dtype = TENSOR_TYPES.get(info.type, f"type {info.type}")
        size = _size(info, dtype, path)
        is_big = header.big_endian and BITS.get(dtype, 0) > 8
        yield Variable(
            info.name,
            info.name,
            info.shape,
            dtype,
            size,
            storage=StoredAt(shard, start + info.offset, size or 0),
            attributes=_BIG if is_big else NO_ATTRIBUTES,
        )


def _size(info: TensorInfo, dtype: str, path: str) -> int | None:
    """Bytes of a tensor; the rows of a quantized one are whole blocks."""
    block = BLOCKS.get(dtype)
    if block and info.shape and info.shape[-1] % block.elements:
        raise DamagedFileError(
            f"has rows of {info.shape[-1]} elements, and {dtype} has blocks of {block.elements}",
            path=path,
            where=info.name,
        )
    return nbytes(dtype, prod(info.shape))
