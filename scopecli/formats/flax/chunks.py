"""Arrays of Flax that are written in several, because MessagePack has a limit of two gigabytes.

Such an array is a map with a mark, its shape, and flat arrays that follow one another:
`_chunk` in https://github.com/google/flax/blob/main/flax/serialization.py
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from scopecli.errors import DamagedFileError
from scopecli.formats.flax.state import SEPARATOR
from scopecli.model.records import NamedTuple
from scopecli.model.variable import StoredAt

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scopecli.formats.flax.leaves import Array

_MARK = f"{SEPARATOR}__msgpack_chunked_array__"
_MAX_RANK = 64
_MAX_ELEMENTS = 1 << 63


class Chunked(NamedTuple):
    """A `Storage` of several runs of one file.

    Attributes:
        runs: offset and length of each.
    """

    shard: str
    length: int
    runs: tuple[tuple[int, int], ...]
    offset: None = None
    checksum: None = None


class Tensor(NamedTuple):
    """An array as it was before it was cut.

    Attributes:
        shape: outermost dimension first.
        dtype: NumPy's name.
        storage: where its bytes are.
    """

    shape: tuple[int, ...]
    dtype: str
    storage: StoredAt | Chunked


def put_together(
    arrays: Mapping[str, Array], facts: dict[str, object], shard: str
) -> dict[str, Tensor]:
    """All arrays of a file by key. What the facts say of chunks is taken out of them.

    Raises:
        DamagedFileError: an array is marked as cut, and has no pieces or no shape.
    """
    cut = [key.removesuffix(_MARK) for key in facts if key.endswith(_MARK)]
    chunks: dict[str, list[Array]] = {}
    shapes: dict[str, tuple[int, ...]] = {}
    for key in cut:
        del facts[key + _MARK]
        shapes[key] = _shape(key, facts)
        chunks[key] = []
    found: dict[str, Tensor] = {}
    for key, array in arrays.items():
        owner = key.rpartition(f"{SEPARATOR}chunks{SEPARATOR}")[0]
        if owner in chunks:
            chunks[owner].append(array)
            found[owner] = _whole(shapes[owner], chunks[owner], shard)
        else:
            length = array.end - array.start
            found[key] = Tensor(array.shape, array.dtype, StoredAt(shard, array.start, length))
    for key in cut:
        if not chunks[key]:
            raise DamagedFileError("is an array in pieces, and the pieces are missing", where=key)
    return found


def _shape(key: str, facts: dict[str, object]) -> tuple[int, ...]:
    sizes: list[int] = []
    while len(sizes) <= _MAX_RANK:
        size = facts.pop(f"{key}{SEPARATOR}shape{SEPARATOR}{len(sizes)}", None)
        if size is None:
            break
        if type(size) is not int or size < 0:
            raise DamagedFileError("has a dimension that is not a size", where=key)
        sizes.append(size)
    if prod(sizes) >= _MAX_ELEMENTS:
        raise DamagedFileError("claims a shape that no array has", where=key)
    return tuple(sizes)


def _whole(shape: tuple[int, ...], chunks: list[Array], shard: str) -> Tensor:
    runs = tuple((chunk.start, chunk.end - chunk.start) for chunk in chunks)
    return Tensor(shape, chunks[0].dtype, Chunked(shard, sum(n for _, n in runs), runs))
