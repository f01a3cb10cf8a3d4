"""The members of a zip archive of PyTorch's: storages by key, and small facts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.binary import member_bytes, zipdir
from scopecli.errors import DamagedFileError, ScopecliError, UnsupportedError
from scopecli.model.model import Note

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from scopecli.binary.member_bytes import Bytes
    from scopecli.binary.source import Source

TWICE = "duplicate-member"
_DATA = "data/"
_LITTLE = "little"
_ORDERS = frozenset({_LITTLE, "big"})
_LARGEST_FACT = 64


class Members:
    """The members, all in one folder. The key of a storage is a name in `data/`, or a path."""

    __slots__ = ("_begins", "_data", "_folder", "_members", "_reopen")

    def __init__(self, source: Source, members: Sequence[zipdir.Member], folder: str) -> None:
        """Know these members of an archive; of one name, the first, as PyTorch does."""
        self._reopen = source.reopening()
        self._begins: dict[str, int] | None = None
        self._members = {member.name: member for member in reversed(members)}
        self._folder = folder
        self._data = folder + _DATA

    def size(self, key: str) -> int | None:
        """Bytes of a storage; None where it is missing."""
        member = self._members.get(self.member_name(key))
        return None if member is None else member.size

    def checksum(self, key: str) -> int | None:
        """CRC-32 of a storage; None where there is none: PyTorch can be told not to compute it."""
        return self._members[self.member_name(key)].crc or None

    def offset(self, key: str) -> int | None:
        """Where a storage starts in the file; None where it is compressed or not to be found."""
        if self._begins is None:
            with self._reopen() as source:
                base = source.base
                self._begins = {name: base + at for name, at in self._found(source)}
        return self._begins.get(self.member_name(key))

    def open(self, key: str) -> Bytes:
        """The bytes of a storage.

        Raises:
            ScopecliError: they are not there.
        """
        with self._reopen() as source:
            return member_bytes.of_member(source, self._members[self.member_name(key)])

    def member_name(self, key: str) -> str:
        """The member of a storage."""
        return (self._folder if "/" in key else self._data) + key

    def has(self, name: str) -> bool:
        """Whether there is a member of this name in the folder."""
        return self._folder + name in self._members

    def fact(self, source: Source, name: str) -> str:
        """The text of a small member; empty where there is none.

        Raises:
            ScopecliError: it is not small, or damaged.
        """
        if not self.has(name):
            return ""
        member = self._members[self._folder + name]
        if member.size > _LARGEST_FACT:
            raise UnsupportedError(f"has {member.size} bytes", path=source.name, where=member.name)
        return self.read(source, name, _LARGEST_FACT).decode("utf-8", "replace").strip()

    def order(self, source: Source) -> str:
        """The byte order of all values: `little` or `big`.

        Raises:
            ScopecliError: it is another one, or cannot be read.
        """
        order = self.fact(source, "byteorder") or _LITTLE
        if order not in _ORDERS:
            raise DamagedFileError(
                f"has values in the unknown byte order {order!r}", path=source.name
            )
        return order

    def doubled(self, members: Sequence[zipdir.Member]) -> Iterator[Note]:
        """The names that are there twice."""
        if len(self._members) < len(members):
            for name in zipdir.duplicates(members):
                yield Note(TWICE, "is there twice, and readers differ in which they take", name)

    def read(self, source: Source, name: str, limit: int) -> bytes:
        """The bytes of a member, which must not be more than `limit`.

        Raises:
            ScopecliError: they are more, or cannot be read.
        """
        return bytes_of(source, self._members[self._folder + name], limit)

    def _found(self, source: Source) -> Iterable[tuple[str, int]]:
        for name, member in self._members.items():
            if member.method == zipdir.STORED:
                try:
                    yield name, zipdir.data_offset(source, member)
                except ScopecliError:
                    continue  # reading it will say why


def listed(source: Source) -> list[zipdir.Member]:
    """The members of an archive, where an unpacker and PyTorch mean the same bytes.

    Of an archive with something in front of it, PyTorch takes the offsets as they are, others from
    where the archive starts.

    Raises:
        UnsupportedError: something is in front of it.
        DamagedFileError: its directory cannot be read.
    """
    directory = zipdir.locate(source)
    if directory.shift:
        raise UnsupportedError(
            f"has {directory.shift} bytes in front of its archive, which PyTorch does not load",
            path=source.name,
            hint="if it is a part of a distributed checkpoint, name the folder",
        )
    return list(zipdir.listed(source, directory))


def bytes_of(source: Source, member: zipdir.Member, limit: int) -> bytes:
    """The bytes of a member, whose checksum PyTorch may have been told to leave out.

    Raises:
        ScopecliError: they cannot be read, or are more than `limit`.
    """
    if member.crc == 0 and member.method == zipdir.STORED and member.size <= limit:
        window = zipdir.open_member(source, member)
        return window.read(0, window.size)
    zipdir.refuse_bomb(source, member)
    return zipdir.read_member(source, member, limit)
