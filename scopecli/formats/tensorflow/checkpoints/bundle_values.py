"""Where a V2 checkpoint's values are, and how they are read."""

from __future__ import annotations

import os
from functools import cache, partial
from typing import TYPE_CHECKING

from scopecli.binary import crc
from scopecli.binary.protobuf import wire
from scopecli.binary.source import Source
from scopecli.errors import DamagedFileError, TruncatedError, UnsupportedError
from scopecli.formats.tensorflow.layout import BundleEntry
from scopecli.model.records import NamedTuple
from scopecli.model.variable import Checksum, Variable

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterator, Sequence


_BIG_ENDIAN_KIND = "crc32c-masked-big-endian"  # of other bytes for the same values
_MAX_SHARDS_NAMED = 100_000  # five digits in the file name


class Shards(NamedTuple):
    """The data files of one checkpoint.

    Attributes:
        prefix: their common beginning.
        total: how many there are.
        big_endian: how values are stored in them.
    """

    prefix: str
    total: int
    big_endian: bool = False

    def path(self, number: int) -> str:
        """Path of one shard."""
        return f"{self.prefix}.data-{number:05d}-of-{self.total:05d}"

    def paths(self) -> Iterator[str]:
        """Paths of all shards.

        Raises:
            DamagedFileError: the header claims more than a file name can count.
        """
        if self.total >= _MAX_SHARDS_NAMED:
            raise DamagedFileError(f"claims {self.total} data shards", where="header")
        return map(self.path, range(self.total))

    def complete(self) -> bool:
        """Whether all of them are there."""
        return all(map(os.path.exists, self.paths()))


class EntryStorage(NamedTuple):
    """The part of an index entry that says where the tensor is, decoded when asked.

    Decoding it for every entry would double the time that a listing takes.

    Attributes:
        encoded: a BundleEntryProto, or the end of one that has the fields in question.
        shards: the data files; None as long as they are not known.
    """

    encoded: bytes
    shards: Shards | None

    def _number(self, wanted: int) -> int:
        """The last value of a numeric field; 0, the default that proto3 leaves out."""
        data = self.encoded
        match = _plain_end()(data)
        if match is not None:
            found: bytes = match[wanted - BundleEntry.SHARD_ID + 1] or b"\0"
            return wire.varint(found, 0, len(found))[0]
        value = 0
        for field, kind, a, _ in wire.fields(data, 0, len(data)):
            if field == wanted and kind in {wire.VARINT, wire.FIXED32}:
                value = a
        return value

    @property
    def path(self) -> str:
        """The data shard, as it can be opened."""
        if self.shards is None:
            return ""
        return self.shards.path(self._number(BundleEntry.SHARD_ID))

    @property
    def shard(self) -> str:
        """Base name of the data shard."""
        return os.path.basename(self.path)

    @property
    def offset(self) -> int | None:
        """First byte in the shard."""
        return self._number(BundleEntry.OFFSET)

    @property
    def length(self) -> int:
        """Bytes in the shard: 0 for a partitioned tensor, whose parts have storage of their own."""
        return self._number(BundleEntry.SIZE)

    @property
    def checksum(self) -> Checksum | None:
        """The masked CRC-32C of the tensor's bytes; None where the entry has none."""
        match = _plain_end()(self.encoded)
        if match is None:
            value = self._number(BundleEntry.CRC32C)
        else:
            value = int.from_bytes(match[4] or b"", "little")
        big_endian = self.shards is not None and self.shards.big_endian
        return Checksum(_BIG_ENDIAN_KIND if big_endian else crc.KIND, value) if value else None


@cache
def _plain_end() -> Callable[[bytes], re.Match[bytes] | None]:
    """Matches the end of an entry as TensorFlow writes it: shard, offset, size, checksum.

    They stand in this order, and zeros are left out. Rules ask for the checksums of all entries,
    and matching takes a third of the time that a walk over the fields does.
    """
    import re

    varint = rb"([\x80-\xff]*[\x00-\x7f])"
    numbers = (BundleEntry.SHARD_ID, BundleEntry.OFFSET, BundleEntry.SIZE)
    parts = [rb"(?:\x%02x%s)?" % (number << 3 | wire.VARINT, varint) for number in numbers]
    checksum = rb"(?:\x%02x(.{4}))?" % (BundleEntry.CRC32C << 3 | wire.FIXED32)
    return re.compile(rb"(?s)%s%s" % (b"".join(parts), checksum)).fullmatch


class BundleTensors:
    """Reads the values of one checkpoint; a `TensorReader`."""

    __slots__ = ("_shards",)
    shared = True

    def __init__(self, shards: Shards) -> None:
        self._shards = shards

    def read(self, variable: Variable, start: int, count: int) -> bytes:
        """Bytes of elements `start` to `start + count` in C order, little-endian.

        Raises:
            ScopecliError: the shard is missing or short, or elements have no fixed size.
        """
        from scopecli.formats import sliced_values  # which few commands need

        itemsize = sliced_values.element_size(variable.dtype)
        slices = variable.attributes.get("slices")
        if isinstance(slices, tuple):
            read_part = partial(_read_run, variable)
            data = sliced_values.assembled(variable, slices, start, count, read_part)
        else:
            data = _read_run(variable, _storage(variable), start * itemsize, count * itemsize)
        if self._shards.big_endian:
            import numpy as np

            return np.frombuffer(data, f">u{itemsize}").astype(f"<u{itemsize}").tobytes()
        return data

    def strings(self, variable: Variable) -> Sequence[bytes]:
        """All elements of a string tensor.

        They are stored as varint lengths, a CRC of the lengths, and then the bytes:
        `WriteStringTensor` in tensor_bundle.cc.

        Raises:
            ScopecliError: the shard is missing or short, or the lengths do not add up.
        """
        storage = _storage(variable)
        data = _read_run(variable, storage, 0, storage.length)
        lengths = []
        at = 0
        for _ in range(min(variable.params, len(data))):
            length, at = wire.varint(data, at, len(data))
            lengths.append(length)
        at += 4
        if len(lengths) != variable.params or at + sum(lengths) != len(data):
            raise DamagedFileError(
                "the lengths of a string tensor do not add up", where=variable.key
            )
        values = []
        for length in lengths:
            values.append(data[at : at + length])
            at += length
        return values


def _storage(variable: Variable) -> EntryStorage:
    if not isinstance(variable.storage, EntryStorage):
        raise UnsupportedError("has no values in the checkpoint", where=variable.key)
    return variable.storage


def _read_run(variable: Variable, storage: object, start: int, length: int) -> bytes:
    """Bytes of one stored tensor, which must be inside what its entry claims."""
    assert isinstance(storage, EntryStorage)  # noqa: S101 - this module makes them all
    if start + length > storage.length:
        raise TruncatedError(
            f"the index gives it {storage.length} bytes where its shape needs {start + length}",
            where=variable.key,
        )
    with Source(storage.path) as source:
        return source.read((storage.offset or 0) + start, length)
