"""Files that take their places together, or not at all."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest

from scopecli.errors import PathError, UnsupportedError
from scopecli.formats.staging import Staging

if TYPE_CHECKING:
    from pathlib import Path


def put(staging: Staging, path: Path, text: str) -> None:
    with open(staging.create(str(path)), "w", encoding="utf-8") as file:
        file.write(text)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_nothing_is_there_before_the_commit(tmp_path: Path) -> None:
    with Staging() as staging:
        put(staging, tmp_path / "a", "1")
        put(staging, tmp_path / "b", "2")
        assert not (tmp_path / "a").exists()
        assert staging.paths == [str(tmp_path / "a"), str(tmp_path / "b")]
        staging.commit()
    assert names(tmp_path) == ["a", "b"]
    assert (tmp_path / "a").read_text("utf-8") == "1"


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError, PathError])
def test_what_goes_wrong_leaves_nothing(tmp_path: Path, error: type[BaseException]) -> None:
    (tmp_path / "a").write_text("old", "utf-8")

    def fail() -> None:
        with Staging() as staging:
            put(staging, tmp_path / "a", "new")
            raise error("stop")

    with pytest.raises(error):
        fail()
    assert names(tmp_path) == ["a"]
    assert (tmp_path / "a").read_text("utf-8") == "old"


def test_a_full_disk_is_said_in_a_line(tmp_path: Path) -> None:
    def fail() -> None:
        with Staging() as staging:
            path = staging.create(str(tmp_path / "a"))
            raise OSError(errno.ENOSPC, "No space left on device", path)

    with pytest.raises(PathError) as caught:
        fail()
    assert str(caught.value) == (
        f"{tmp_path / 'a'}: cannot be written: No space left on device; make room and try again"
    )
    assert names(tmp_path) == []


@pytest.mark.parametrize("call", ["fsync", "rename"])
def test_a_commit_that_fails_leaves_the_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    (tmp_path / "a").write_text("old", "utf-8")

    def fail(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    def commit() -> None:
        with Staging() as staging:
            put(staging, tmp_path / "a", "new")
            monkeypatch.setattr(os, call, fail)
            staging.commit()

    with pytest.raises(PathError, match="Input/output error"):
        commit()
    assert names(tmp_path) == ["a"]
    assert (tmp_path / "a").read_text("utf-8") == "old"


def test_a_folder_that_is_missing_or_does_not_permit_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Staging() as staging, pytest.raises(PathError, match="no such folder"):
        staging.create(str(tmp_path / "none" / "a"))

    def refuse(*_: object) -> int:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(os, "open", refuse)
    with Staging() as staging, pytest.raises(PathError, match="Read-only file system"):
        staging.create(str(tmp_path / "a"))


def test_every_file_is_on_the_disk_before_any_takes_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    fsync, rename = os.fsync, os.rename

    def noted_fsync(descriptor: int) -> None:
        calls.append("fsync")
        fsync(descriptor)

    def noted_rename(old: str, new: str) -> None:
        calls.append("rename")
        rename(old, new)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(os, "rename", noted_rename)
    with Staging() as staging:
        put(staging, tmp_path / "a", "1")
        put(staging, tmp_path / "b", "2")
        staging.commit()
    assert calls == ["fsync", "fsync", "rename", "rename", "fsync"]


def test_a_copy_and_a_link(tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(bytes(5 << 20))
    told: list[int] = []
    with Staging("copy", progress=told.append) as staging:
        staging.copy(str(tmp_path / "data"), str(tmp_path / "copied"))
        staging.commit()
    with Staging("link") as staging:
        staging.copy(str(tmp_path / "data"), str(tmp_path / "linked"))
        staging.commit()
    assert sum(told) == 5 << 20
    assert (tmp_path / "copied").read_bytes() == (tmp_path / "data").read_bytes()
    assert not os.path.samefile(tmp_path / "copied", tmp_path / "data")
    assert os.path.samefile(tmp_path / "linked", tmp_path / "data")
    assert names(tmp_path) == ["copied", "data", "linked"]


def test_a_link_of_a_symbolic_link_is_one_to_the_file(tmp_path: Path) -> None:
    """As in caches of downloaded models, where names are links to blobs."""
    (tmp_path / "blob").write_bytes(b"x")
    (tmp_path / "data").symlink_to("blob")
    with Staging("link") as staging:
        staging.copy(str(tmp_path / "data"), str(tmp_path / "linked"))
        staging.commit()
    assert not (tmp_path / "linked").is_symlink()
    assert os.path.samefile(tmp_path / "linked", tmp_path / "blob")


@pytest.mark.parametrize(
    ("data", "module", "call"), [("link", "os", "link"), ("reflink", "fcntl", "ioctl")]
)
def test_another_file_system_is_said_with_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: str, module: str, call: str
) -> None:
    (tmp_path / "data").write_bytes(b"x")

    def fail(*_: object) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(f"{module}.{call}", fail)
    with (
        Staging(data) as staging,  # type: ignore[arg-type]
        pytest.raises(UnsupportedError, match="cross-device link; copy the data with --data copy"),
    ):
        staging.copy(str(tmp_path / "data"), str(tmp_path / "new"))
    assert names(tmp_path) == ["data"]


def test_a_reflink_asks_the_file_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """ioctl_ficlone(2) takes the new file, its number and the old file."""
    (tmp_path / "data").write_bytes(b"x")
    asked = []

    def ficlone(target: int, request: int, source: int) -> None:
        asked.append(request)
        os.write(target, os.pread(source, 10, 0))

    monkeypatch.setattr("fcntl.ioctl", ficlone)
    with Staging("reflink") as staging:
        staging.copy(str(tmp_path / "data"), str(tmp_path / "new"))
        staging.commit()
    assert asked == [0x40049409]
    assert (tmp_path / "new").read_bytes() == b"x"


def test_what_is_replaced_can_be_kept(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old", "utf-8")
    (tmp_path / "gone").write_text("old too", "utf-8")
    (tmp_path / "a.bak").write_text("older", "utf-8")
    with Staging(backup=".bak") as staging:
        put(staging, tmp_path / "a", "new")
        put(staging, tmp_path / "b", "new")
        staging.remove(str(tmp_path / "gone"))
        staging.commit()
    assert names(tmp_path) == ["a", "a.bak", "b", "gone.bak"]
    assert (tmp_path / "a.bak").read_text("utf-8") == "old"
    assert (tmp_path / "gone.bak").read_text("utf-8") == "old too"


def test_the_mode_of_a_file_that_is_replaced_stays(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old", "utf-8")
    (tmp_path / "a").chmod(0o640)
    with Staging() as staging:
        put(staging, tmp_path / "a", "new")
        staging.commit()
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o640


def test_a_symbolic_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "blob").write_text("shared", "utf-8")
    (tmp_path / "a").symlink_to("blob")
    with Staging() as staging:
        put(staging, tmp_path / "a", "new")
        staging.commit()
    assert (tmp_path / "blob").read_text("utf-8") == "shared"
    assert not (tmp_path / "a").is_symlink()


def test_folders_that_stay_empty_go_away(tmp_path: Path) -> None:
    """What was there stays, and what is in one that was made."""
    (tmp_path / "there").mkdir()
    with Staging() as staging:
        for name in ("there", "new", "new/inner", "full"):
            staging.folder(str(tmp_path / name))
        put(staging, tmp_path / "new/inner/a", "a")
        (tmp_path / "full/of").touch()
    assert names(tmp_path) == ["full", "there"]
    with Staging() as staging:
        staging.folder(str(tmp_path / "new"))
        put(staging, tmp_path / "new/a", "a")
        staging.commit()
    assert names(tmp_path / "new") == ["a"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with names")
def test_only_files_are_replaced(tmp_path: Path) -> None:
    """No device, whoever may do so, and nothing that leads to one."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("pipe")
    for name in ("pipe", "folder", "link"):
        with (
            pytest.raises(PathError, match="is not a regular file, so it cannot be replaced"),
            Staging() as one,
        ):
            one.create(str(tmp_path / name))
    assert names(tmp_path) == ["folder", "link", "pipe"]
