"""The checksum of HDF5's newer structures: Bob Jenkins's lookup3, its function `hashlittle`.

https://www.burtleburtle.net/bob/c/lookup3.c. Which structures have one says the format's
specification: https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html
"""

from __future__ import annotations

from struct import iter_unpack

_MASK = 0xFFFFFFFF
_START = 0xDEADBEEF
_BLOCK = 12


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
