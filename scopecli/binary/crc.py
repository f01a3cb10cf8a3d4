"""CRC-32C as LevelDB and TensorFlow store it, and what it tells without the data.

A CRC is a remainder of polynomials over GF(2), so that of a tensor which is one element over and
over follows from the element's, and a number of four bytes follows from its CRC.
"""

from __future__ import annotations

from functools import cache, lru_cache

import google_crc32c

# A CRC over data that itself holds CRCs is weak, so the stored ones are rotated and shifted:
# https://github.com/google/leveldb/blob/main/util/crc32c.h
_MASK_DELTA = 0xA282EAD8
_MASK = 0xFFFFFFFF

# What a checksum of a tensor's bytes, masked like this, is called in a `Checksum`.
KIND = "crc32c-masked"

# The polynomial of Castagnoli. Bit 31 stands for x^0, as the register of the CRC has it.
_POLYNOMIAL = 0x82F63B78
_ONE = 1 << 31
_X = 1 << 30


def crc32c(data: bytes) -> int:
    """The CRC-32C of `data`, as OCDBT stores it."""
    value: int = google_crc32c.value(data)
    return value


def masked_crc32c(data: bytes) -> int:
    """The masked CRC-32C of `data`, as 32 bits."""
    return masked(google_crc32c.value(data))


def masked(crc: int) -> int:
    """A CRC as it is stored."""
    return ((crc >> 15 | crc << 17) + _MASK_DELTA) & _MASK


def unmasked(stored: int) -> int:
    """The CRC that is stored as this."""
    rotated = (stored - _MASK_DELTA) & _MASK
    return (rotated >> 17 | rotated << 15) & _MASK


def extended(crc: int, data: bytes) -> int:
    """The CRC of what `crc` is of, followed by `data`."""
    found: int = google_crc32c.extend(crc, data)
    return found


@lru_cache(4096)
def of_repeated(element: bytes, count: int) -> int:
    """The CRC of so many times the same bytes, in steps that grow with the logarithm of `count`."""
    found = 0  # the CRC of nothing
    power, crc = _power(8 * len(element)), google_crc32c.value(element)
    while count:
        if count & 1:
            found = _times(found, power) ^ crc
        crc = _times(crc, power) ^ crc
        power = _times(power, power)
        count >>= 1
    return found


def number_of(crc: int, size: int) -> int:
    """The only number below 2³² that has this CRC as `size` bytes, four or more, little-endian."""
    register = crc ^ _MASK
    for _ in range(8 * size):  # backwards, over zeros and then over what the number left
        carry = register >> 31
        register = ((register ^ (_POLYNOMIAL if carry else 0)) << 1 | carry) & _MASK
    return register ^ _MASK


@cache
def _power(exponent: int) -> int:
    """The polynomial x to the power of `exponent`, modulo that of the CRC."""
    result, square = _ONE, _X
    while exponent:
        if exponent & 1:
            result = _times(result, square)
        square = _times(square, square)
        exponent >>= 1
    return result


def _times(a: int, b: int) -> int:
    """The product of two polynomials, modulo the polynomial."""
    product = 0
    while a:
        if a & _ONE:
            product ^= b
        a = a << 1 & _MASK
        b = b >> 1 ^ (_POLYNOMIAL if b & 1 else 0)
    return product
