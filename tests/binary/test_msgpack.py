"""Every kind of MessagePack value, whole and cut short."""

from __future__ import annotations

import pytest

from scopecli.binary.msgpack import ARRAY, BYTES, EXT, MAP, PLAIN, TEXT, token
from scopecli.binary.window import Window
from scopecli.errors import DamagedFileError

# Examples of the specification: bytes, kind, value, length of the contents.
EXAMPLES = [
    ("00", PLAIN, 0, 0),
    ("7f", PLAIN, 127, 0),
    ("e0", PLAIN, -32, 0),
    ("ff", PLAIN, -1, 0),
    ("c0", PLAIN, None, 0),
    ("c2", PLAIN, False, 0),
    ("c3", PLAIN, True, 0),
    ("ca3f000000", PLAIN, 0.5, 0),
    ("cb3fe0000000000000", PLAIN, 0.5, 0),
    ("ccff", PLAIN, 255, 0),
    ("cdffff", PLAIN, 2**16 - 1, 0),
    ("ceffffffff", PLAIN, 2**32 - 1, 0),
    ("cfffffffffffffffff", PLAIN, 2**64 - 1, 0),
    ("d080", PLAIN, -128, 0),
    ("d18000", PLAIN, -(2**15), 0),
    ("d280000000", PLAIN, -(2**31), 0),
    ("d38000000000000000", PLAIN, -(2**63), 0),
    ("a26162", TEXT, 0, 2),
    ("d90161", TEXT, 0, 1),
    ("da000161", TEXT, 0, 1),
    ("db0000000161", TEXT, 0, 1),
    ("c40161", BYTES, 0, 1),
    ("c5000161", BYTES, 0, 1),
    ("c60000000161", BYTES, 0, 1),
    ("d40500", EXT, 5, 1),
    ("d5ff0000", EXT, -1, 2),
    ("d60100000000", EXT, 1, 4),
    ("d7010000000000000000", EXT, 1, 8),
    ("d801" + "00" * 16, EXT, 1, 16),
    ("c7010261", EXT, 2, 1),
    ("c800010261", EXT, 2, 1),
    ("c9000000010261", EXT, 2, 1),
]


@pytest.mark.parametrize(("data", "kind", "value", "length"), EXAMPLES)
def test_one(data: str, kind: int, value: object, length: int) -> None:
    window = Window("x", bytes.fromhex(data))
    found = token(window, 0, window.size)
    assert (found.kind, found.value, found.end - found.start) == (kind, value, length)
    assert found.end == window.size


@pytest.mark.parametrize(
    ("start", "kind", "inside"),
    [("82", MAP, 4), ("de0002", MAP, 4), ("df00000002", MAP, 4), ("92", ARRAY, 2)],
)
def test_what_has_things_inside(start: str, kind: int, inside: int) -> None:
    window = Window("x", bytes.fromhex(start) + bytes(inside))
    found = token(window, 0, window.size)
    assert (found.kind, found.inside, found.end) == (kind, inside, len(start) // 2)
    with pytest.raises(DamagedFileError, match="longer than what is left"):
        token(window, 0, window.size - 1)


@pytest.mark.parametrize("data", [row[0] for row in EXAMPLES if len(row[0]) > 2])
def test_cut_short(data: str) -> None:
    whole = bytes.fromhex(data)
    for length in range(len(whole)):
        with pytest.raises(DamagedFileError):
            token(Window("x", whole[:length]), 0, length)
        with pytest.raises(DamagedFileError):
            token(Window("x", whole), 0, length)


def test_a_byte_that_starts_nothing() -> None:
    with pytest.raises(DamagedFileError, match="starts no value"):
        token(Window("x", b"\xc1"), 0, 1)
