"""Bounded reads."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from scopecli.binary.source import Source, read_small_text
from scopecli.errors import DamagedFileError, NotAModelError, PathError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "data"
    path.write_bytes(bytes(range(100)))
    return path


def test_reads(file: Path) -> None:
    with Source(str(file)) as source:
        assert source.size == 100
        assert source.read(10, 3) == bytes([10, 11, 12])
        assert source.read(100, 0) == b""
        assert source.head(1000) == bytes(range(100))
        assert source.tail(2) == bytes([98, 99])
        assert source.tail(1000) == bytes(range(100))


def test_reads_where_there_is_no_pread(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows."""
    monkeypatch.delattr(os, "pread", raising=False)
    with Source(str(file)) as source:
        part = source.window(40, 20, "part")
        assert (source.read(10, 3), part.read(1, 2)) == (bytes([10, 11, 12]), bytes([41, 42]))
        file.write_bytes(b"short")
        with pytest.raises(DamagedFileError, match="became shorter"):
            source.read(3, 50)


@pytest.mark.parametrize(("offset", "length"), [(99, 2), (101, 0), (-1, 1), (0, -1), (2**70, 1)])
def test_reads_outside_are_refused(file: Path, offset: int, length: int) -> None:
    with Source(str(file)) as source:
        with pytest.raises(DamagedFileError, match="has 100") as caught:
            source.read(offset, length)
        assert caught.value.path == str(file)


def test_window(file: Path) -> None:
    with Source(str(file)) as source:
        window = source.window(10, 20, "member")
        assert (window.base, window.size, window.name) == (10, 20, f"{file}:member")
        assert window.read(0, 2) == bytes([10, 11])
        assert window.tail(1) == bytes([29])
        inner = window.window(5, 5, "x")
        assert inner.read(0, 1) == bytes([15])
        with pytest.raises(DamagedFileError):
            window.read(19, 2)
        with pytest.raises(DamagedFileError):
            window.window(0, 21, "too long")


def test_threads_share_a_source(tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_bytes(b"".join(i.to_bytes(4, "big") for i in range(50_000)))
    with Source(str(path)) as source, ThreadPoolExecutor(4) as pool:
        part = source.window(40_000, 40_000, "part")
        whole = pool.map(lambda i: source.read(4 * i, 4), range(20_000))
        parts = pool.map(lambda i: part.read(4 * i, 4), range(10_000))
        assert [int.from_bytes(data, "big") for data in whole] == list(range(20_000))
        assert [int.from_bytes(data, "big") for data in parts] == list(range(10_000, 20_000))


def test_a_file_that_shrinks(file: Path) -> None:
    with Source(str(file)) as source:
        os.truncate(file, 50)
        with pytest.raises(DamagedFileError, match="became shorter") as caught:
            source.read(40, 20)
        assert caught.value.where == "offset 50"


@pytest.mark.parametrize("name", ["missing", "folder", "fifo", "nul\0byte", "x" * 300])
def test_what_cannot_be_opened(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(PathError) as caught:
        Source(f"{tmp_path}/{name}")
    assert caught.value.path == f"{tmp_path}/{name}"


def test_permission_denied(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str) -> None:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr("io.FileIO", refuse)
    with pytest.raises(PathError, match="cannot be opened: Permission denied"):
        Source(str(file))


def test_small_text(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_bytes(b"a\xffb")
    assert read_small_text(str(path), 3) == "a\ufffdb"
    with pytest.raises(NotAModelError, match="has 3 bytes where at most 2"):
        read_small_text(str(path), 2)
