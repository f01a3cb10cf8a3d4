"""Bounded random access to one file.

Every reader takes its bytes from here, so that no count or offset that a file claims can read
past its end or ask for more memory than the file has bytes. It reads instead of mapping: a mapped
file that shrinks while it is read kills the process, a short read is an error like any other.
Threads may read one source at the same time.
"""

from __future__ import annotations

import io
import os
import stat
import threading
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from scopecli.errors import NotAModelError, PathError, TruncatedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from types import TracebackType
    from typing import Self

_NEEDS_A_FILE = "a model is read in place: save it to a file first"


class Source:
    """A file, or a window of one, that is read at offsets.

    Attributes:
        path: the file, as it can be opened.
        size: bytes in the window.
        base: where the window starts in the file.
        inside: the member of an archive that it is; empty for a whole file.
    """

    __slots__ = ("_file", "_turn", "base", "inside", "path", "size")

    def __init__(self, path: str) -> None:
        """Open a regular file.

        Raises:
            PathError: missing, not permitted, or not a regular file.
        """
        try:
            status = os.stat(path)
            if not stat.S_ISREG(status.st_mode):
                raise PathError("not a regular file", path=path, hint=_NEEDS_A_FILE)
            # Unbuffered: readers ask for whole blocks, and a buffer would copy them once more.
            self._file = io.FileIO(path)
        except (OSError, ValueError) as error:  # ValueError: a NUL in the path
            raise PathError(f"cannot be opened: {reason(error)}", path=path) from error
        self._turn = threading.Lock()  # to seek and read without another thread in between
        self.inside = ""
        self.path = path
        self.base = 0
        self.size = status.st_size

    @property
    def name(self) -> str:
        """How errors name it."""
        return named(self.path, self.inside)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file, which all its windows share."""
        self._file.close()

    def window(self, offset: int, length: int, name: str) -> Source:
        """A part of this source as a source of its own, sharing the open file.

        Raises:
            DamagedFileError: the part is not inside this source.
        """
        self._check(offset, length)
        part = object.__new__(Source)
        part._file = self._file
        part._turn = self._turn
        part.path = self.path
        part.inside = f"{self.inside}:{name}" if self.inside else name
        part.base = self.base + offset
        part.size = length
        return part

    def reopening(self) -> Callable[[], AbstractContextManager[Source]]:
        """What opens the same part of the file again, once this source is closed."""
        return partial(_reopened, self.path, self.base, self.size, self.inside)

    def read(self, offset: int, length: int) -> bytes:
        """Exactly `length` bytes from `offset`.

        Raises:
            DamagedFileError: the range is not inside the source, or the file shrank.
        """
        self._check(offset, length)
        try:
            return self._read(offset, length)
        except OSError as error:
            raise PathError(f"cannot be read: {reason(error)}", path=self.name) from error

    def _read(self, offset: int, length: int) -> bytes:
        data = self._some(offset, length)
        while len(data) < length:  # one call returns at most 2 GiB on Linux
            more = self._some(offset + len(data), length - len(data))
            if not more:
                raise TruncatedError(
                    "the file became shorter while it was read",
                    path=self.name,
                    where=f"offset {offset + len(data)}",
                )
            data += more
        return data

    def _some(self, offset: int, length: int) -> bytes:
        """At most so many bytes, as the system gives them."""
        if hasattr(os, "pread"):  # not on Windows; threads do not wait for each other
            return os.pread(self._file.fileno(), length, self.base + offset)
        with self._turn:
            self._file.seek(self.base + offset)
            return self._file.read(length) or b""

    def head(self, length: int) -> bytes:
        """The first `length` bytes, or all where there are fewer."""
        return self.read(0, min(length, self.size))

    def tail(self, length: int) -> bytes:
        """The last `length` bytes, or all where there are fewer."""
        length = min(length, self.size)
        return self.read(self.size - length, length)

    def _check(self, offset: int, length: int) -> None:
        if offset < 0 or length < 0 or offset + length > self.size:
            raise TruncatedError(
                f"needs bytes {offset} to {offset + length}, and has {self.size}",
                path=self.name,
                hint="the file is cut short or damaged: copy it again",
            )


def named(path: str, inside: str) -> str:
    """A file, or a member of it. Not kept: an archive may have a hundred thousand members."""
    return f"{path}:{inside}" if inside else path


def reason(error: OSError | ValueError) -> str:
    """The operating system's words for a failure, without number and path."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def read_small_text(path: str, limit: int) -> str:
    """A small text file, whole.

    Raises:
        NotAModelError: larger than `limit` bytes.
        PathError: it cannot be read.
    """
    with Source(path) as source:
        if source.size > limit:
            raise NotAModelError(
                f"has {source.size} bytes where at most {limit} are meant", path=path
            )
        return source.head(limit).decode("utf-8", "replace")


@contextmanager
def _reopened(path: str, base: int, size: int, inside: str) -> Iterator[Source]:
    with Source(path) as whole:
        yield whole.window(base, size, inside)
