"""Zip archives in which some members change: the others are copied as they are stored."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

import pytest

from scopecli.binary import zip_splice, zipdir
from scopecli.binary.source import Source
from scopecli.binary.zip_splice import Change
from scopecli.errors import UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet
    from pathlib import Path

CONTENTS = {"m/data.pkl": b"pickle", "m/data/0": bytes(100), "m/data/1": b"one" * 50}


def archive(path: Path, *, aligned: bool = False, method: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", method) as file:
        file.comment = b"a comment"
        for name, data in CONTENTS.items():
            info = zipfile.ZipInfo(name, (2020, 2, 2, 2, 2, 2))
            info.compress_type = method
            info.external_attr = 0o640 << 16
            if aligned:
                at = file.fp.tell()  # type: ignore[union-attr]
                padding = -(at + 30 + len(name) + 4) % 64
                info.extra = b"FB" + padding.to_bytes(2, "little") + b"Z" * padding
            file.writestr(info, data)
    return path


def spliced(
    path: Path, replaced: dict[str, bytes], removed: AbstractSet[str] = frozenset()
) -> Path:
    out = path.with_name("out.zip")
    with Source(str(path)) as source, out.open("wb") as file:
        zip_splice.splice(source, Change(replaced, removed, 64), file, lambda _: None)
    return out


def read(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as file:
        assert file.testzip() is None
        return {name: file.read(name) for name in file.namelist()}


@pytest.mark.parametrize("aligned", [False, True])
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_replaced_and_removed(tmp_path: Path, method: int, *, aligned: bool) -> None:
    path = archive(tmp_path / "m.zip", aligned=aligned, method=method)
    new = spliced(path, {"m/data.pkl": b"another" * 30}, {"m/data/0"})
    assert read(new) == {"m/data.pkl": b"another" * 30, "m/data/1": CONTENTS["m/data/1"]}
    before = {info.filename: info for info in zipfile.ZipFile(path).infolist()}
    with zipfile.ZipFile(new) as file:
        assert file.comment == b"a comment"
        for info in file.infolist():
            old = before[info.filename]
            assert (info.date_time, info.external_attr) == (old.date_time, old.external_attr)
        kept = file.getinfo("m/data/1")
        assert (kept.compress_type, kept.CRC) == (method, before["m/data/1"].CRC)
        assert file.getinfo("m/data.pkl").compress_type == zipfile.ZIP_STORED
    with Source(str(new)) as source:
        offsets = [zipdir.data_offset(source, member) for member in zipdir.members(source)]
    assert not aligned or [offset % 64 for offset in offsets] == [0, 0]


def test_what_is_behind_a_member_stays(tmp_path: Path) -> None:
    """A member that is written to a pipe has its size and checksum behind it."""

    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.data = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, data: bytes) -> int:  # type: ignore[override]
            self.data += data
            return len(data)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w") as file:
        for name, data in CONTENTS.items():
            file.writestr(name, data)
    path = tmp_path / "m.zip"
    path.write_bytes(pipe.data)
    new = spliced(path, {"m/data.pkl": b"new"})
    assert read(new) == CONTENTS | {"m/data.pkl": b"new"}
    assert new.read_bytes().count(b"PK\x07\x08") == 3


def test_far_behind_the_start(tmp_path: Path) -> None:
    """Beyond 4 GiB an offset is in 64 bits."""
    path = archive(tmp_path / "m.zip")
    far = 5 << 30
    out = tmp_path / "sparse.zip"
    with Source(str(path)) as source, out.open("wb") as file:
        file.seek(far)
        zip_splice.splice(source, Change({}, frozenset(), 64), file, lambda _: None)
    with Source(str(out)) as source:
        members = zipdir.members(source)
        assert [member.header >= far for member in members] == [True] * 3
        found = {m.name: zipdir.read_member(source, m, 1000) for m in members}
    assert found == CONTENTS
    assert read(out) == CONTENTS


def test_more_members_than_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their number is in 64 bits, too, and there it counts."""
    monkeypatch.setattr(zip_splice, "_FULL_COUNT", 2)
    new = spliced(archive(tmp_path / "m.zip"), {})
    assert new.read_bytes().endswith(b"\2\0\2\0" + new.read_bytes()[-19:])
    with Source(str(new)) as source:
        assert [member.name for member in zipdir.members(source)] == list(CONTENTS)


def test_what_is_no_plain_archive(tmp_path: Path) -> None:
    path = archive(tmp_path / "m.zip")
    plain = path.read_bytes()
    path.write_bytes(b"a program that unpacks itself" + plain)
    with pytest.raises(UnsupportedError, match="has bytes that are no member's"):
        spliced(path, {})
    overlapping = bytearray(plain)
    at = overlapping.index(b"PK\x01\x02") + 20
    overlapping[at : at + 4] = (60).to_bytes(4, "little")
    path.write_bytes(overlapping)
    with pytest.raises(UnsupportedError, match="has members that overlap"):
        spliced(path, {})
