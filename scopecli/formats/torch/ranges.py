"""Storages that lie in a file as plain runs of bytes, and not as members of an archive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.binary.member_bytes import PlainBytes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scopecli.binary.member_bytes import Bytes
    from scopecli.binary.pickle.values import Pickle
    from scopecli.binary.source import Source
    from scopecli.model.model import Note


class Ranges:
    """What is known of such a file beside its pickle: where each storage is.

    Attributes:
        constants: there are none.
        others: there are none.
        byte_order: of the values.
        notes: there are none.
    """

    __slots__ = ("_ranges", "_reopen", "byte_order", "constants", "notes", "others")

    def __init__(self, source: Source, ranges: Mapping[str, tuple[int, int]]) -> None:
        """Offset and size of each storage, by its key."""
        self._ranges = ranges
        self._reopen = source.reopening()
        self.constants: Pickle | None = None
        self.others: list[Pickle] = []
        self.byte_order = "little"
        self.notes: list[Note] = []

    def size(self, key: str) -> int | None:
        """Bytes of a storage that are there; None where there are none at all."""
        found = self._ranges.get(key)
        return found[1] if found else None

    def checksum(self, _key: str) -> int | None:
        """There is none."""
        return None

    def offset(self, key: str) -> int | None:
        """Where a storage starts in the file."""
        return self._ranges[key][0] if key in self._ranges else None

    def open(self, key: str) -> Bytes:
        """The bytes of a storage.

        Raises:
            ScopecliError: they are not there.
        """
        with self._reopen() as source:
            return PlainBytes(source.window(*self._ranges[key], key))
