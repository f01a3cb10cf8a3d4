"""Files that are written beside their target and take its place together, at the end.

What is guaranteed: the input is never opened for writing, and no file is ever half written under
its own name. Each file is written under a temporary name in the folder where it belongs, flushed
to the disk (fsync), then renamed, in the order in which the files were created; last the folder is
flushed. A process that is killed leaves temporary files at the worst (`.NAME.xxxxxxxx.scopecli`);
Ctrl-C and SIGTERM leave none.

One rename is atomic, several are not: whoever writes several files creates the one that makes the
others valid last (a checkpoint's index behind its data), and gives files that belong together new
names where old ones of the same name would be torn apart.

A symbolic link at a target's place is replaced, and what it leads to stays as it is.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING, Literal

from scopecli.binary.source import reason
from scopecli.errors import PathError, ScopecliError, UnsupportedError
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

DataMode = Literal["copy", "link", "reflink"]
DATA_MODES: tuple[DataMode, ...] = ("copy", "link", "reflink")

_CHUNK = 4 << 20
# Makes one file share the blocks of another: ioctl_ficlone(2), on btrfs, XFS, bcachefs and others.
_FICLONE = 0x40049409


class _Staged(NamedTuple):
    """One file that waits to take its place."""

    temporary: str
    path: str
    own: bool  # a hard link's contents are not ours to flush


class Staging:
    """Writes files that appear together; a context manager.

    Leaving it without `commit` removes the temporary files and changes nothing. An error of the
    operating system on the way comes out as a `PathError`.

    Attributes:
        data: how `copy` brings data over.
    """

    __slots__ = ("_backup", "_folders", "_obsolete", "_progress", "_staged", "data")

    def __init__(
        self,
        data: DataMode = "copy",
        *,
        backup: str = "",
        progress: Callable[[int], object] | None = None,
    ) -> None:
        """Nothing is written yet.

        Args:
            data: `copy`, `link` (hard links) or `reflink` (shared blocks).
            backup: suffix under which a file that is replaced or removed is kept; empty: it is not.
            progress: is told how many bytes were copied since it was called last.
        """
        self.data = data
        self._backup = backup
        self._progress = progress
        self._staged: list[_Staged] = []
        self._obsolete: list[str] = []
        self._folders: list[str] = []  # that were made for what is staged

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        trouble = self._trouble(error) if isinstance(error, OSError) else None
        self._discard()
        if trouble is not None:
            raise trouble from error

    def folder(self, path: str) -> None:
        """Make a folder where it is not there; one that stays empty goes away again."""
        with suppress(FileExistsError):
            os.mkdir(path)
            self._folders.append(path)

    def create(self, path: str) -> str:
        """The path of a new, empty file that becomes `path`; it may be written by any means.

        Raises:
            PathError: the folder is missing or does not permit it.
        """
        temporary = self._stage(path)
        try:
            os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
            if os.path.isfile(path):
                os.chmod(temporary, stat.S_IMODE(os.stat(path).st_mode))
        except (OSError, ValueError) as error:  # ValueError: a NUL in the path
            raise PathError(f"cannot be written: {reason(error)}", path=path) from error
        return temporary

    def refuse_to_share(self, path: str) -> None:
        """Say that the data of a file cannot be shared, because the names are in it, too.

        Raises:
            UnsupportedError: `data` asks for it.
        """
        if self.data != "copy":
            raise UnsupportedError(
                "has names and values in one file, so its data cannot be linked",
                path=path,
                hint="copy the data with --data copy",
            )

    def copy(self, source: str, path: str) -> None:
        """Bring a data file over: copied, hard-linked or reflinked, as `data` says.

        Raises:
            UnsupportedError: the file system cannot link, or the two are not on one.
        """
        if self.data == "link":
            self._link(source, path)
        else:
            temporary = self.create(path)
            with open(source, "rb") as old, open(temporary, "wb") as new:
                if self.data == "reflink":
                    self._clone(old.fileno(), new.fileno(), path)
                else:
                    while chunk := old.read(_CHUNK):
                        new.write(chunk)
                        self.advance(len(chunk))

    @property
    def paths(self) -> list[str]:
        """The files that wait to take their places."""
        return [staged.path for staged in self._staged]

    def remove(self, path: str) -> None:
        """Remove a file once all others are in their places."""
        self._obsolete.append(path)

    def advance(self, count: int) -> None:
        """Tell whoever watches that so many bytes of data were written."""
        if self._progress is not None:
            self._progress(count)

    def commit(self) -> None:
        """Flush the files, let them take their places, flush the folders.

        Raises:
            PathError: the disk is full, or a folder does not permit it.
        """
        folders = {os.path.dirname(staged.path) or "." for staged in self._staged}
        for staged in self._staged:
            if staged.own:
                _flush(staged.temporary)
        if self._backup:
            self._keep_old()
        for staged in self._staged:
            os.rename(staged.temporary, staged.path)
        self._folders.clear()
        for folder in folders:
            _flush(folder)
        for path in self._obsolete:
            with suppress(FileNotFoundError):
                os.unlink(path)

    def _keep_old(self) -> None:
        """Give what is about to be replaced a second name."""
        for path in [*(staged.path for staged in self._staged), *self._obsolete]:
            if os.path.lexists(path):
                kept = _temporary(path + self._backup)
                try:
                    os.link(path, kept, follow_symlinks=False)
                except OSError:  # a file system without hard links
                    import shutil

                    shutil.copy2(path, kept, follow_symlinks=False)
                os.rename(kept, path + self._backup)

    def _stage(self, path: str) -> str:
        folder = os.path.dirname(path)
        if not os.path.isdir(folder or "."):
            raise PathError("no such folder", path=folder, hint="make it first")
        if os.path.exists(path) and not os.path.isfile(path):  # a device, a pipe, a folder
            raise PathError("is not a regular file, so it cannot be replaced", path=path)
        temporary = _temporary(path)
        self._staged.append(_Staged(temporary, path, own=True))
        return temporary

    def _link(self, source: str, path: str) -> None:
        temporary = self._stage(path)
        self._staged[-1] = self._staged[-1]._replace(own=False)
        try:
            os.link(os.path.realpath(source), temporary)
        except OSError as error:
            raise _cannot_share("hard-linked", error, path) from error

    def _clone(self, source: int, target: int, path: str) -> None:
        import fcntl  # not everywhere

        try:
            fcntl.ioctl(target, _FICLONE, source)
        except OSError as error:
            raise _cannot_share("reflinked", error, path) from error

    def _discard(self) -> None:
        """Remove the temporary files that are still there."""
        for staged in self._staged:
            with suppress(OSError):
                os.unlink(staged.temporary)
        for folder in reversed(self._folders):
            with suppress(OSError):
                os.rmdir(folder)
        self._staged.clear()

    def _trouble(self, error: OSError) -> ScopecliError:
        path = next((s.path for s in self._staged if s.temporary == error.filename), None)
        hint = "make room and try again" if error.errno == errno.ENOSPC else None
        return PathError(f"cannot be written: {reason(error)}", path=path, hint=hint)


def _temporary(path: str) -> str:
    """A name in the folder of `path` that nobody has."""
    folder, base = os.path.split(path)
    # A long name must not become too long for the file system by what is added.
    return os.path.join(folder, f".{base[:200]}.{os.urandom(4).hex()}.scopecli")


def _cannot_share(how: str, error: OSError, path: str) -> ScopecliError:
    """What to say where data cannot be linked: most often two file systems are in play."""
    problem = f"cannot be {how}: {reason(error)}"
    return UnsupportedError(problem, path=path, hint="copy the data with --data copy")


def _flush(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
