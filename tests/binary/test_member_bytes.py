"""Bytes of files and zip members that are read at offsets."""

from __future__ import annotations

import random
import zipfile
from typing import TYPE_CHECKING

import pytest

from scopecli.binary import member_bytes, zipdir
from scopecli.binary.member_bytes import PlainBytes
from scopecli.binary.source import Source
from scopecli.errors import DamagedFileError, UnsupportedError

if TYPE_CHECKING:
    from pathlib import Path

    from scopecli.binary.member_bytes import Bytes

DATA = random.Random(1).randbytes(100_000) + bytes(300_000) + b"the end"


def member(path: Path, method: int = zipfile.ZIP_DEFLATED, data: bytes = DATA) -> Bytes:
    with zipfile.ZipFile(path / "a.zip", "w", method) as archive:
        archive.writestr("m", data)
    return opened(path)


def opened(path: Path) -> Bytes:
    with Source(str(path / "a.zip")) as source:
        (found,) = zipdir.members(source)
        return member_bytes.of_member(source, found)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_any_range_in_any_order(tmp_path: Path, method: int) -> None:
    data = member(tmp_path, method)
    assert data.size == len(DATA)
    choose = random.Random(2)
    for _ in range(40):
        offset = choose.randrange(len(DATA))
        length = choose.choice([0, 1, 1000, choose.randrange(len(DATA) - offset + 1)])
        length = min(length, len(DATA) - offset)
        assert data.read(offset, length) == DATA[offset : offset + length]
    assert data.read(0, len(DATA)) == DATA
    assert data.read(len(DATA), 0) == b""


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_beyond_the_end(tmp_path: Path, method: int) -> None:
    data = member(tmp_path, method)
    for offset, length in ((0, len(DATA) + 1), (len(DATA), 1), (1 << 62, 1 << 62)):
        with pytest.raises(DamagedFileError, match=f"has {len(DATA)}") as caught:
            data.read(offset, length)
        assert caught.value.path == f"{tmp_path / 'a.zip'}:m"


def test_the_checksum_is_verified_at_the_end(tmp_path: Path) -> None:
    member(tmp_path)
    path = tmp_path / "a.zip"
    content = path.read_bytes()
    at = content.index(b"PK\x01\x02") + 16
    path.write_bytes(content[:at] + b"\0\0\0\0" + content[at + 4 :])
    data = opened(tmp_path)
    for offset in range(0, len(DATA) - 10, 50_000):
        assert data.read(offset, 10) == DATA[offset : offset + 10]
    with pytest.raises(DamagedFileError, match="does not have the bytes that its checksum is of"):
        data.read(len(DATA) - 1, 1)


def test_what_cannot_be_unpacked(tmp_path: Path) -> None:
    member(tmp_path)
    path = tmp_path / "a.zip"
    content = bytearray(path.read_bytes())
    content[31:40] = b"\xff" * 9  # no block is of type 3
    path.write_bytes(content)
    with pytest.raises(DamagedFileError, match="cannot be unpacked"):
        opened(tmp_path).read(0, 5)


def test_a_member_that_unpacks_to_less(tmp_path: Path) -> None:
    member(tmp_path)
    path = tmp_path / "a.zip"
    content = path.read_bytes()
    at = content.index(b"PK\x01\x02") + 24
    path.write_bytes(content[:at] + (1 << 30).to_bytes(4, "little") + content[at + 4 :])
    data = opened(tmp_path)
    assert data.read(0, len(DATA)) == DATA
    with pytest.raises(DamagedFileError, match=f"needs {1 << 30} bytes, and has {len(DATA)}"):
        data.read(len(DATA), 1)


def test_another_method(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match="compressed with method 14"):
        member(tmp_path, zipfile.ZIP_LZMA)


def test_no_file_stays_open(tmp_path: Path) -> None:
    """Only the path is kept: what is read later is what is there then."""
    path = tmp_path / "f"
    path.write_bytes(b"abc")
    with Source(str(path)) as source:
        data = PlainBytes(source)
    path.write_bytes(b"xyz")
    assert data.read(1, 2) == b"yz"
    path.write_bytes(b"x")
    with pytest.raises(DamagedFileError):
        data.read(1, 2)
