"""CRC-32C without the data, held against google_crc32c with it."""

from __future__ import annotations

import struct

import google_crc32c
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopecli.binary import crc


def test_a_value_from_the_standard() -> None:
    """RFC 3720, B.4."""
    assert crc.of_repeated(b"\0", 32) == 0x8A9136AA
    assert crc.of_repeated(b"\xff", 32) == 0x62A8AB43


@given(st.binary(min_size=1, max_size=16), st.integers(0, 3000))
def test_repeated_bytes(element: bytes, count: int) -> None:
    assert crc.of_repeated(element, count) == google_crc32c.value(element * count)


@pytest.mark.parametrize("element", [b"\0\0\0\0", struct.pack("<f", 1.0)])
def test_a_large_one(element: bytes) -> None:
    assert crc.of_repeated(element, 3 << 20) == google_crc32c.value(element * (3 << 20))


@given(st.integers(0, (1 << 32) - 1), st.sampled_from([4, 8, 16]))
def test_the_number_behind_a_crc(number: int, size: int) -> None:
    data = number.to_bytes(size, "little")
    assert crc.number_of(google_crc32c.value(data), size) == number


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_masks_and_parts(first: bytes, second: bytes) -> None:
    whole = google_crc32c.value(first + second)
    assert crc.extended(google_crc32c.value(first), second) == whole
    assert crc.unmasked(crc.masked(whole)) == whole
    assert crc.masked_crc32c(first + second) == crc.masked(whole)
