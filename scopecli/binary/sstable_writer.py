"""LevelDB tables, written as TensorFlow writes them: the same entries give the same bytes.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/lib/io/table_builder.cc
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.binary.crc import masked_crc32c
from scopecli.binary.protobuf.wire_writer import varint
from scopecli.binary.sstable import FOOTER_SIZE, MAGIC

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import BinaryIO

# table_options.h. Blocks are not compressed: TensorFlow stopped doing so.
_BLOCK_SIZE = 262144
_RESTART_INTERVAL = 16
_INDEX_RESTART_INTERVAL = 1
_PLAIN = b"\x00"


def write(file: BinaryIO, entries: Iterable[tuple[bytes, bytes]]) -> None:
    """Write a table of (key, value) pairs, which come in the order of their keys.

    Only one block at a time is in memory.
    """
    blocks = _Blocks(file)
    index = _Block(_INDEX_RESTART_INTERVAL)
    block = _Block(_RESTART_INTERVAL)
    handle = b""  # of the block before, whose index entry waits for the next key
    last = b""
    for key, value in entries:
        if handle:
            index.add(_separator(last, key), handle)
            handle = b""
        block.add(key, value)
        last = key
        if block.size >= _BLOCK_SIZE:
            handle = blocks.write(block)
            block = _Block(_RESTART_INTERVAL)
    if block.size > _EMPTY_SIZE:
        handle = blocks.write(block)
    metaindex = blocks.write(_Block(_RESTART_INTERVAL))
    if handle:
        index.add(_successor(last), handle)
    footer = metaindex + blocks.write(index)
    file.write(footer.ljust(FOOTER_SIZE - len(MAGIC), b"\0") + MAGIC)


class _Blocks:
    """Writes blocks behind one another."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._offset = 0

    def write(self, block: _Block) -> bytes:
        """Write a block with its trailer; its handle, which is offset and size."""
        contents = block.finished()
        stored = contents + _PLAIN
        self._file.write(stored + masked_crc32c(stored).to_bytes(4, "little"))
        handle = varint(self._offset) + varint(len(contents))
        self._offset += len(stored) + 4
        return handle


class _Block:
    """Entries whose keys share their beginning with the key before, except at a restart."""

    __slots__ = ("_count", "_interval", "_last", "_parts", "_restarts", "_written")

    def __init__(self, interval: int) -> None:
        self._interval = interval
        self._parts: list[bytes] = []
        self._written = 0
        self._restarts = [0]
        self._count = 0
        self._last = b""

    @property
    def size(self) -> int:
        """Bytes that it will have."""
        return self._written + 4 * len(self._restarts) + 4

    def add(self, key: bytes, value: bytes) -> None:
        """One more entry."""
        shared = 0
        if self._count < self._interval:
            shared = _shared(self._last, key)
        else:
            self._restarts.append(self._written)
            self._count = 0
        self._count += 1
        unshared, length = len(key) - shared, len(value)
        if (shared | unshared | length) < 0x80:
            lengths = bytes((shared, unshared, length))
        else:
            lengths = varint(shared) + varint(unshared) + varint(length)
        self._parts += (lengths, key[shared:], value)
        self._written += len(lengths) + unshared + length
        self._last = key

    def finished(self) -> bytes:
        """The contents: entries, offsets of the restarts and their number."""
        numbers = (*self._restarts, len(self._restarts))
        return b"".join((*self._parts, *(n.to_bytes(4, "little") for n in numbers)))


_EMPTY_SIZE = _Block(1).size


def _shared(a: bytes, b: bytes) -> int:
    """Length of the beginning that two keys share, found without a loop over their bytes."""
    length = min(len(a), len(b))
    difference = int.from_bytes(a[:length], "big") ^ int.from_bytes(b[:length], "big")
    return length - (difference.bit_length() + 7) // 8


def _separator(last: bytes, following: bytes) -> bytes:
    """A short key that is not before `last` and before `following`."""
    at = _shared(last, following)
    if at < min(len(last), len(following)) and last[at] + 1 < following[at]:
        return last[:at] + bytes((last[at] + 1,))
    return last


def _successor(last: bytes) -> bytes:
    """A short key that is not before `last`."""
    for at, byte in enumerate(last):
        if byte != 0xFF:
            return last[:at] + bytes((byte + 1,))
    return last
