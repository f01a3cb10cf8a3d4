"""Changes to an HDF5 file that are kept in memory, over bytes that are never written to.

A rename touches headers, links and attributes: a few pages of a file whose data may be gigabytes.
libhdf5 edits the file through this; the pages it wrote are then put into a copy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.errors import DamagedFileError, NotAModelError
from scopecli.formats.hdf5.driver import GuardedFile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _typeshed import ReadableBuffer

    from scopecli.binary.readable import Readable

_PAGE = 4096
_PIECE = 1 << 20
# Names grow a file by little. A file that makes libhdf5 write elsewhere is damaged.
_MAX_GROWTH = 1 << 28


class Overlay:
    """Bytes that can be written, over others that stay as they are.

    Attributes:
        name: how errors name the file.
        size: its size with the changes.
    """

    def __init__(self, content: Readable) -> None:
        """Start without changes.

        Raises:
            NotAModelError: there are no bytes, of which libhdf5 would make a new file.
        """
        if not content.size:
            raise NotAModelError("is empty", path=content.name)
        self.name = content.name
        self.size = content.size
        self._content = content
        self._pages: dict[int, bytearray] = {}

    def read(self, offset: int, length: int) -> bytes:
        """Bytes from `offset`, as they are with the changes."""
        numbers = range(offset // _PAGE, (offset + length + _PAGE - 1) // _PAGE)
        changed = [number for number in numbers if number in self._pages] if self._pages else []
        if not changed:
            return self._original(offset, length)
        data = bytearray(self._original(offset, length))
        for number in changed:
            page = self._pages[number]
            start = number * _PAGE - offset
            first, last = max(start, 0), min(start + _PAGE, length)
            data[first:last] = page[first - start : last - start]
        return bytes(data)

    def write(self, offset: int, data: bytes) -> None:
        """Put bytes at `offset`."""
        self.resize(max(self.size, offset + len(data)))
        done = 0
        while done < len(data):
            number, within = divmod(offset + done, _PAGE)
            count = min(_PAGE - within, len(data) - done)
            self._page(number)[within : within + count] = data[done : done + count]
            done += count

    def resize(self, size: int) -> None:
        """Make the file end at `size`.

        Raises:
            DamagedFileError: that is much further than where it ended.
        """
        if size > self._content.size + _MAX_GROWTH:
            raise DamagedFileError(
                f"would grow to {size} bytes by a change of names",
                path=self.name,
                hint="the file is damaged: copy it again",
            )
        self.size = size

    def changes(self) -> Iterator[tuple[int, bytes]]:
        """Offsets and bytes of what differs from the original, up to the end."""
        for number in sorted(self._pages):
            start = number * _PAGE
            if start < self.size:
                yield start, bytes(self._pages[number][: self.size - start])

    def pieces(self) -> Iterator[bytes]:
        """The whole file, a piece at a time."""
        for offset in range(0, self.size, _PIECE):
            yield self.read(offset, min(_PIECE, self.size - offset))

    def _page(self, number: int) -> bytearray:
        if number not in self._pages:
            self._pages[number] = bytearray(self._original(number * _PAGE, _PAGE))
        return self._pages[number]

    def _original(self, offset: int, length: int) -> bytes:
        """The original's bytes; zeros beyond its end."""
        there = max(min(length, self._content.size - offset), 0)
        return (self._content.read(offset, there) if there else b"").ljust(length, b"\0")


class OverlayFile(GuardedFile):
    """The file object through which libhdf5 reads and writes an overlay."""

    def __init__(self, overlay: Overlay) -> None:
        super().__init__(overlay)
        self._overlay = overlay

    def writable(self) -> bool:
        """Yes."""
        return True

    def write(self, data: ReadableBuffer) -> int:
        """Put bytes at the position."""
        written = bytes(data)
        self._overlay.write(self.tell(), written)
        self.seek(self.tell() + len(written))
        return len(written)

    def truncate(self, size: int | None = None) -> int:
        """Make the file end at a size."""
        self._overlay.resize(self.tell() if size is None else size)
        return self._overlay.size
