"""The checksum of HDF5's newer structures: Bob Jenkins's lookup3, its function `hashlittle`.

https://www.burtleburtle.net/bob/c/lookup3.c. Which structures have one says the format's
specification: https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html

Python needs a microsecond for 12 bytes. Where there are many structures, they are taken side by
side, each in 64 bits of integers that are as long as it takes: that is ten times as fast.
"""

from __future__ import annotations

from itertools import groupby
from struct import iter_unpack, unpack
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_MASK = 0xFFFFFFFF
_START = 0xDEADBEEF
_BLOCK = 12
_WORDS, _WORD = 3, 4  # in a block, and bytes in each
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


def lookup3_of_each(pieces: Sequence[bytes]) -> list[int]:
    """The checksums of many pieces."""
    found = [0] * len(pieces)
    blocks = [(len(piece) - 1) // _BLOCK for piece in pieces]
    numbers = sorted(range(len(pieces)), key=blocks.__getitem__)
    for _, alike in groupby(numbers, blocks.__getitem__):
        chosen = [*alike]
        these = [pieces[i] for i in chosen]
        one_by_one = len(these) < _FEWEST or not these[0]
        sums = map(lookup3, these) if one_by_one else _side_by_side(these)
        for i, checksum in zip(chosen, sums, strict=True):
            found[i] = checksum
    return found


def _side_by_side(pieces: Sequence[bytes]) -> tuple[int, ...]:
    """The checksums of pieces that have the same number of blocks, and are not empty."""
    lanes = len(pieces)
    size = (len(pieces[0]) - 1) // _BLOCK * _BLOCK + _BLOCK
    data = b"".join([piece.ljust(size, b"\0") for piece in pieces])
    ones = ((1 << 8 * _LANE * lanes) - 1) // ((1 << 8 * _LANE) - 1)
    mask = ones * _MASK
    spare = ones << 34  # so that a difference is not negative

    def word(number: int) -> int:
        """One word of each piece."""
        column = bytearray(_LANE * lanes)
        for i in range(_WORD):
            column[i::_LANE] = data[number * _WORD + i :: size]
        return int.from_bytes(column, "little")

    starts = b"".join([(_START + len(piece)).to_bytes(_LANE, "little") for piece in pieces])
    a = b = c = int.from_bytes(starts, "little") & mask
    last = size // _WORD - _WORDS
    for number in range(0, last, _WORDS):
        a, b, c = a + word(number), b + word(number + 1), (c + word(number + 2)) & mask
        for bits in _MIXING:
            mixed = ((a | spare) - c ^ (c << bits | c >> 32 - bits)) & mask
            a, b, c = b, c + b, mixed
    a, b, c = a + word(last) & mask, b + word(last + 1) & mask, c + word(last + 2) & mask
    for bits in _FINAL:
        mixed = ((c ^ b | spare) - ((b << bits | b >> 32 - bits) & mask)) & mask
        a, b, c = b, mixed, a
    return unpack(f"<{lanes}Q", b.to_bytes(_LANE * lanes, "little"))
