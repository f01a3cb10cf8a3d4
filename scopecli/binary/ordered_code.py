"""TensorFlow's order-preserving encoding, which the keys of tensor slices are written in.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/lib/strings/ordered_code.h
"""

from __future__ import annotations

from scopecli.errors import DamagedFileError, TruncatedError

_SIGNED_MAX_BYTES = 10
# The bytes that are escaped, and what stands behind each of them then.
_ESCAPES = {0x00: 0xFF, 0xFF: 0x00}
_END = (0x00, 0x01)


def read_number(data: bytes, at: int) -> tuple[int, int]:
    """An unsigned number (a count byte, then big-endian bytes) and the offset behind it."""
    length = _byte(data, at)
    end = at + 1 + length
    if length > 8 or end > len(data):
        raise TruncatedError("a slice key is cut short")
    return int.from_bytes(data[at + 1 : end], "big"), end


def read_string(data: bytes, at: int) -> tuple[bytes, int]:
    r"""A string and the offset behind it.

    `\0\1` ends it; `\0\xff` stands for `\0`, and `\xff\0` for `\xff`.
    """
    name = bytearray()
    while at + 1 < len(data):
        byte, following = data[at], data[at + 1]
        if byte not in _ESCAPES:
            name.append(byte)
            at += 1
            continue
        at += 2
        if (byte, following) == _END:
            return bytes(name), at
        if following != _ESCAPES[byte]:
            break
        name.append(byte)
    raise DamagedFileError("a slice key has no end of name")


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
        raise TruncatedError("a slice key is cut short")
    raw = bytes(byte ^ flip for byte in data[at : at + length])
    bits = 7 * length - 1  # what is left after sign, ones and zero
    value = int.from_bytes(raw, "big") & ((1 << min(bits, 64)) - 1)
    return (~value if negative else value), at + length


def _byte(data: bytes, at: int) -> int:
    if at >= len(data):
        raise TruncatedError("a slice key is cut short")
    return data[at]


def write_number(value: int) -> bytes:
    """What `read_number` reads."""
    length = (value.bit_length() + 7) // 8
    return bytes([length]) + value.to_bytes(length, "big")


def write_string(value: bytes) -> bytes:
    """What `read_string` reads."""
    escaped = bytearray()
    for byte in value:
        escaped.append(byte)
        if byte in _ESCAPES:
            escaped.append(_ESCAPES[byte])
    return bytes(escaped) + bytes(_END)


def write_signed(value: int) -> bytes:
    """What `read_signed` reads."""
    magnitude = ~value if value < 0 else value
    length = max(-(-(magnitude.bit_length() + 1) // 7), 1)
    ones = (1 << length) - 1  # the inverted sign and the count of further bytes
    bits = 8 * length
    header = ones << (bits - length)
    return ((value & ((1 << bits) - 1)) ^ header).to_bytes(length, "big")
