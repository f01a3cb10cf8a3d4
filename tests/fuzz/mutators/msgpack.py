"""MessagePack: another value, or the start of a long or deep one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fuzz.mutators.texts import DEEP

if TYPE_CHECKING:
    from random import Random


_MSGPACK = (
    b"\xdf\xff\xff\xff\xff",
    b"\xdd\xff\xff\xff\xff",
    b"\xdb\xff\xff\xff\xff",
    b"\xc6\xff\xff\xff\xff",
    b"\xc9\xff\xff\xff\xff\1",
    b"\xde\xff\xff",
    b"\xdc\0\1",
    b"\xc7\5\1",
    b"\xc1",
    b"\xc0",
    b"\x81\xa1a",
    b"\x91" * DEEP,
    b"\x81\xa1a" * DEEP,
    b"\xcf" + b"\xff" * 8,
    b"\xd3\x80" + bytes(7),
    b"\xcb\x7f\xf8" + bytes(6),
)


def msgpack(data: bytes, random: Random) -> bytes:
    """Another value, or the start of a long one, where a value may stand."""
    marks = [i for i, byte in enumerate(data) if byte >= 0x80]
    at = random.choice(marks or [0])
    length = random.choice((0, 1, 1, 2, 3, 5))
    return data[:at] + random.choice(_MSGPACK) + data[at + length :]
