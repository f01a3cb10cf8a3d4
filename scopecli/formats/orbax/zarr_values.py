"""The values of Zarr arrays, put together from their chunks."""

from __future__ import annotations

import zlib
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any, Protocol

from scopecli.binary import zstandard
from scopecli.errors import DamagedFileError, UnsupportedError
from scopecli.formats.orbax.zarr_header import codec_list
from scopecli.formats.stored_values import swapped
from scopecli.model.dtypes import BITS, ML_DTYPES
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np

    from scopecli.formats.orbax.zarr_header import Codec, Header
    from scopecli.model.variable import Variable

    Elements = np.ndarray[Any, np.dtype[Any]]

_LARGEST_CHUNK = 1 << 29
_MOST_ROWS = 1 << 28  # bytes of the rows that a run of elements is in
_REMEMBERED = 1 << 26
_REMEMBERING = 1 << 9  # what a remembered chunk takes beside its bytes: it may be of one element
_CRC_SIZE = 4
_MISSING = (1 << 64) - 1  # both numbers of a shard's chunk that was not written
_SHARDED = "sharding_indexed"


class Store(Protocol):
    """Where chunks are kept by name."""

    def get(self, name: str) -> bytes | None:
        """The bytes under a name; None where there are none.

        Raises:
            ScopecliError: they cannot be read.
        """


class Array(NamedTuple):
    """One array: its header, its name in the store, and the store."""

    header: Header
    name: str
    store: Store


class ZarrTensors:
    """A `TensorReader` of arrays in chunks."""

    __slots__ = ("_arrays", "_chunks", "_held")

    def __init__(self, arrays: Mapping[str, Array]) -> None:
        """Read from these arrays, by key."""
        self._arrays = arrays
        self._chunks: dict[tuple[str, tuple[int, ...]], Elements] = {}
        self._held = 0

    def read(self, variable: Variable, start: int, count: int) -> bytes:
        """Bytes of elements `start` to `start + count` in C order, little-endian.

        Raises:
            ScopecliError: a chunk is damaged, or packed in a way that is not read.
        """
        import numpy as np

        array = self._arrays[variable.key]
        header = array.header
        if not BITS.get(header.dtype):
            raise UnsupportedError(
                f"values of dtype {header.dtype} cannot be read", where=variable.key
            )
        if not count:
            return b""
        shape, chunks = header.shape or (1,), header.chunks or (1,)
        row = prod(shape[1:])
        first, last = start // row, -(-(start + count) // row)
        is_long = (last - first) * row * header.size > _MOST_ROWS
        if is_long or prod(chunks) * header.size > _LARGEST_CHUNK:
            raise UnsupportedError("has chunks or rows that are too large", where=variable.key)
        band = np.empty((last - first, *shape[1:]), f"V{header.size}")
        grid = [range(first // chunks[0], -(-last // chunks[0]))]
        grid += [
            range(-(-size // length)) for size, length in zip(shape[1:], chunks[1:], strict=True)
        ]
        for index in product(*grid):
            to, taken = [], []
            for axis, (number, length) in enumerate(zip(index, chunks, strict=True)):
                low, high = (first, last) if axis == 0 else (0, shape[axis])
                begin, end = max(number * length, low), min((number + 1) * length, high)
                to.append(slice(begin - low, end - low))
                taken.append(slice(begin - number * length, end - number * length))
            band[tuple(to)] = self._chunk(variable.key, array, index)[tuple(taken)]
        skipped = start - first * row
        data = band.reshape(-1)[skipped : skipped + count].tobytes()
        return swapped(data, header.dtype) if header.big_endian and header.size > 1 else data

    def strings(self, variable: Variable) -> Sequence[bytes]:
        """There are none.

        Raises:
            UnsupportedError: always.
        """
        raise UnsupportedError("does not hold strings", where=variable.key)

    def _chunk(self, key: str, array: Array, index: tuple[int, ...]) -> Elements:
        known = self._chunks.get((key, index))
        if known is not None:
            return known
        header = array.header
        name = "/".join(filter(None, (array.name, header.chunk_name(index))))
        data = array.store.get(name)
        shape = header.chunks or (1,)
        if data is None:
            chunk = _filled(header, shape)
        else:
            chunk = _unpacked(data, header, header.codecs, shape, name)
        taken = _REMEMBERING + (chunk.nbytes if data is not None else 0)
        self._held += taken
        if self._held > _REMEMBERED:
            self._chunks.clear()
            self._held = taken
        self._chunks[key, index] = chunk
        return chunk


def _filled(header: Header, shape: tuple[int, ...]) -> Elements:
    """A chunk that was not written: one element, seen everywhere, whatever size the file claims."""
    import numpy as np

    name = header.dtype
    if name in ML_DTYPES:
        import ml_dtypes

        dtype = np.dtype(getattr(ml_dtypes, name))
    else:
        dtype = np.dtype(name)
    fill = header.fill
    # A complex number is a list of two.
    parts: list[Any] = fill if isinstance(fill, list) and dtype.kind == "c" else [fill]
    if len(parts) > 2 or not all(isinstance(part, int | float | str | None) for part in parts):
        raise UnsupportedError("has missing chunks, and no number to fill them with")
    try:
        real, *imaginary = (float(part) if isinstance(part, str) else part or 0 for part in parts)
        number = np.array(complex(real, *imaginary) if imaginary else real).astype(dtype)
    except (TypeError, ValueError, OverflowError) as error:  # the first: over 64 bits, to bfloat16
        raise DamagedFileError(f"has the fill value {fill!r}") from error
    if header.big_endian:
        number = number.byteswap()
    return np.broadcast_to(np.frombuffer(number.tobytes(), f"V{header.size}"), shape)


def _unpacked(
    data: bytes, header: Header, codecs: Sequence[Codec], shape: tuple[int, ...], name: str
) -> Elements:
    """A chunk as it was before it was packed.

    Raises:
        ScopecliError: it is damaged, or packed in a way that is not read.
    """
    import numpy as np

    needed = prod(shape) * header.size
    for codec in reversed(codecs):
        if codec.name == _SHARDED:
            return _of_shard(data, header, codec, shape, name)
        data = _undone(data, codec, needed, name)
    if len(data) != needed:
        raise DamagedFileError(f"has {len(data)} bytes where {needed} are needed", where=name)
    elements = np.frombuffer(data, f"V{header.size}")
    return elements.reshape(shape[::-1]).T if header.order == "F" else elements.reshape(shape)


def _undone(data: bytes, codec: Codec, needed: int, name: str) -> bytes:
    """The bytes before one step."""
    if codec.name == "bytes":
        return data
    if codec.name == "crc32c":
        return data[:-_CRC_SIZE]
    if codec.name == "zstd":
        return zstandard.unpacked(data, needed + _CRC_SIZE, name)
    if codec.name in {"gzip", "zlib"}:
        try:
            return zlib.decompressobj(wbits=47).decompress(data, needed + _CRC_SIZE)
        except zlib.error as error:
            raise DamagedFileError(f"cannot be unpacked: {error}", where=name) from error
    raise UnsupportedError(f"is packed with {codec.name}, which is not read", where=name)


def _of_shard(
    data: bytes, header: Header, codec: Codec, shape: tuple[int, ...], name: str
) -> Elements:
    """A chunk that is made of chunks, with an index behind them."""
    import numpy as np

    try:
        inner = tuple(codec.settings["chunk_shape"]) or (1,)
        codecs = codec_list(codec.settings["codecs"])
        tail = codec_list(codec.settings["index_codecs"])
        lengths = [length if type(length) is int else 0 for length in inner]
        counts = [size // max(n, 0) for size, n in zip(shape, lengths, strict=True)]
        is_whole = all(
            n * length == size for n, length, size in zip(counts, inner, shape, strict=True)
        )
    except (KeyError, TypeError, ValueError, AttributeError, ZeroDivisionError) as error:
        raise DamagedFileError("has shards that are not described", where=name) from error
    names = [each.name for each in tail]
    if codec.settings.get("index_location", "end") != "end" or not set(names) <= {
        "bytes",
        "crc32c",
    }:
        raise UnsupportedError("has shards whose index is not read", where=name)
    end = len(data) - _CRC_SIZE * names.count("crc32c")
    begin = end - 16 * prod(counts)
    if begin < 0 or not is_whole or any(each.name == _SHARDED for each in codecs):
        raise DamagedFileError("has a shard without its index", where=name)
    places = np.frombuffer(data[begin:end], "<u8").reshape(-1, 2).tolist()
    out = _filled(header, shape).copy()
    for index, (offset, length) in zip(product(*map(range, counts)), places, strict=True):
        if offset == length == _MISSING:
            continue
        if offset + length > begin:
            raise DamagedFileError("has a chunk behind the end of its shard", where=name)
        part = _unpacked(data[offset : offset + length], header, codecs, inner, name)
        out[tuple(slice(n * s, (n + 1) * s) for n, s in zip(index, inner, strict=True))] = part
    return out
