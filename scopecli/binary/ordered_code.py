"""TensorFlow's order-preserving encoding, which the keys of tensor slices are written in.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/lib/strings/ordered_code.h
"""

from __future__ import annotations

from scopecli.errors import DamagedFileError

_SIGNED_MAX_BYTES = 10


def read_number(data: bytes, at: int) -> tuple[int, int]:
    """An unsigned number (a count byte, then big-endian bytes) and the offset behind it."""
    length = _byte(data, at)
    end = at + 1 + length
    if length > 8 or end > len(data):
        raise DamagedFileError("a slice key is cut short")
    return int.from_bytes(data[at + 1 : end], "big"), end


def read_string(data: bytes, at: int) -> tuple[bytes, int]:
    r"""A string and the offset behind it.

    `\0\1` ends it; `\0\xff` stands for `\0`, and `\xff\0` for `\xff`.
    """
    end = data.find(b"\x00\x01", at)
    if end < 0:
        raise DamagedFileError("a slice key has no end of name")
    name = data[at:end].replace(b"\x00\xff", b"\x00").replace(b"\xff\x00", b"\xff")
    return name, end + 2


def read_signed(data: bytes, at: int) -> tuple[int, int]:
    """A signed number and the offset behind it.

    The sign bit is inverted, so that bytes sort as the numbers do; then come as many ones as
    there are further bytes, a zero, and the value. Negative numbers are those bytes inverted.
    """
    first = _byte(data, at)
    negative = first < 0x80
    flip = 0xFF if negative else 0
    header, length = first ^ flip, 1
    ones = 0x40
    while ones and header & ones:
        length += 1
        ones >>= 1
    if not ones:  # eight bytes or more: the count goes on in the second byte
        second = _byte(data, at + 1) ^ flip
        ones = 0x80
        while ones and second & ones:
            length += 1
            ones >>= 1
    if length > _SIGNED_MAX_BYTES or at + length > len(data):
        raise DamagedFileError("a slice key is cut short")
    raw = bytes(byte ^ flip for byte in data[at : at + length])
    bits = 7 * length - 1  # what is left after sign, ones and zero
    value = int.from_bytes(raw, "big") & ((1 << min(bits, 64)) - 1)
    return (~value if negative else value), at + length


def _byte(data: bytes, at: int) -> int:
    if at >= len(data):
        raise DamagedFileError("a slice key is cut short")
    return data[at]
