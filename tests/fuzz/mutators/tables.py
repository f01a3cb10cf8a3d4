"""Tables of checkpoints: an entry that is another, in a table that is right in all else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.binary import sstable
from scopecli.binary.protobuf import wire
from scopecli.errors import DamagedFileError
from tests import bundles
from tests.fuzz.mutators.numbers import integers
from tests.fuzz.mutators.protobuf import message
from tests.fuzz.mutators.texts import text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random


def entries(data: bytes, random: Random) -> bytes:
    """A table of a checkpoint with one entry changed, and its checksums right."""
    pairs = list(_pairs(data))
    if not pairs:
        return data
    i = random.randrange(len(pairs))
    key, value = pairs[i]
    kind = random.randrange(8)
    if kind == 0:
        pairs[i] = (text(key, random), value)
    elif kind == 1:
        pairs[i] = (integers(key, random), value)
    elif kind == 2:
        pairs[i] = (key, random.choice(pairs)[1])
    elif kind == 3:
        pairs[i:i] = [pairs[i]]
    elif kind == 4:
        del pairs[i]
    else:
        pairs[i] = (key, message(value, random))
    if random.random() < 0.7:
        pairs.sort()
    return bundles.table(pairs, random.choice((1, 3, 20)))


def _pairs(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The pairs of the blocks that can be read."""
    for start, size in _blocks(data)[1:]:
        try:
            yield from sstable._block_entries(data[start : start + size], "")
        except DamagedFileError:
            return


def _blocks(data: bytes) -> list[tuple[int, int]]:
    """Offset and size of the index block, and of the blocks that it lists, unchecked."""
    found: list[tuple[int, int]] = []
    try:
        _, at = _handle(data, max(len(data) - sstable.FOOTER_SIZE, 0))
        index, _ = _handle(data, at)
        found.append(index)
        for _, value in sstable._block_entries(data[index[0] : sum(index)], ""):
            found.append(_handle(value, 0)[0])
    except DamagedFileError:
        pass
    return found


def _handle(data: bytes, at: int) -> tuple[tuple[int, int], int]:
    start, at = wire.varint(data, at, len(data))
    size, at = wire.varint(data, at, len(data))
    return (start, size), at


def rechecked(data: bytes) -> bytes:
    """A table with the checksums of its blocks made right, or nothing behind them is reached."""
    out = bytearray(data)
    for start, size in _blocks(data):
        end = start + size + 1
        if end + 4 <= len(data):
            out[end : end + 4] = bundles.masked_crc(data[start:end])
    return bytes(out)
