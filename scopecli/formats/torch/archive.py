"""A zip archive as `torch.save` (since 1.6) and `torch.jit.save` write it.

Everything is below one folder: `data.pkl`, a member `data/<key>` for each storage, and `byteorder`.
TorchScript adds `code/` and `constants.pkl`, whose storages are `constants/<key>`.
https://docs.pytorch.org/docs/stable/notes/serialization.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.binary import member_bytes, zipdir
from scopecli.binary.pickle import opcodes
from scopecli.binary.source import Source
from scopecli.errors import DamagedFileError, ScopecliError, UnsupportedError
from scopecli.formats.torch.marks import PICKLE, is_pickle
from scopecli.formats.torch.script import Classes
from scopecli.model.model import Note

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from scopecli.binary.member_bytes import Bytes
    from scopecli.binary.pickle.values import Pickle

LITTLE = "little"

_CONSTANTS = "constants.pkl"
_PICKLES = ".pkl"
_DATA = "data/"
_TWICE = "duplicate-member"
_LARGEST_PICKLE = 1 << 28
_LARGEST_CODE = 1 << 24
_LARGEST_FACT = 64
_ALIGNMENT = 64  # where the file does not say another one
_LARGEST_ALIGNMENT = 0x8000
_ORDERS = frozenset({LITTLE, "big"})


class Archive:
    """The storages of an archive, by key.

    Attributes:
        pickle: what `data.pkl` holds.
        pickle_size: its bytes.
        pickle_name: the member that it is.
        alignment: of the storages in the file.
        constants: what `constants.pkl` holds; None where there is none.
        classes: those of a TorchScript archive.
        others: what the pickles hold that are read by none, or by other readers.
        byte_order: of the values.
        facts: about the file.
        notes: what readers may take for different files.
    """

    __slots__ = (
        "_begins",
        "_data",
        "_folder",
        "_members",
        "_path",
        "alignment",
        "byte_order",
        "classes",
        "constants",
        "facts",
        "notes",
        "others",
        "pickle",
        "pickle_name",
        "pickle_size",
    )

    def __init__(self, source: Source, path: str) -> None:
        """Read what is no storage.

        Raises:
            ScopecliError: it is no archive of PyTorch's, or damaged.
        """
        self._path = path
        self._begins: dict[str, int] | None = None
        members = _all_members(source)
        self._members = {member.name: member for member in reversed(members)}  # as PyTorch
        pickles = [member for member in members if member.name.endswith(_PICKLES)]
        main = [member.name for member in pickles if is_pickle(member.name)]
        self._folder = _folder(members, main, source.name)
        self._data = self._folder + _DATA
        self.pickle_name = self._folder + PICKLE
        self.notes = list(self._ambiguities(members, main))
        data = self._read(source, PICKLE)
        self.pickle: Pickle = opcodes.walk(data, f"{source.name}:{PICKLE}")
        self.pickle_size = len(data)
        self.constants: Pickle | None = None
        if self._folder + _CONSTANTS in self._members:
            data = self._read(source, _CONSTANTS)
            self.constants = opcodes.walk(data, f"{source.name}:{_CONSTANTS}")
            self.pickle_size += len(data)
        self.classes = Classes(self._text) if self.constants is not None else None
        self.others = list(self._others(source, pickles))
        self.byte_order = self._fact(source, "byteorder") or LITTLE
        if self.byte_order not in _ORDERS:
            raise DamagedFileError(
                f"has values in the unknown byte order {self.byte_order!r}", path=source.name
            )
        alignment = self._fact(source, ".storage_alignment")
        is_number = alignment.isdecimal() and 0 < int(alignment) <= _LARGEST_ALIGNMENT
        self.alignment = int(alignment) if is_number else _ALIGNMENT
        self.facts: dict[str, object] = {
            "container": "zip archive" if self.constants is None else "TorchScript archive",
            "version": self._fact(source, "version"),
            "byte_order": self.byte_order,
        }

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
            with Source(self._path) as source:
                self._begins = dict(self._found(source))
        return self._begins.get(self.member_name(key))

    def open(self, key: str) -> Bytes:
        """The bytes of a storage.

        Raises:
            ScopecliError: they are not there.
        """
        with Source(self._path) as source:
            return member_bytes.of_member(source, self._members[self.member_name(key)])

    def pickle_bytes(self, source: Source) -> bytes:
        """The bytes of `data.pkl`.

        Raises:
            ScopecliError: they cannot be read.
        """
        return self._read(source, PICKLE)

    def _text(self, name: str) -> bytes:
        """A file of code, where it is there and can be read."""
        if self._folder + name not in self._members:
            return b""
        with Source(self._path) as source:
            try:
                return _bytes_of(source, self._members[self._folder + name], _LARGEST_CODE)
            except ScopecliError:
                return b""  # what it says of tensors is not known, then

    def _ambiguities(
        self, members: Sequence[zipdir.Member], pickles: Sequence[str]
    ) -> Iterator[Note]:
        """What one reader may take in one place, and another in another."""
        if len(self._members) < len(members):
            for name in zipdir.duplicates(members):
                yield Note(_TWICE, "is there twice, and readers differ in which they take", name)
        for name in dict.fromkeys(reversed(pickles)):
            if name != self.pickle_name:
                yield Note(_TWICE, f"is a second {PICKLE}: PyTorch reads {self._folder}", name)

    def _others(self, source: Source, pickles: Iterable[zipdir.Member]) -> Iterator[Pickle]:
        """The pickles beside those that are read, as far as they are some."""
        read = [self._members.get(self._folder + name) for name in (PICKLE, _CONSTANTS)]
        seen = {member.header for member in read if member is not None}
        room = _LARGEST_PICKLE
        for member in pickles:
            if member.header not in seen:
                seen.add(member.header)
                try:
                    data = _bytes_of(source, member, room)
                    yield opcodes.walk(data, f"{source.name}:{member.name}")
                except ScopecliError:
                    continue  # nobody can load it either
                room -= len(data)

    def _found(self, source: Source) -> Iterable[tuple[str, int]]:
        for name, member in self._members.items():
            if member.method == zipdir.STORED:
                try:
                    yield name, zipdir.data_offset(source, member)
                except ScopecliError:
                    continue  # reading it will say why

    def member_name(self, key: str) -> str:
        """The member of a storage: those of the constants have their folder in the key."""
        return (self._folder if "/" in key else self._data) + key

    def _fact(self, source: Source, name: str) -> str:
        member = self._members.get(self._folder + name)
        if member is None:
            return ""
        if member.size > _LARGEST_FACT:
            raise UnsupportedError(f"has {member.size} bytes", path=source.name, where=member.name)
        return self._read(source, name).decode("utf-8", "replace").strip()

    def _read(self, source: Source, name: str) -> bytes:
        return _bytes_of(source, self._members[self._folder + name], _LARGEST_PICKLE)


def _all_members(source: Source) -> list[zipdir.Member]:
    """The members, where an unpacker and PyTorch mean the same bytes.

    Of an archive with something in front of it, PyTorch takes the offsets as they are, others from
    where the archive starts.
    """
    directory = zipdir.locate(source)
    if directory.shift:
        raise UnsupportedError(
            f"has {directory.shift} bytes in front of its archive, which PyTorch does not load",
            path=source.name,
            hint="if it is a part of a distributed checkpoint, name the folder",
        )
    return list(zipdir.listed(source, directory))


def _folder(members: Sequence[zipdir.Member], pickles: Sequence[str], path: str) -> str:
    """The folder that everything is in: PyTorch takes that of the first member.

    Raises:
        DamagedFileError: there is no pickle in any.
    """
    if not pickles:
        raise DamagedFileError(f"has no {PICKLE}", path=path)
    first = members[0].name.partition("/")[0]
    name = f"{first}/{PICKLE}"
    return (name if name in pickles else min(pickles, key=len)).removesuffix(PICKLE)


def _bytes_of(source: Source, member: zipdir.Member, limit: int) -> bytes:
    """The bytes of a member, whose checksum PyTorch may have been told to leave out."""
    if member.crc == 0 and member.method == zipdir.STORED and member.size <= limit:
        window = zipdir.open_member(source, member)
        return window.read(0, window.size)
    zipdir.refuse_bomb(source, member)
    return zipdir.read_member(source, member, limit)
