"""The bytes of a file or of a zip member, opened only while they are read.

A model must not hold files that somebody would have to close. A deflated member cannot be read from
the middle: it is unpacked from its start, piece by piece, and the next run goes on from there.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Protocol

from scopecli.binary import zipdir
from scopecli.binary.source import Source, named
from scopecli.errors import ChecksumError, DamagedFileError, TruncatedError, UnsupportedError

if TYPE_CHECKING:
    from zlib import _Decompress as _Inflate

_PIECE = 1 << 16


class Bytes(Protocol):
    """Something that is read at offsets.

    Attributes:
        size: how many bytes it has, as its container says.
    """

    size: int

    @property
    def name(self) -> str:
        """How errors name it."""

    def read(self, offset: int, length: int) -> bytes:
        """Exactly `length` bytes from `offset`.

        Raises:
            ScopecliError: they are not there.
        """

    def close(self) -> None:
        """Let go of what it takes to read on from here; the next read begins anew."""


class PlainBytes:
    """A range of a file."""

    __slots__ = ("_base", "_inside", "_path", "size")

    def __init__(self, source: Source) -> None:
        """What the source is a window of; the source itself may be closed."""
        self._path = source.path
        self._inside = source.inside
        self._base = source.base
        self.size = source.size

    @property
    def name(self) -> str:
        """How errors name it."""
        return named(self._path, self._inside)

    def read(self, offset: int, length: int) -> bytes:
        """Exactly `length` bytes from `offset`.

        Raises:
            ScopecliError: they are not there.
        """
        if offset + length > self.size:
            raise too_short(self.name, offset + length, self.size)
        with Source(self._path) as source:
            return source.read(self._base + offset, length)

    def close(self) -> None:
        """Nothing is kept between reads."""


class InOrder(Protocol):
    """Bytes that follow one another, and cannot be had from the middle.

    Attributes:
        position: of the byte that comes next.
    """

    position: int

    def some(self, most: int) -> bytes:
        """Some of the bytes that follow, at least one."""

    def close(self) -> None:
        """Begin anew."""


def in_order(stream: InOrder, offset: int, length: int) -> bytes:
    """Exactly `length` bytes from `offset`; those before it are read, too."""
    if offset < stream.position:
        stream.close()
    while stream.position < offset:
        stream.some(min(_PIECE, offset - stream.position))
    pieces = []
    while length:
        piece = stream.some(length)
        pieces.append(piece)
        length -= len(piece)
    return b"".join(pieces)


class DeflatedBytes:
    """A deflated member of a zip archive. Its checksum is verified when its end is reached.

    Attributes:
        name: how errors name it.
        size: how many bytes it has, as the directory of the archive says.
        position: of the byte that is unpacked next.
    """

    __slots__ = (
        "_begin",
        "_crc",
        "_inflate",
        "_member",
        "_path",
        "_taken",
        "name",
        "position",
        "size",
    )

    def __init__(self, source: Source, member: zipdir.Member) -> None:
        """A member of the archive in the source, which may be closed afterwards.

        Raises:
            DamagedFileError: its local header is that of another member.
            UnsupportedError: it is encrypted.
        """
        self._path = source.path
        self._member = member
        self._begin = source.base + zipdir.data_offset(source, member)
        self.name = f"{source.name}:{member.name}"
        self.size = member.size
        self.close()

    def close(self) -> None:
        """Let go of what it takes to read on from here; the next read begins anew."""
        self._inflate: _Inflate | None = None
        self._taken = self.position = self._crc = 0

    def read(self, offset: int, length: int) -> bytes:
        """Exactly `length` bytes from `offset`.

        Raises:
            ScopecliError: they are not there, or are not what the checksum is of.
        """
        if offset + length > self.size:
            raise too_short(self.name, offset + length, self.size)
        return in_order(self, offset, length)

    def some(self, most: int) -> bytes:
        """Some of the bytes that follow, at least one."""
        inflate = self._inflate
        if inflate is None:  # tens of kilobytes, which an archive of thousands would add up
            inflate = self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        piece = b""
        try:
            while not piece:
                packed = inflate.unconsumed_tail or self._packed()
                piece = inflate.decompress(packed, most)
                if not piece and (not packed or inflate.eof):
                    raise too_short(self.name, self.size, self.position)
        except zlib.error as error:
            raise DamagedFileError(f"cannot be unpacked: {error}", path=self.name) from error
        self.position += len(piece)
        self._crc = zlib.crc32(piece, self._crc)
        if self.position == self.size and self._crc != self._member.crc:
            raise ChecksumError(
                "does not have the bytes that its checksum is of",
                path=self.name,
                hint="copy the file again",
            )
        return piece

    def _packed(self) -> bytes:
        length = min(_PIECE, self._member.compressed_size - self._taken)
        with Source(self._path) as source:
            packed = source.read(self._begin + self._taken, length)
        self._taken += length
        return packed


def of_member(source: Source, member: zipdir.Member) -> Bytes:
    """The bytes of a zip member.

    Raises:
        DamagedFileError: it contradicts the directory of the archive.
        UnsupportedError: it is encrypted, or compressed in a way that is not read.
    """
    if member.method == zipdir.STORED:
        return PlainBytes(zipdir.open_member(source, member))
    if member.method == zipdir.DEFLATED:
        return DeflatedBytes(source, member)
    raise UnsupportedError(
        f"is compressed with method {member.method}", path=source.name, where=member.name
    )


def too_short(name: str, needed: int, size: int) -> TruncatedError:
    """The error for bytes that are not there."""
    return TruncatedError(
        f"needs {needed} bytes, and has {size}",
        path=name,
        hint="the file is cut short or damaged: copy it again",
    )
