"""Protobuf messages, written and edited."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopecli.binary.protobuf import wire, wire_writer
from scopecli.errors import DamagedFileError
from tests import bundles


@given(st.integers(0, 2**64 - 1))
def test_varints_are_read_again(value: int) -> None:
    data = wire_writer.varint(value)
    assert data == bundles.varint(value)
    assert wire.varint(data, 0, len(data)) == (value, len(data))


def test_fields() -> None:
    assert wire_writer.number_field(3, 300) == bundles.message((3, 300))
    assert wire_writer.number_field(3, 0) == b""
    assert wire_writer.bytes_field(99, b"ab") == bundles.message((99, b"ab"))
    assert wire_writer.fixed32_field(6, 1) == b"\x35\x01\0\0\0"
    assert wire_writer.encoded_text("a\udcff") == b"a\xff"


MESSAGE = bundles.message((1, 7), (2, b"old"), (900, b"kept")) + b"\x35abcd\x39abcdefgh"


def test_spans_cover_every_byte() -> None:
    data = b"xx" + MESSAGE + b"yy"
    spans = list(wire_writer.spans(data, 2, len(data) - 2))
    assert [span[0] for span in spans] == [1, 2, 900, 6, 7]
    assert b"".join(data[span[4] : span[5]] for span in spans) == MESSAGE


def test_an_edit_leaves_all_other_bytes() -> None:
    edits = {2: lambda a, b: b"new and longer", 900: lambda a, b: MESSAGE[a:b]}
    found = wire_writer.edited(MESSAGE, 0, len(MESSAGE), edits)
    assert found == MESSAGE.replace(
        bundles.message((2, b"old")), bundles.message((2, b"new and longer"))
    )


def test_an_edit_can_take_a_field_out() -> None:
    found = wire_writer.edited(MESSAGE, 0, len(MESSAGE), {2: lambda a, b: None})
    assert found == MESSAGE.replace(bundles.message((2, b"old")), b"")


def test_numbers_that_are_longer_than_they_need_to_be_stay_so() -> None:
    odd = b"\x8a\x80\x00\x83\x00abc"  # field 1, three bytes
    assert wire_writer.edited(b"\x10\x01" + odd, 0, 10, {1: lambda a, b: b"x"}) == (
        b"\x10\x01" + bundles.message((1, b"x"))
    )


def test_a_damaged_message_is_refused() -> None:
    with pytest.raises(DamagedFileError):
        wire_writer.edited(b"\x0a\x05ab", 0, 4, {})
