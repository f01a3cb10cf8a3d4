"""Messages in files of any size, through a window that moves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopecli.binary.protobuf import wire
from scopecli.binary.window import BLOCK, Window
from scopecli.errors import DamagedFileError, PathError, ScopecliError
from tests.bundles import message, varint

if TYPE_CHECKING:
    from pathlib import Path


def window(folder: Path, data: bytes) -> Window:
    path = folder / "message"
    path.write_bytes(data)
    return Window(str(path))


def test_fields_of_a_long_message_are_found_and_what_is_between_is_not_read(tmp_path: Path) -> None:
    parts = [(n % 15 + 1, bytes([n]) * (n * 50_000)) for n in range(12)]
    data = message(*parts) + message((3, 300)) + b"\x25abcd" + b"\x29abcdefgh"
    big = window(tmp_path, data)
    found = list(big.fields(0, big.size))
    expected = list(wire.fields(data, 0, len(data)))
    assert found == expected
    assert len(big.block(0, 1)[0]) <= BLOCK
    for (number, _, a, b), (wanted, contents) in zip(found, parts, strict=False):
        assert number == wanted
        assert big.read(a, b) == contents


@given(st.binary(max_size=60), st.integers(0, 40))
def test_the_same_as_in_memory(data: bytes, padding: int) -> None:
    """Every message gives the fields, or the refusal, that it gives when it is all in memory."""
    held = Window("m", bytes(padding) + data)

    def outcome(one: Window) -> list[tuple[int, int, int, int]] | str:
        try:
            end = padding + len(data)
            fields: list[tuple[int, int, int, int]] = []
            at = padding
            while at < end:
                number, kind, a, b, at = one.field(at, end)
                fields.append((number, kind, a - padding if kind == wire.BYTES else a, b))
        except DamagedFileError:
            return "refused"
        return fields

    try:
        expected: object = [
            (number, kind, a, b + padding if kind == wire.BYTES else b)
            for number, kind, a, b in wire.fields(data, 0, len(data))
        ]
    except DamagedFileError:
        expected = "refused"
    assert outcome(held) == expected


@pytest.mark.parametrize(
    "data", [b"\x0a\x05abc", b"\x08", b"\x0b", b"\x00\x01", b"\x25abc", b"\x80" * 11, b"\x0a"]
)
def test_damage(tmp_path: Path, data: bytes) -> None:
    filled = message((1, bytes(3 * BLOCK)))
    big = window(tmp_path, filled + data)
    with pytest.raises(DamagedFileError) as caught:
        list(big.fields(0, big.size))
    assert str(len(filled))[:5] in (caught.value.where or "")


def test_a_field_that_claims_more_than_there_is(tmp_path: Path) -> None:
    huge = b"\x0a" + varint(1 << 40) + bytes(2 * BLOCK)
    big = window(tmp_path, huge)
    with pytest.raises(DamagedFileError, match=r"field 1 has 1099511627776 bytes where 131072"):
        list(big.fields(0, big.size))


def test_the_file_becomes_shorter(tmp_path: Path) -> None:
    big = window(tmp_path, bytes(1 << 21))
    (tmp_path / "message").write_bytes(b"short")
    with pytest.raises(ScopecliError):
        big.read(1 << 20, (1 << 20) + 10)


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(PathError):
        Window(str(tmp_path / "nothing"))
