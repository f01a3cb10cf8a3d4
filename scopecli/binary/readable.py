"""What readers need of whatever they read, be it a file, a part of one, or bytes in memory."""

from __future__ import annotations

from typing import Protocol


class Readable(Protocol):
    """Anything that is read at offsets."""

    @property
    def name(self) -> str:
        """How errors name it."""

    @property
    def size(self) -> int:
        """How many bytes it has."""

    def read(self, offset: int, length: int) -> bytes:
        """Exactly `length` bytes from `offset`."""
