"""LevelDB's table format, which TensorFlow writes its checkpoints in.

https://github.com/google/leveldb/blob/main/doc/table_format.md

Every block's checksum is checked. TensorFlow does not: one flipped bit makes it list a part of
the file and exit without an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.binary.crc import masked_crc32c
from scopecli.binary.protobuf.wire import varint
from scopecli.errors import DamagedFileError, DamagedIndexError, TruncatedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.binary.source import Source

MAGIC = (0xDB4775248B80FB57).to_bytes(8, "little")
FOOTER_SIZE = 48
_TRAILER_SIZE = 5  # compression type, masked CRC-32C of contents and type
_PLAIN, _SNAPPY = 0, 1
# A copy element of 3 bytes stands for 64 at the most, so no honest block grows more than this.
_SNAPPY_MAX_RATIO = 22
_SNAPPY_SLACK = 64

Handle = tuple[int, int]


def is_table(source: Source) -> bool:
    """Whether the file ends as a table does."""
    return source.size >= FOOTER_SIZE and source.tail(8) == MAGIC


def entries(source: Source) -> Iterator[tuple[bytes, bytes]]:
    """All (key, value) pairs of the table, in file order.

    Raises:
        DamagedFileError: not a table, a failed checksum, or a block that contradicts the format.
    """
    for handle in blocks(source):
        yield from block_entries(source, handle)


def find(source: Source, key: bytes) -> bytes | None:
    """The value under a key, or None; only the block that would hold it is read.

    Raises:
        DamagedFileError: not a table, a failed checksum, or a block that contradicts the format.
    """
    for last, handle in _indexed_blocks(source):
        if key <= last:
            pairs = block_entries(source, handle)
            return next((value for found, value in pairs if found == key), None)
    return None


def blocks(source: Source) -> Iterator[Handle]:
    """Offset and size of each block of entries, in file order.

    Raises:
        DamagedFileError: not a table, or blocks that contradict the format.
    """
    return (handle for _, handle in _indexed_blocks(source))


def block_entries(source: Source, handle: Handle) -> list[tuple[bytes, bytes]]:
    """The (key, value) pairs of one block.

    Raises:
        DamagedFileError: a failed checksum, or a block that contradicts the format.
    """
    return _block_entries(_block(source, handle), f"block at offset {handle[0]}")


def _indexed_blocks(source: Source) -> Iterator[tuple[bytes, Handle]]:
    """The data blocks that the index block lists, which must stand in order without overlap.

    With each comes a key that none in the block is behind.
    """
    footer = source.tail(FOOTER_SIZE)
    if len(footer) < FOOTER_SIZE or footer[-8:] != MAGIC:
        raise TruncatedError(
            "does not end as a checkpoint index does",
            where=f"the last 8 of {source.size} bytes",
            hint="the file is cut short or is something else: copy it again",
        )
    _, at = _handle(footer, 0, "footer")  # the metaindex, which TensorFlow leaves empty
    index, _ = _handle(footer, at, "footer")
    reached = 0
    for key, value in _block_entries(_block(source, index), "index block"):
        handle, _ = _handle(value, 0, "index block")
        if handle[0] < reached:
            raise DamagedIndexError("blocks overlap", where=f"block at offset {handle[0]}")
        reached = handle[0] + handle[1] + _TRAILER_SIZE
        yield key, handle


def _handle(data: bytes, at: int, where: str) -> tuple[Handle, int]:
    try:
        offset, at = varint(data, at, len(data))
        size, at = varint(data, at, len(data))
    except DamagedFileError as error:
        error.where = where
        raise
    return (offset, size), at


def _block(source: Source, handle: Handle) -> bytes:
    """The contents of one block: checked, and unpacked where it is compressed."""
    offset, size = handle
    stored = source.read(offset, size + _TRAILER_SIZE)
    where = f"block at offset {offset}"
    expected = int.from_bytes(stored[-4:], "little")
    actual = masked_crc32c(stored[:-4])
    if actual != expected:
        raise DamagedIndexError(
            f"checksum mismatch: stored {expected:08x}, computed {actual:08x}",
            where=where,
            hint="the file is damaged: copy it again",
        )
    contents, compression = stored[:size], stored[size]
    if compression == _PLAIN:
        return contents
    if compression == _SNAPPY:
        return _unpack_snappy(contents, where)
    raise DamagedIndexError(f"unknown compression {compression}", where=where)


def _unpack_snappy(packed: bytes, where: str) -> bytes:
    import cramjam  # only old checkpoints have compressed blocks

    try:
        length, _ = varint(packed, 0, len(packed))
        if length > len(packed) * _SNAPPY_MAX_RATIO + _SNAPPY_SLACK:
            raise DamagedIndexError(f"{len(packed)} bytes cannot unpack to {length}", where=where)
        return bytes(cramjam.snappy.decompress_raw(packed))
    except cramjam.DecompressionError as error:
        raise DamagedIndexError(f"snappy data is damaged: {error}", where=where) from error


def _block_entries(block: bytes, where: str) -> list[tuple[bytes, bytes]]:
    """The pairs of one block, whose keys share prefixes with the key before.

    The loop runs once an entry of the checkpoint, so the common case, three lengths of one byte
    each, is decoded in place.
    """
    limit = _restarts_offset(block, where)
    found = []
    key = b""
    at = 0
    while at < limit:
        # The restart array has at least 4 bytes behind `limit`, so these three can be read.
        shared, unshared, length = block[at], block[at + 1], block[at + 2]
        if (shared | unshared | length) < 0x80:
            at += 3
        else:
            shared, at = varint(block, at, limit)
            unshared, at = varint(block, at, limit)
            length, at = varint(block, at, limit)
        middle = at + unshared
        end = middle + length
        if shared > len(key) or end > limit:
            raise DamagedIndexError("an entry runs out of its block", where=where)
        key = key[:shared] + block[at:middle]
        found.append((key, block[middle:end]))
        at = end
    return found


def _restarts_offset(block: bytes, where: str) -> int:
    """Where the entries end: behind them stand restart offsets and their count."""
    if len(block) < 4:
        raise DamagedIndexError("a block is too short", where=where)
    restarts = int.from_bytes(block[-4:], "little")
    offset = len(block) - 4 - 4 * restarts
    if offset < 0:
        raise DamagedIndexError(f"a block claims {restarts} restarts", where=where)
    return offset
