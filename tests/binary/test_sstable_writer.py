"""Tables, written."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopecli.binary import sstable, sstable_writer
from scopecli.binary.source import Source
from tests import bundles
from tests.samples import FILES, SAMPLES

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

TABLES = [
    file.path
    for file in FILES
    if file.path.endswith(".index") or "tf1_v1" in file.path
    if not file.path.startswith("broken/") and not file.path.endswith((".meta", "/checkpoint"))
]


def written(entries: Iterable[tuple[bytes, bytes]]) -> bytes:
    file = io.BytesIO()
    sstable_writer.write(file, entries)
    return file.getvalue()


@pytest.mark.parametrize("path", TABLES)
def test_tensorflows_own_tables_come_out_the_same(path: str) -> None:
    with Source(str(SAMPLES / path)) as source:
        assert written(sstable.entries(source)) == (SAMPLES / path).read_bytes()


def test_an_empty_table() -> None:
    assert written([]) == bundles.table([])


def test_a_table_of_one_block() -> None:
    """But for the key in the index, which is shortened, it is what the description says."""
    pairs = [(f"scope/name_{i:03d}".encode(), bytes(i)) for i in range(40)]
    contents = bundles.block(pairs)
    head = bundles.framed(contents)
    handle = bundles.varint(0) + bundles.varint(len(contents))
    assert written(pairs) == head + bundles.ending(len(head), [(b"t", handle)])


@given(st.dictionaries(st.binary(max_size=20), st.binary(max_size=300), max_size=60), st.data())
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, pairs: dict[bytes, bytes], data: st.DataObject
) -> None:
    """Blocks of any number of entries; every key is found again by the shortened ones."""
    size = data.draw(st.sampled_from([1, 100, 1000]))
    entries = sorted(pairs.items())
    path = tmp_path_factory.mktemp("table") / "t"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sstable_writer, "_BLOCK_SIZE", size)
        path.write_bytes(written(entries))
    with Source(str(path)) as source:
        assert list(sstable.entries(source)) == entries
        assert all(sstable.find(source, key) == value for key, value in entries)
        assert len(list(sstable.blocks(source))) <= max(len(entries), 0)


@pytest.mark.parametrize(
    ("last", "following", "expected"),
    [
        (b"abcd", b"abzz", b"abd"),
        (b"abc", b"abd", b"abc"),  # nothing is between them
        (b"ab", b"abc", b"ab"),
        (b"a\xff", b"c", b"b"),
        (b"", b"a", b""),
    ],
)
def test_keys_of_the_index_are_short(last: bytes, following: bytes, expected: bytes) -> None:
    found = sstable_writer._separator(last, following)
    assert found == expected
    assert last <= found < following


@pytest.mark.parametrize(
    ("last", "expected"), [(b"abc", b"b"), (b"\xff\xffa", b"\xff\xffb"), (b"\xff", b"\xff")]
)
def test_the_last_key_of_the_index_is_short(last: bytes, expected: bytes) -> None:
    assert sstable_writer._successor(last) == expected >= last


def test_a_large_block_needs_no_more_than_itself(tmp_path: Path) -> None:
    """Entries are taken one at a time, so that a checkpoint need not fit into memory."""
    taken = []

    def entries() -> Iterable[tuple[bytes, bytes]]:
        for i in range(4):
            taken.append(i)
            yield bytes([i]), bytes(300_000)

    class Watching(io.BytesIO):
        def write(self, data: object) -> int:
            seen.append(len(taken))
            return super().write(data)  # type: ignore[arg-type]

    seen: list[int] = []
    sstable_writer.write(Watching(), entries())
    assert seen[:4] == [1, 2, 3, 4]
