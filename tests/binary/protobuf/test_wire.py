"""The protobuf wire format."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopecli.binary.protobuf import wire
from scopecli.errors import DamagedFileError
from tests import bundles


@given(st.integers(0, 2**64 - 1), st.binary(max_size=4))
def test_varint(value: int, more: bytes) -> None:
    data = bundles.varint(value)
    assert wire.varint(data + more, 0, len(data + more)) == (value, len(data))


@pytest.mark.parametrize("data", [b"", b"\x80", b"\xff" * 10, b"\xff" * 11 + b"\x01"])
def test_a_varint_that_does_not_end(data: bytes) -> None:
    with pytest.raises(DamagedFileError, match="does not end"):
        wire.varint(data, 0, len(data))


def test_a_varint_ends_at_the_end_of_its_message() -> None:
    with pytest.raises(DamagedFileError):
        wire.varint(b"\x80\x01", 0, 1)


def test_fields() -> None:
    data = b"\x08\x96\x01\x12\x03abc\x1d\1\0\0\0\x21\2\0\0\0\0\0\0\0\x80\x01\x07"
    assert list(wire.fields(data, 0, len(data))) == [
        (1, wire.VARINT, 150, 0),
        (2, wire.BYTES, 5, 8),
        (3, wire.FIXED32, 1, 0),
        (4, wire.FIXED64, 2, 0),
        (16, wire.VARINT, 7, 0),
    ]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"\x12\x04abc", "field 2 has 4 bytes where 3 are left"),
        (b"\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "are left"),
        (b"\x0d\1\0\0", "field 1 is cut short"),
        (b"\x09\1\0\0\0\0\0\0", "field 1 is cut short"),
        (b"\x0b", "unknown wire type 3"),
        (b"\x0f", "unknown wire type 7"),
        (b"\x00\x01", "field number 0"),
        (b"\x08", "does not end"),
    ],
)
def test_damaged_fields(data: bytes, problem: str) -> None:
    with pytest.raises(DamagedFileError, match=problem):
        list(wire.fields(data, 0, len(data)))


@pytest.mark.parametrize(
    ("encoded", "value"),
    [(0, 0), (5, 5), (2**63 - 1, 2**63 - 1), (2**64 - 1, -1), (2**63, -(2**63))],
)
def test_signed64(encoded: int, value: int) -> None:
    assert wire.signed64(encoded) == value


@given(st.binary())
def test_text_keeps_every_byte(data: bytes) -> None:
    assert wire.text(data, 0, len(data)).encode("utf-8", "surrogateescape") == data
