"""CRC-32C, plain and as LevelDB and TensorFlow store it."""

from __future__ import annotations

import google_crc32c

# A CRC over data that itself holds CRCs is weak, so the stored ones are rotated and shifted:
# https://github.com/google/leveldb/blob/main/util/crc32c.h
_MASK_DELTA = 0xA282EAD8


def crc32c(data: bytes) -> int:
    """The CRC-32C of `data`, as OCDBT stores it."""
    value: int = google_crc32c.value(data)
    return value


def masked_crc32c(data: bytes) -> int:
    """The masked CRC-32C of `data`, as 32 bits."""
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + _MASK_DELTA) & 0xFFFFFFFF
