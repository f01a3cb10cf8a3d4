"""LevelDB tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cramjam
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopecli.binary import sstable
from scopecli.binary.crc import masked_crc32c
from scopecli.binary.source import Source
from scopecli.errors import DamagedFileError, ScopecliError
from tests import bundles

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Pairs = list[tuple[bytes, bytes]]

NAMES: Pairs = [(f"layer_{i:04d}/kernel".encode(), bytes([i % 256]) * (i % 9)) for i in range(300)]


def snappy(data: bytes) -> bytes:
    return bytes(cramjam.snappy.compress_raw(data))


def entries(path: Path, data: bytes) -> Pairs:
    path.write_bytes(data)
    with Source(str(path)) as source:
        return list(sstable.entries(source))


@pytest.fixture
def read(tmp_path: Path) -> Callable[[bytes], Pairs]:
    return lambda data: entries(tmp_path / "table", data)


def test_crc_is_that_of_the_specification() -> None:
    """https://www.rfc-editor.org/rfc/rfc3720#appendix-B.4, then LevelDB's mask."""
    crc = 0xE3069283
    expected = ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
    assert masked_crc32c(b"123456789") == expected


@pytest.mark.parametrize("per_block", [1, 7, 16, 17, 1000])
@pytest.mark.parametrize("pack", [None, snappy])
def test_entries(
    read: Callable[[bytes], Pairs], per_block: int, pack: Callable[[bytes], bytes] | None
) -> None:
    assert read(bundles.table(NAMES, per_block, pack)) == NAMES


def test_an_empty_table(read: Callable[[bytes], Pairs]) -> None:
    assert read(bundles.table([])) == []


def test_long_keys_and_values(read: Callable[[bytes], Pairs]) -> None:
    pairs = [(b"k" * 200 + bytes([i]), b"v" * 70_000) for i in range(3)]
    assert read(bundles.table(pairs)) == pairs


@given(
    st.dictionaries(st.binary(max_size=300), st.binary(max_size=300), max_size=40),
    st.integers(1, 20),
    st.booleans(),
)
def test_any_keys(
    tmp_path_factory: pytest.TempPathFactory,
    contents: dict[bytes, bytes],
    per_block: int,
    packed: bool,
) -> None:
    pairs = sorted(contents.items())
    data = bundles.table(pairs, per_block, snappy if packed else None)
    assert entries(tmp_path_factory.getbasetemp() / "any", data) == pairs


@pytest.mark.parametrize("packed", [False, True])
def test_every_flipped_byte_of_a_block_is_noticed(
    read: Callable[[bytes], Pairs], packed: bool
) -> None:
    good = bundles.table(NAMES[:40], 20, snappy if packed else None)
    blocks = len(good) - sstable.FOOTER_SIZE
    # The metaindex, 8 bytes and a trailer of 5, is not read: nothing that is shown depends on it.
    index = len(bundles.framed(bundles.block([]))) + len(bundles.framed(bundles.block([])))
    for at in range(0, blocks - index - 60, 5):
        bad = bytearray(good)
        bad[at] ^= 0x10
        with pytest.raises(DamagedFileError, match="checksum mismatch") as caught:
            read(bytes(bad))
        assert caught.value.where is not None


def test_a_checksum_is_checked_before_anything_is_unpacked(read: Callable[[bytes], Pairs]) -> None:
    good = bytearray(bundles.table(NAMES[:5], 20, snappy))
    good[2] ^= 0xFF
    with pytest.raises(DamagedFileError, match="checksum mismatch"):
        read(bytes(good))


@pytest.mark.parametrize("length", [0, 1, 47, 48, 100])
def test_a_table_that_is_cut_short(read: Callable[[bytes], Pairs], length: int) -> None:
    with pytest.raises(DamagedFileError, match="does not end as a checkpoint index does"):
        read(bundles.table(NAMES)[:length])


def test_blocks_behind_a_hole_cannot_be_read(read: Callable[[bytes], Pairs]) -> None:
    data = bundles.table(NAMES)
    with pytest.raises(ScopecliError):
        read(data[:100] + data[200:])


def one_block(contents: bytes, compression: int = bundles.PLAIN, key: bytes = b"z") -> bytes:
    """A table whose one data block has these bytes."""
    index = [(key, bundles.varint(0) + bundles.varint(len(contents)))]
    return bundles.framed(contents, compression) + bundles.ending(len(contents) + 5, index)


restart = (0).to_bytes(4, "little") + (1).to_bytes(4, "little")


@pytest.mark.parametrize(
    ("contents", "problem"),
    [
        (b"", "too short"),
        (b"\0\0\0", "too short"),
        (b"\xff\xff\xff\xff", "claims 4294967295 restarts"),
        (b"\0\x01\x05k" + restart, "runs out of its block"),
        (b"\x05\x01\x00k" + restart, "runs out of its block"),
        (b"\0\xff\xff\xff\xff\x0f\x00k" + restart, "runs out of its block"),
        (b"\0\x01" + restart, "runs out of its block"),
        (b"\0" * 3 + b"\x80" * 12 + restart, "does not end"),
    ],
)
def test_blocks_that_contradict_the_format(
    read: Callable[[bytes], Pairs], contents: bytes, problem: str
) -> None:
    with pytest.raises(DamagedFileError, match=problem):
        read(one_block(contents))


def test_unknown_compression(read: Callable[[bytes], Pairs]) -> None:
    with pytest.raises(DamagedFileError, match="unknown compression 2"):
        read(one_block(bundles.block(NAMES[:1]), compression=2))


@pytest.mark.parametrize(
    "packed",
    [
        b"",
        b"\x80",
        b"\x05\x00",
        snappy(bundles.block(NAMES[:20]))[:-3],
        bundles.varint(1 << 40) + b"\0",  # a bomb
        bundles.varint(100) + b"\x00a\xfe\xff\xff",  # a copy from before the start
    ],
)
def test_damaged_snappy_data(read: Callable[[bytes], Pairs], packed: bytes) -> None:
    with pytest.raises(DamagedFileError):
        read(one_block(packed, bundles.SNAPPY))


@pytest.mark.parametrize(
    ("handles", "problem"),
    [
        ([(b"a", (0, 30)), (b"b", (0, 30))], "blocks overlap"),
        ([(b"a", (1 << 60, 30))], "needs bytes"),
        ([(b"a", (0, 1 << 60))], "needs bytes"),
    ],
)
def test_handles_that_lead_astray(
    read: Callable[[bytes], Pairs], handles: list[tuple[bytes, tuple[int, int]]], problem: str
) -> None:
    contents = bundles.block(NAMES[:1])
    contents += bytes(30 - len(contents)) if len(contents) < 30 else b""
    data = bundles.framed(bundles.block([(b"layer", b"0123456789")]))
    size = len(data) - 5
    index = [
        (key, bundles.varint(offset) + bundles.varint(size if length == 30 else length))
        for key, (offset, length) in handles
    ]
    with pytest.raises(DamagedFileError, match=problem):
        read(data + bundles.ending(len(data), index))


def test_a_handle_that_is_no_number(read: Callable[[bytes], Pairs]) -> None:
    with pytest.raises(DamagedFileError, match="does not end") as caught:
        read(bundles.ending(0, [(b"a", b"\xff")]))
    assert caught.value.where == "index block"
