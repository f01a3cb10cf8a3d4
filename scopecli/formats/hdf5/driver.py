"""What libhdf5 reads a part of a file through, and what it must be kept from reading.

libhdf5 (2.0 and before) loops for ever over a global heap in which an object claims no size: the
heap's objects are walked by the sizes that they claim (`H5HG__cache_heap_deserialize`). Strings of
variable length are in such heaps, so that one flipped bit can hang the process. Reads that go
through a file object can be looked at first.

Specification of the heap: https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html
(section III.E, "Disk Format: Level 1E - Global Heap").
"""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING

from scopecli.errors import DamagedFileError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

    from scopecli.binary.readable import Readable

_HEAP_MAGIC = b"GCOL"
_HEAP_HEADER = 8  # before the collection's size: magic, version, reserved
_OBJECT_HEADER = 8  # before the object's size: index, reference count, reserved
# Heaps are read a page at a time, then whole; anything larger is no heap's beginning.
_LOOKED_AT = 1 << 16


class InMemory:
    """Bytes in memory, read like a file."""

    def __init__(self, data: bytes, name: str) -> None:
        self._data = data
        self.name = name
        self.size = len(data)

    def read(self, offset: int, length: int) -> bytes:
        """Bytes from `offset`."""
        return self._data[offset : offset + length]


class GuardedFile(io.RawIOBase):
    """The file object that h5py's driver wants.

    Attributes:
        length_size: bytes of a length in the file, once its superblock has told.
    """

    def __init__(self, content: Readable) -> None:
        self._content = content
        self._position = 0
        self.length_size = 8

    def seekable(self) -> bool:
        """Yes."""
        return True

    def readable(self) -> bool:
        """Yes."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to an offset from the start or the end."""
        self._position = offset if whence == os.SEEK_SET else self._content.size + offset
        return self._position

    def tell(self) -> int:
        """The position."""
        return self._position

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill a buffer, as far as there are bytes.

        Raises:
            DamagedFileError: it has the beginning of a heap that libhdf5 would not get out of.
        """
        view = memoryview(buffer)
        start = self._position
        length = min(len(view), max(self._content.size - start, 0))
        data = self._content.read(start, length)
        if length <= _LOOKED_AT:
            found = data.find(_HEAP_MAGIC)
            while found >= 0:
                self._check_heap(start + found)
                found = data.find(_HEAP_MAGIC, found + 1)
        view[:length] = data
        self._position = start + length
        return length

    def _check_heap(self, start: int) -> None:
        """Walk a heap as libhdf5 does."""
        position = start + _HEAP_HEADER
        end = min(start + self._length(position), self._content.size)
        position += self.length_size
        header = _OBJECT_HEADER + self.length_size
        while position + header <= end:
            index = int.from_bytes(self._content.read(position, 2), "little")
            size = self._length(position + _OBJECT_HEADER)
            # Object 0 is the free space, and its size is that of all of it.
            step = header + (size + 7) // 8 * 8 if index else size
            if not 0 < step < 1 << 63:
                raise DamagedFileError(
                    "has a heap of strings that never ends",
                    path=self._content.name,
                    where=f"offset {position}",
                    hint="the file is damaged: copy it again",
                )
            position += step

    def _length(self, offset: int) -> int:
        if offset + self.length_size > self._content.size:
            return 0
        return int.from_bytes(self._content.read(offset, self.length_size), "little")
