"""The bytes of an HDF5 file by address, a page at a time.

Every byte of a file belongs to one structure. So the structures that are read, each of them once or
twice, can have no more bytes than the file a few times: where they do, they overlap or form a
cycle, and the file is damaged. That bounds all work, whatever the file claims.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.errors import DamagedFileError, TruncatedError, UnsupportedError

if TYPE_CHECKING:
    from scopecli.binary.readable import Readable

UNDEFINED = (1 << 64) - 1  # the address of what is not there
CHECKSUM = 4  # bytes in one

SHIFT = 15
IN_PAGE = (1 << SHIFT) - 1
# A page has the beginning of the next one too: what starts in it is seldom cut in two.
_PAGE = (1 << SHIFT) + (1 << 10)
_MOST_PAGES = 128
_MAX_STRUCTURE = 1 << 28
_TIMES = 6
_SPARE = 1 << 16
_MOST_WAITING = 1 << 20  # bytes whose checksums were not computed yet


class LibraryNeededError(Exception):
    """The file has something that only libhdf5 reads."""


class Pages:
    """A file, or what follows its user block. Addresses count from there.

    Attributes:
        name: how errors name the file.
        size: bytes in it.
        left: how many may still be looked at.
        cached: the pages that are in memory.
    """

    __slots__ = ("_base", "_content", "_unchecked", "_until", "cached", "left", "name", "size")

    def __init__(self, content: Readable, base: int = 0) -> None:
        """Look into a file, which must stay open as long.

        Args:
            content: the whole file.
            base: bytes before address 0.
        """
        self.name = content.name
        self.size = content.size - base
        self._content = content
        self._base = base
        self.cached: dict[int, bytes] = {}
        self.left = self.size * _TIMES + _SPARE
        self._unchecked: list[tuple[int, bytes]] = []
        self._until = self.left - _MOST_WAITING

    def block(self, at: int, length: int) -> tuple[bytes, int]:
        """Some bytes, and where in them those at an address are; `length` of them are there.

        Raises:
            DamagedFileError: they are not all in the file, or all of it has been read already.
            UnsupportedError: so many that no real file has them in one structure.
        """
        self.left -= length
        if self.left < 0:
            raise self.damaged("has structures that overlap", at)
        page = self.cached.get(at >> SHIFT)
        start = at & IN_PAGE
        if page is not None and start + length <= len(page):
            return page, start
        return self._read(at, length)

    def _read(self, at: int, length: int) -> tuple[bytes, int]:
        if at + length > self.size:
            # Base and address are those of the file that is open, so that no other is meant.
            raise TruncatedError(
                f"needs bytes up to {at + length}, and has {self.size}",
                path=self.name,
                where=f"offset {self._base + at}",
                hint="the file is damaged: copy it again",
            )
        if length > _MAX_STRUCTURE:
            raise UnsupportedError(
                f"has a structure of {length} bytes", path=self.name, where=f"offset {at}"
            )
        start = at & IN_PAGE
        if start + length > _PAGE:
            return self._content.read(self._base + at, length), 0
        if len(self.cached) >= _MOST_PAGES:
            del self.cached[next(iter(self.cached))]
        first = at - start
        page = self._content.read(self._base + first, min(_PAGE, self.size - first))
        self.cached[at >> SHIFT] = page
        return page, start

    def read(self, at: int, length: int) -> bytes:
        """Bytes at an address.

        Raises:
            ScopecliError: as `block`.
        """
        data, start = self.block(at, length)
        return data[start : start + length]

    def checked(self, at: int, length: int) -> bytes:
        """Bytes at an address, of which the last are the checksum of the others.

        Raises:
            ScopecliError: as `block` and `verify`.
        """
        data, start = self.block(at, length)
        found = data[start : start + length]
        self.verify(at, found)
        return found

    def verify(self, at: int, data: bytes) -> None:
        """Have what is at an address held against the checksum at its end, if only by `check`.

        Raises:
            DamagedFileError: this, or what was waiting, has another one.
        """
        self._unchecked.append((at, data))
        if self.left < self._until:
            self.check()

    def check(self) -> None:
        """Compute all checksums that wait for it, which is quicker for many at once.

        Raises:
            DamagedFileError: one is another than the file says.
        """
        waiting, self._unchecked = self._unchecked, []
        self._until = self.left - _MOST_WAITING
        by_length: dict[int, list[tuple[int, bytes]]] = {}
        for each in waiting:
            by_length.setdefault(len(each[1]), []).append(each)
        for alike in by_length.values():
            from scopecli.binary.hdf5.checksum import first_wrong

            wrong = first_wrong([data for _, data in alike])
            if wrong is not None:
                at = alike[wrong][0]
                raise self.damaged("a structure has another checksum than it says", at)

    def following(self, data: bytes, start: int, at: int, length: int) -> bytes:
        """Bytes at an address that is `start` in a block, which may go on so far.

        Raises:
            ScopecliError: as `block`.
        """
        found = data[start : start + length]
        if len(found) < length:
            return self.read(at, length)
        self.left -= length
        return found

    def claim(self, at: int, length: int) -> None:
        """Count bytes of a structure that were looked at in another way.

        Raises:
            DamagedFileError: all of the file has been read already.
        """
        self.left -= length
        if self.left < 0:
            raise self.damaged("has structures that overlap", at)

    def damaged(self, problem: str, at: int) -> DamagedFileError:
        """The error that says what is wrong, and where."""
        return DamagedFileError(
            problem,
            path=self.name,
            where=f"offset {self._base + at}",
            hint="the file is damaged: copy it again",
        )
