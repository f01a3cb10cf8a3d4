"""Whether a V2 checkpoint's data shards hold what its index says: extents and checksums.

TensorFlow compares a tensor's checksum when it reads that tensor whole, and only then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.binary import crc
from scopecli.binary.protobuf import wire
from scopecli.binary.source import Source
from scopecli.errors import DamagedFileError
from scopecli.formats.tensorflow.checkpoints.bundle_values import BundleTensors, EntryStorage
from scopecli.model.dtypes import BITS
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from scopecli.model.model import Model
    from scopecli.model.variable import Checksum

_STRING = "string"
_CHUNK_BYTES = 4 << 20
_UINT32_LIMIT = 1 << 32


class Stored(NamedTuple):
    """One run of bytes in a data shard: a tensor, or a part of one.

    Attributes:
        key: of the variable.
        dtype: of its elements.
        elements: how many strings there are, where it is of strings.
        path: of the shard.
        offset: of the first byte.
        length: in bytes.
        checksum: of the run; None where the index has none.
    """

    key: str
    dtype: str
    elements: int
    path: str
    offset: int
    length: int
    checksum: Checksum | None


def is_bundle(model: Model) -> bool:
    """Whether a model's values are in data shards like these."""
    return isinstance(model.tensors, BundleTensors)


def runs(model: Model) -> Iterator[Stored]:
    """What the index says of each tensor, and of each part of one."""
    for variable in model.variables:
        parts = variable.attributes.get("slices")
        storages = [part.storage for part in parts] if isinstance(parts, tuple) else []
        for storage in storages or [variable.storage]:
            if isinstance(storage, EntryStorage):
                yield Stored(
                    variable.key,
                    variable.dtype,
                    variable.params,
                    storage.path,
                    storage.offset or 0,
                    storage.length,
                    storage.checksum,
                )


def short(model: Model) -> Iterator[tuple[str, int, int, str]]:
    """What runs out of its shard: the key, where it ends, the size of the shard and its path.

    Shards have no gaps and no rests, so where the sums agree nothing needs to be looked at.
    """
    if not is_bundle(model):
        return
    sizes = {file.path: file.size for file in model.files if file.role == "data"}
    if sum(size or 0 for size in sizes.values()) == sum(v.nbytes or 0 for v in model.variables):
        return
    for run in runs(model):
        size, end = sizes.get(run.path), run.offset + run.length
        if size is not None and end > size:
            yield run.key, end, size, run.path


def mismatches(
    model: Model, progress: Callable[[int], None] = lambda _: None
) -> Iterator[tuple[str, str]]:
    """The tensors whose bytes are not those of their checksums, with what is wrong.

    Shards that are missing or too short are not looked at.
    """
    source: Source | None = None
    sizes = {file.path: file.size for file in model.files if file.role == "data"}
    try:
        for run in sorted(runs(model), key=lambda run: (run.path, run.offset)):
            size = sizes.get(run.path)
            if run.checksum is None or size is None or run.offset + run.length > size:
                continue
            progress(run.length)
            if source is None or source.name != run.path:
                if source is not None:
                    source.close()
                source = Source(run.path)
            problem = _problem(source, run, run.checksum.value)
            if problem:
                yield run.key, problem
    finally:
        if source is not None:
            source.close()


def _problem(source: Source, run: Stored, expected: int) -> str:
    """What is wrong with a run of bytes, or nothing."""
    if run.dtype != _STRING and not BITS.get(run.dtype):
        return ""  # variants have a layout of their own
    try:
        actual = crc.masked(_of_strings(source, run) if run.dtype == _STRING else _of(source, run))
    except DamagedFileError as error:
        return error.problem
    if actual == expected:
        return ""
    return f"does not have the bytes that were saved: checksum {actual:08x}, stored {expected:08x}"


def _of(source: Source, run: Stored, start: int = 0, found: int = 0) -> int:
    """The CRC of a run from `start` on, after what `found` is the CRC of."""
    for at in range(start, run.length, _CHUNK_BYTES):
        size = min(_CHUNK_BYTES, run.length - at)
        found = crc.extended(found, source.read(run.offset + at, size))
    return found


def _of_strings(source: Source, run: Stored) -> int:
    """The CRC of a tensor of strings: of their lengths as numbers, their CRC, and all bytes.

    `WriteStringTensor` in tensor_bundle.cc: a length is four bytes, or eight where it needs them.
    """
    lengths = source.read(run.offset, min(run.length, 10 * run.elements))
    found = at = 0
    for _ in range(min(run.elements, len(lengths))):
        length, at = wire.varint(lengths, at, len(lengths))
        width = 4 if length < _UINT32_LIMIT else 8
        found = crc.extended(found, length.to_bytes(width, "little"))
    return _of(source, run, at, found)
