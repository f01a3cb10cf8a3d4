from __future__ import annotations

import contextlib
import io
import warnings
import zipfile
import zlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopecli.binary import zipdir
from scopecli.binary.source import Source
from scopecli.errors import DamagedFileError, ScopecliError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

CONTENTS = {"config.json": b'{"a": 1}', "dir/weights.h5": bytes(range(256)) * 40, "empty": b""}
LIMIT = 1 << 20
NO_ERROR = contextlib.nullcontext()
CENTRAL_FLAGS, CENTRAL_SIZE, LOCAL_NAME = 8, 24, 30


def archive(
    contents: Mapping[str, bytes] = CONTENTS, method: int = zipfile.ZIP_STORED, comment: bytes = b""
) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as writer:
        for name, data in contents.items():
            writer.writestr(name, data)
        writer.comment = comment
    return buffer.getvalue()


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opener]:
    opener = Opener(tmp_path)
    yield opener
    opener.close()


class Opener:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sources: list[Source] = []

    def __call__(self, data: bytes) -> Source:
        path = self.folder / f"{len(self.sources)}.zip"
        path.write_bytes(data)
        self.sources.append(Source(str(path)))
        return self.sources[-1]

    def close(self) -> None:
        for source in self.sources:
            source.close()


def central_header(data: bytes, name: str) -> int:
    at = data.rfind(b"PK\x01\x02", 0, data.rfind(name.encode()))
    assert at > 0
    return at


def patched(data: bytes, offset: int, new: bytes) -> bytes:
    return data[:offset] + new + data[offset + len(new) :]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_every_member_has_the_bytes_that_zipfile_wrote(opened: Opener, method: int) -> None:
    source = opened(archive(method=method))
    found = zipdir.members(source)
    assert [(m.name, m.size, m.crc) for m in found] == [
        (name, len(data), zlib.crc32(data)) for name, data in CONTENTS.items()
    ]
    assert {m.name: zipdir.read_member(source, m, LIMIT) for m in found} == CONTENTS


def test_a_stored_member_is_read_in_place(opened: Opener) -> None:
    data = archive()
    member = zipdir.members(opened(data))[1]
    window = zipdir.open_member(opened(data), member)
    assert window.base == data.index(CONTENTS["dir/weights.h5"])
    assert window.read(10, 5) == CONTENTS["dir/weights.h5"][10:15]
    with pytest.raises(DamagedFileError):
        window.read(window.size, 1)


def test_a_deflated_member_is_no_window(opened: Opener) -> None:
    source = opened(archive(method=zipfile.ZIP_DEFLATED))
    with pytest.raises(UnsupportedError, match="compressed"):
        zipdir.open_member(source, zipdir.members(source)[1])


def test_zip64_sizes_counts_and_offsets(opened: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 100)
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 1)
    data = archive()
    assert b"PK\x06\x06" in data
    source = opened(data)
    found = zipdir.members(source)
    assert {m.name: zipdir.read_member(source, m, LIMIT) for m in found} == CONTENTS


def test_bytes_before_the_archive_shift_its_offsets(opened: Opener) -> None:
    source = opened(b"#!/bin/sh\n" * 50 + archive())
    found = zipdir.members(source)
    assert {m.name: zipdir.read_member(source, m, LIMIT) for m in found} == CONTENTS


def test_a_comment_that_holds_an_end_record_does_not_hide_the_archive(opened: Opener) -> None:
    source = opened(archive(comment=b"PK\x05\x06" + bytes(18) + b"more"))
    assert [m.name for m in zipdir.members(source)] == list(CONTENTS)


def test_duplicates_are_named_once(opened: Opener) -> None:
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w") as writer:
        warnings.simplefilter("ignore")  # zipfile warns, and writes them
        for name in ("a", "b", "a", "a"):
            writer.writestr(name, b"x")
    assert zipdir.duplicates(zipdir.members(opened(buffer.getvalue()))) == ["a"]
    assert zipdir.duplicates(zipdir.members(opened(archive()))) == []


def test_an_encrypted_member_is_refused(opened: Opener) -> None:
    data = archive()
    source = opened(patched(data, central_header(data, "empty") + CENTRAL_FLAGS, b"\x01\x00"))
    member = zipdir.members(source)[2]
    with pytest.raises(UnsupportedError, match="encrypted"):
        zipdir.read_member(source, member, LIMIT)


@pytest.mark.parametrize("claimed", [10_239, 10_241, 1 << 31])
def test_a_member_that_lies_about_its_size_is_refused(opened: Opener, claimed: int) -> None:
    data = archive(method=zipfile.ZIP_DEFLATED)
    at = central_header(data, "dir/weights.h5") + CENTRAL_SIZE
    source = opened(patched(data, at, claimed.to_bytes(4, "little")))
    with pytest.raises(DamagedFileError, match="dir/weights"):
        zipdir.read_member(source, zipdir.members(source)[1], 1 << 40)


def test_a_member_above_the_limit_is_not_unpacked(opened: Opener) -> None:
    source = opened(archive({"zeros": bytes(1 << 20)}, zipfile.ZIP_DEFLATED))
    with pytest.raises(UnsupportedError, match="1048576 bytes"):
        zipdir.read_member(source, zipdir.members(source)[0], (1 << 20) - 1)


@pytest.mark.parametrize(("megabytes", "refused"), [(8, False), (9, True)])
def test_bombs(opened: Opener, megabytes: int, refused: bool) -> None:
    """A little of anything is read; more of it must be packed as what is honest is."""
    source = opened(archive({"zeros": bytes(megabytes << 20)}, zipfile.ZIP_DEFLATED))
    (member,) = zipdir.members(source)
    with pytest.raises(UnsupportedError, match="as nothing honest does") if refused else NO_ERROR:
        zipdir.refuse_bomb(source, member)


def test_a_wrong_checksum_is_refused(opened: Opener) -> None:
    data = archive()
    at = data.index(CONTENTS["config.json"])
    source = opened(patched(data, at, b"["))
    with pytest.raises(DamagedFileError, match="checksum"):
        zipdir.read_member(source, zipdir.members(source)[0], LIMIT)


def test_a_local_header_of_another_name_is_refused(opened: Opener) -> None:
    data = archive()
    source = opened(patched(data, LOCAL_NAME, b"konfig"))
    with pytest.raises(DamagedFileError, match=r"konfig\.json is where config\.json should be"):
        zipdir.open_member(source, zipdir.members(source)[0])


def test_a_count_beyond_the_directory_is_refused(opened: Opener) -> None:
    data = archive()
    end = data.rindex(b"PK\x05\x06")
    for count in (4, 60_000):
        with pytest.raises(DamagedFileError, match=f"claims {count} members"):
            zipdir.members(opened(patched(data, end + 10, count.to_bytes(2, "little"))))
    long_names = archive({"a" * 100: b"", "b" * 100: b""})
    end = long_names.rindex(b"PK\x05\x06")
    with pytest.raises(DamagedFileError, match="fewer members than the 5"):
        zipdir.members(opened(patched(long_names, end + 10, b"\x05\x00")))


def test_every_cut_is_told(opened: Opener) -> None:
    data = archive({"a": b"12345", "b": b"6789"}, comment=b"note")
    for length in range(len(data)):
        with pytest.raises(DamagedFileError):
            zipdir.members(opened(data[:length]))


@given(st.lists(st.tuples(st.integers(0, 10_000), st.binary(min_size=1, max_size=8)), max_size=5))
def test_damage_gives_nothing_but_our_errors(
    tmp_path_factory: pytest.TempPathFactory, damage: list[tuple[int, bytes]]
) -> None:
    data = archive({"a": b"1234" * 20, "b.json": b"{}"}, zipfile.ZIP_DEFLATED)
    for offset, new in damage:
        data = patched(data, offset % len(data), new)
    path = tmp_path_factory.mktemp("damaged") / "x.zip"
    path.write_bytes(data)
    with Source(str(path)) as source, contextlib.suppress(ScopecliError):
        for member in zipdir.members(source):
            assert len(zipdir.read_member(source, member, LIMIT)) == member.size
