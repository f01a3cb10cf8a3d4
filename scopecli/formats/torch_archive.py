"""A zip archive as `torch.save` (since 1.6) and `torch.jit.save` write it.

Everything is below one folder: `data.pkl`, a member `data/<key>` for each storage, and `byteorder`.
TorchScript adds `code/` and `constants.pkl`, whose storages are `constants/<key>`.
https://docs.pytorch.org/docs/stable/notes/serialization.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.binary import member_bytes, pickle_opcodes, zipdir
from scopecli.binary.source import Source
from scopecli.errors import DamagedFileError, ScopecliError, UnsupportedError
from scopecli.formats.torch_marks import PICKLE, is_pickle

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scopecli.binary.member_bytes import Bytes
    from scopecli.binary.pickle_values import Pickle

LITTLE = "little"

_CONSTANTS = "constants.pkl"
_LARGEST_PICKLE = 1 << 28
_LARGEST_FACT = 64
_ORDERS = frozenset({LITTLE, "big"})


class Archive:
    """The storages of an archive, by key.

    Attributes:
        pickle: what `data.pkl` holds.
        pickle_size: its bytes.
        constants: what `constants.pkl` holds; None where there is none.
        byte_order: of the values.
        facts: about the file.
    """

    __slots__ = (
        "_begins",
        "_folder",
        "_members",
        "_path",
        "byte_order",
        "constants",
        "facts",
        "pickle",
        "pickle_size",
    )

    def __init__(self, source: Source, path: str) -> None:
        """Read what is no storage.

        Raises:
            ScopecliError: it is no archive of PyTorch's, or damaged.
        """
        self._path = path
        self._begins: dict[str, int] | None = None
        self._members = {member.name: member for member in zipdir.members(source)}
        pickles = [name for name in self._members if is_pickle(name)]
        if not pickles:
            raise DamagedFileError(f"has no {PICKLE}", path=source.name)
        self._folder = min(pickles, key=len).removesuffix(PICKLE)
        data = self._read(source, PICKLE)
        self.pickle: Pickle = pickle_opcodes.walk(data, f"{source.name}:{PICKLE}")
        self.pickle_size = len(data)
        self.constants: Pickle | None = None
        if self._folder + _CONSTANTS in self._members:
            data = self._read(source, _CONSTANTS)
            self.constants = pickle_opcodes.walk(data, f"{source.name}:{_CONSTANTS}")
            self.pickle_size += len(data)
        self.byte_order = self._fact(source, "byteorder") or LITTLE
        if self.byte_order not in _ORDERS:
            raise DamagedFileError(
                f"has values in the unknown byte order {self.byte_order!r}", path=source.name
            )
        self.facts: dict[str, object] = {
            "container": "zip archive" if self.constants is None else "TorchScript archive",
            "version": self._fact(source, "version"),
            "byte_order": self.byte_order,
        }

    def size(self, key: str) -> int | None:
        """Bytes of a storage; None where it is missing."""
        member = self._members.get(self._name(key))
        return member.size if member else None

    def checksum(self, key: str) -> int | None:
        """CRC-32 of a storage; None where there is none: PyTorch can be told not to compute it."""
        return self._members[self._name(key)].crc or None

    def offset(self, key: str) -> int | None:
        """Where a storage starts in the file; None where it is compressed or not to be found."""
        if self._begins is None:
            with Source(self._path) as source:
                self._begins = dict(self._found(source))
        return self._begins.get(self._name(key))

    def open(self, key: str) -> Bytes:
        """The bytes of a storage.

        Raises:
            ScopecliError: they are not there.
        """
        with Source(self._path) as source:
            return member_bytes.of_member(source, self._members[self._name(key)])

    def _found(self, source: Source) -> Iterable[tuple[str, int]]:
        for name, member in self._members.items():
            if member.method == zipdir.STORED:
                try:
                    yield name, zipdir.data_offset(source, member)
                except ScopecliError:
                    continue  # reading it will say why

    def _name(self, key: str) -> str:
        """The member of a storage: those of the constants have their folder in the key."""
        return self._folder + (key if "/" in key else f"data/{key}")

    def _fact(self, source: Source, name: str) -> str:
        member = self._members.get(self._folder + name)
        if member is None:
            return ""
        if member.size > _LARGEST_FACT:
            raise UnsupportedError(f"has {member.size} bytes", path=source.name, where=member.name)
        return self._read(source, name).decode("utf-8", "replace").strip()

    def _read(self, source: Source, name: str) -> bytes:
        member = self._members[self._folder + name]
        if member.crc == 0 and member.method == zipdir.STORED and member.size <= _LARGEST_PICKLE:
            window = zipdir.open_member(source, member)
            return window.read(0, window.size)
        zipdir.refuse_bomb(source, member)
        return zipdir.read_member(source, member, _LARGEST_PICKLE)
