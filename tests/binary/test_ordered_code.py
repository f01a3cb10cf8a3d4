"""OrderedCode: what slice keys are written in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopecli.binary.ordered_code import read_number, read_signed, read_string
from scopecli.errors import DamagedFileError
from tests import bundles


@pytest.mark.parametrize(
    ("encoded", "value"),
    [
        # From TensorFlow's ordered_code_test.cc and the table in ordered_code.cc.
        (b"\x80", 0),
        (b"\x81", 1),
        (b"\xbf", 63),
        (b"\xc0\x40", 64),
        (b"\x7f", -1),
        (b"\x40", -64),
        (b"\x3f\xbf", -65),
        (b"\xdf\xff", 8191),
        (b"\xe0\x20\x00", 8192),
        (b"\xff\xc0" + bytes.fromhex("7fffffffffffffff"), 2**63 - 1),
        (b"\x00\x3f" + bytes.fromhex("8000000000000000"), -(2**63)),
    ],
)
def test_signed(encoded: bytes, value: int) -> None:
    assert read_signed(encoded + b"rest", 0) == (value, len(encoded))


@given(st.integers(-(2**63), 2**63 - 1))
def test_every_signed_number(value: int) -> None:
    encoded = bundles.ordered_signed(value)
    assert read_signed(b"x" + encoded + b"y", 1) == (value, 1 + len(encoded))


@given(st.integers(-(2**63), 2**63 - 1), st.integers(-(2**63), 2**63 - 1))
def test_the_order_of_the_bytes_is_that_of_the_numbers(a: int, b: int) -> None:
    """The tests' own encoder, which the reader is held to, is held to what the format is for."""
    assert (bundles.ordered_signed(a) < bundles.ordered_signed(b)) == (a < b)


@given(st.integers(0, 2**64 - 1))
def test_every_unsigned_number(value: int) -> None:
    encoded = bundles.ordered_number(value)
    assert read_number(encoded, 0) == (value, len(encoded))


@given(st.binary(max_size=20))
def test_every_string(value: bytes) -> None:
    encoded = bundles.ordered_string(value)
    assert read_string(encoded + b"\xff\0\0\1", 0) == (value, len(encoded))


@pytest.mark.parametrize(
    "value", [b"\xff\x01", b"\xff\x00\x01", b"\xff\xff", b"\x00\xff", b"\xff\x00", b"\x00\x01"]
)
def test_strings_of_escaped_bytes(value: bytes) -> None:
    assert read_string(bundles.ordered_string(value), 0)[0] == value


@pytest.mark.parametrize(
    "data", [b"", b"\xc0", b"\xff", b"\x00", b"\xff\xff" + bytes(20), b"\xe0\0"]
)
def test_damaged_signed_numbers(data: bytes) -> None:
    with pytest.raises(DamagedFileError):
        read_signed(data, 0)


@pytest.mark.parametrize("data", [b"", b"\x01", b"\x09" + bytes(9), b"\xff" * 300])
def test_damaged_unsigned_numbers(data: bytes) -> None:
    with pytest.raises(DamagedFileError):
        read_number(data, 0)


@pytest.mark.parametrize("data", [b"", b"abc", b"abc\0", b"a\0\x02\0\x01", b"a\xff\x01\0\x01"])
def test_strings_without_an_end(data: bytes) -> None:
    with pytest.raises(DamagedFileError, match="no end of name"):
        read_string(data, 0)


@given(st.binary(max_size=30))
def test_any_bytes_give_a_value_or_an_error(data: bytes) -> None:
    for read in (read_number, read_signed, read_string):
        try:
            _, end = read(data, 0)
        except DamagedFileError:
            continue
        assert 0 < end <= len(data)
