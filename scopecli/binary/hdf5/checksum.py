"""The checksum of HDF5's newer structures: Bob Jenkins's lookup3, its function `hashlittle`.

https://www.burtleburtle.net/bob/c/lookup3.c. Which structures have one says the format's
specification: https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html

Python needs a microsecond for 12 bytes. Where there are many structures, they are taken side by
side, each in 64 bits of integers that are as long as it takes: that is ten times as fast.
"""

from __future__ import annotations

from struct import iter_unpack
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_MASK = 0xFFFFFFFF
_START = 0xDEADBEEF
_BLOCK = 12
_WORD = 4  # bytes
# By how much is rotated: in each block, and at the end.
_MIXING, _FINAL = (4, 6, 8, 16, 19, 4), (14, 11, 25, 16, 4, 14, 24)
_LANE = 8  # bytes: twice a word, so that nothing runs over into the next lane
_FEWEST = 6  # so many side by side take less time than one after the other


def lookup3(data: bytes) -> int:
    """The checksum of some bytes, with the initial value 0, which HDF5 uses everywhere."""
    a = b = c = (_START + len(data)) & _MASK
    if not data:
        return c
    # The last block is mixed in another way, and counts as filled up with zeros.
    last = (len(data) - 1) // _BLOCK * _BLOCK
    x: int
    y: int
    z: int
    for x, y, z in iter_unpack("<III", data[:last]):
        a, b, c = a + x, b + y, (c + z) & _MASK
        a = ((a - c) ^ (c << 4 | c >> 28)) & _MASK
        c += b
        b = ((b - a) ^ (a << 6 | a >> 26)) & _MASK
        a += c
        c = ((c - b) ^ (b << 8 | b >> 24)) & _MASK
        b += a
        a = ((a - c) ^ (c << 16 | c >> 16)) & _MASK
        c += b
        b = ((b - a) ^ (a << 19 | a >> 13)) & _MASK
        a += c
        c = ((c - b) ^ (b << 4 | b >> 28)) & _MASK
        b += a
    ((x, y, z),) = iter_unpack("<III", data[last:].ljust(_BLOCK, b"\0"))
    a, b, c = (a + x) & _MASK, (b + y) & _MASK, (c + z) & _MASK
    c = ((c ^ b) - (b << 14 | b >> 18)) & _MASK
    a = ((a ^ c) - (c << 11 | c >> 21)) & _MASK
    b = ((b ^ a) - (a << 25 | a >> 7)) & _MASK
    c = ((c ^ b) - (b << 16 | b >> 16)) & _MASK
    a = ((a ^ c) - (c << 4 | c >> 28)) & _MASK
    b = ((b ^ a) - (a << 14 | a >> 18)) & _MASK
    return ((c ^ b) - (b << 24 | b >> 8)) & _MASK


def first_wrong(pieces: Sequence[bytes]) -> int | None:
    """Which of some pieces does not end with the checksum of what it has in front; None if all do.

    They are of one length.
    """
    if len(pieces) >= _FEWEST and len(pieces[0]) > _WORD:
        found, stored = _side_by_side(pieces)
        if found == stored:
            return None
    for number, piece in enumerate(pieces):
        if lookup3(piece[:-_WORD]).to_bytes(_WORD, "little") != piece[-_WORD:]:
            return number
    return None


def _side_by_side(pieces: Sequence[bytes]) -> tuple[int, int]:
    """The checksums of pieces, and those that they end with, each in a lane of an integer."""
    lanes, size = len(pieces), len(pieces[0])
    end = size - _WORD
    data = b"".join(pieces)
    ones = int.from_bytes((b"\1" + bytes(_LANE - 1)) * lanes, "little")
    mask = ones * _MASK
    # What is subtracted from has this bit too, so that no lane borrows from the next. It comes with
    # the words and goes with the mask; where it stays and adds up, a lane has room for that.
    spare = bytes(_WORD) + b"\4" + bytes(_LANE - _WORD - 1)

    def column(start: int, stop: int) -> int:
        """Up to one word of each piece, with the spare bits."""
        found = bytearray(spare * lanes)
        for i in range(min(stop - start, _WORD)):
            found[i::_LANE] = data[start + i :: size]
        return int.from_bytes(found, "little")

    def block(start: int) -> tuple[int, int, int]:
        words = range(start, start + _BLOCK, _WORD)
        first, second, third = (column(word, end) for word in words)
        return a + first, b + second, c + third & mask

    a = b = c = ones * ((_START + end) & _MASK)
    last = (end - 1) // _BLOCK * _BLOCK
    for start in range(0, last, _BLOCK):
        a, b, c = block(start)
        for bits in _MIXING:
            mixed = (a - c ^ (c << bits | c >> 32 - bits)) & mask
            a, b, c = b, c + b, mixed
    a, b, c = block(last)
    a, b = a & mask, b & mask
    more = int.from_bytes(spare * lanes, "little")
    for bits in _FINAL:
        mixed = ((c ^ b | more) - ((b << bits | b >> 32 - bits) & mask)) & mask
        a, b, c = b, mixed, a
    return b, column(end, size) & mask
