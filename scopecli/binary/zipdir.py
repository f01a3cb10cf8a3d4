"""Zip archives: the directory, and members read in place or unpacked within a limit.

The standard library's `zipfile` believes sizes and duplicates; here every count is held against
what is left of the file, and a member that is stored is a window of the source.

Specification: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT (sections 4.3 and 4.5.3).
"""

from __future__ import annotations

import zlib
from struct import Struct
from typing import TYPE_CHECKING

from scopecli.errors import ChecksumError, DamagedFileError, TruncatedError, UnsupportedError
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from scopecli.binary.source import Source

STORED = 0
DEFLATED = 8

LOCAL = Struct("<4s5H3I2H")
CENTRAL = Struct("<4s6H3I5H2I")
# The same, but for what a member is read without: versions, time, attributes, the number of a disk.
_ENTRY = Struct("<4s4x2H4x3I3H8xI")
END = Struct("<4s4H2IH")
ZIP64_LOCATOR = Struct("<4sIQI")
ZIP64_END = Struct("<4sQ2H2I4Q")
_LOCAL_MAGIC = b"PK\x03\x04"
_CENTRAL_MAGIC = b"PK\x01\x02"
_END_MAGIC = b"PK\x05\x06"
_ZIP64_LOCATOR_MAGIC = b"PK\x06\x07"
_ZIP64_END_MAGIC = b"PK\x06\x06"

_MAX_COMMENT = 0xFFFF
_ENCRYPTED = 0x0001
_ZIP64_EXTRA = 0x0001
# A 32-bit field that says: see the zip64 one.
_IN_ZIP64 = 0xFFFFFFFF

# Deflate cannot do better: 258 bytes in two bits.
_MAX_RATIO = 1032
_PIECE = 1 << 20
_LONGEST_FIRST = 1 << 10
# The most that is unpacked whatever it was packed from, and how much better than honest weights,
# descriptions and pickles the rest may be packed.
_HARMLESS = 1 << 23
_HONEST_RATIO = 100


class Member(NamedTuple):
    """One file in an archive.

    Attributes:
        name: its path, with `/`; bytes that are not UTF-8 survive.
        method: `STORED`, `DEFLATED` or another number.
        header: offset of its local header.
        compressed_size: bytes in the archive.
        size: bytes unpacked, as the directory claims.
        crc: CRC-32 of the unpacked bytes.
        encrypted: whether a password is needed.
    """

    name: str
    method: int
    header: int
    compressed_size: int
    size: int
    crc: int
    encrypted: bool


class Directory(NamedTuple):
    """Where the central directory is, as the end of the archive says."""

    start: int
    size: int
    members: int
    shift: int  # bytes before the archive, which its offsets do not count
    comment: bytes = b""


def members(source: Source) -> list[Member]:
    """The directory of an archive, in its order; a name may occur more than once.

    Raises:
        DamagedFileError: cut short, or its counts and offsets contradict the file.
        UnsupportedError: spread over several disks.
    """
    return list(listed(source, locate(source)))


def listed(source: Source, directory: Directory) -> Iterator[Member]:
    """The members of a directory, in its order.

    Raises:
        DamagedFileError: cut short, or its counts and offsets contradict the file.
    """
    if directory.members * CENTRAL.size > directory.size:
        raise _damaged(source, f"claims {directory.members} members", directory.start)
    data = source.read(directory.start, directory.size)
    unpack, fixed, length = _ENTRY.unpack_from, _ENTRY.size, len(data)
    start, shift = directory.start, directory.shift
    make = tuple.__new__  # what `Member(...)` comes to, without the call in between
    position = 0
    for _ in range(directory.members):
        name_at = position + fixed
        if name_at > length:
            problem = f"has fewer members than the {directory.members} that it claims"
            raise _damaged(source, problem, start + position)
        (
            magic, flags, method, crc, compressed, size,
            name_length, extra_length, comment_length, header,
        ) = unpack(data, position)  # fmt: skip
        extra_at = name_at + name_length
        following = extra_at + extra_length + comment_length
        if magic != _CENTRAL_MAGIC or following > length:
            raise _damaged(source, "has a damaged directory", start + position)
        if _IN_ZIP64 in (size, compressed, header):
            extra = data[extra_at : extra_at + extra_length]
            size, compressed, header = _zip64(extra, size, compressed, header)
        header += shift
        if header + LOCAL.size + compressed > start:
            raise _damaged(source, "has a member that is not in the file", start + position)
        name = data[name_at:extra_at].decode("utf-8", "surrogateescape")
        encrypted = bool(flags & _ENCRYPTED)
        fields = (name, method, header, compressed, size, crc, encrypted)
        yield make(Member, fields)
        position = following


def records(source: Source, directory: Directory) -> Iterator[tuple[Member, bytes]]:
    """The members, each with its entry in the directory.

    Raises:
        DamagedFileError: cut short, or its counts and offsets contradict the file.
    """
    data = source.read(directory.start, directory.size)
    position = 0
    for member in listed(source, directory):
        lengths = CENTRAL.unpack_from(data, position)[10:13]  # of name, extra fields and comment
        following = position + CENTRAL.size + sum(lengths)
        yield member, data[position:following]
        position = following


def first_name(source: Source) -> str:
    """What the member is called that the file starts with; empty where it starts with none."""
    head = source.head(LOCAL.size + _LONGEST_FIRST)
    if len(head) < LOCAL.size or not head.startswith(_LOCAL_MAGIC):
        return ""
    name_length = int(LOCAL.unpack_from(head)[-2])
    return _text(head[LOCAL.size : LOCAL.size + name_length])


def duplicates(found: Iterable[Member]) -> list[str]:
    """Names that occur more than once."""
    names = [member.name for member in found]
    seen: set[str] = set()
    twice: dict[str, None] = {}
    if len(set(names)) < len(names):
        for name in names:
            if name in seen:
                twice[name] = None
            seen.add(name)
    return list(twice)


def open_member(source: Source, member: Member) -> Source:
    """A stored member as a source of its own, in place.

    Raises:
        DamagedFileError: its local header contradicts the directory, or it is not in the file.
        UnsupportedError: encrypted, or not stored.
    """
    start = data_offset(source, member)
    if member.method != STORED:
        raise UnsupportedError("is compressed", path=source.name, where=member.name)
    if member.size != member.compressed_size:
        raise _damaged(source, f"{member.name} claims two sizes", member.header)
    return source.window(start, member.size, member.name)


def read_member(source: Source, member: Member, limit: int) -> bytes:
    """A member's bytes, unpacked, with their checksum verified.

    Raises:
        DamagedFileError: it contradicts the directory or its checksum.
        UnsupportedError: encrypted, compressed in another way, or larger than `limit`.
    """
    if member.size > limit:
        raise UnsupportedError(
            f"unpacks to {member.size} bytes, and at most {limit} are read",
            path=source.name,
            where=member.name,
        )
    start = data_offset(source, member)
    if member.method == STORED:
        window = open_member(source, member)
        data = window.read(0, window.size)
    elif member.method == DEFLATED:
        data = _inflated(source, member, start)
    else:
        raise UnsupportedError(
            f"is compressed with method {member.method}", path=source.name, where=member.name
        )
    if len(data) != member.size or zlib.crc32(data) != member.crc:
        raise ChecksumError(
            "does not have the bytes that its checksum is of",
            path=source.name,
            where=member.name,
            hint="copy the file again",
        )
    return data


def refuse_bomb(source: Source, member: Member) -> None:
    """Check that a member, which is about to be unpacked into memory, is no zip bomb.

    Raises:
        UnsupportedError: it is packed better than what is honest.
    """
    if member.size > max(_HARMLESS, _HONEST_RATIO * member.compressed_size):
        raise UnsupportedError(
            f"unpacks from {member.compressed_size} to {member.size} bytes, as nothing honest does",
            path=source.name,
            where=member.name,
        )


def data_offset(source: Source, member: Member) -> int:
    """Offset of a member's bytes, which only its local header tells.

    Raises:
        DamagedFileError: the local header is that of another member.
        UnsupportedError: the member is encrypted.
    """
    if member.encrypted:
        raise UnsupportedError("is encrypted", path=source.name, where=member.name)
    own = member.name.encode("utf-8", "surrogateescape")
    found = source.read(member.header, LOCAL.size + len(own))  # it is in front of the directory
    name_length, extra_length = map(int, LOCAL.unpack_from(found)[-2:])
    if not found.startswith(_LOCAL_MAGIC):
        raise _damaged(source, f"no member starts where {member.name} should", member.header)
    if name_length != len(own) or found[LOCAL.size :] != own:
        name = _text(source.read(member.header + LOCAL.size, name_length))
        raise _damaged(source, f"{name} is where {member.name} should be", member.header)
    return member.header + LOCAL.size + name_length + extra_length


def locate(source: Source) -> Directory:
    """Where the directory is.

    Raises:
        DamagedFileError: there is none.
        UnsupportedError: the archive is spread over several disks.
    """
    tail = source.tail(END.size + _MAX_COMMENT)
    at = tail.rfind(_END_MAGIC)
    while at >= 0:
        end = tail[at : at + END.size]
        # The comment reaches to the end of the file, or this is no end record but looks like one.
        if len(end) == END.size and at + END.size + END.unpack(end)[7] == len(tail):
            found = _from_end(source, source.size - len(tail) + at, end)
            return found._replace(comment=tail[at + END.size :])
        at = tail.rfind(_END_MAGIC, 0, at)
    raise TruncatedError(
        "is a zip archive without its directory",
        path=source.name,
        hint="the file is cut short: copy it again",
    )


def _from_end(source: Source, offset: int, end: bytes) -> Directory:
    locator = offset - ZIP64_LOCATOR.size
    if locator >= 0 and source.read(locator, 4) == _ZIP64_LOCATOR_MAGIC:
        return _from_zip64(source, locator)
    _, disk, first_disk, _, count, size, start, _ = END.unpack(end)
    if disk or first_disk:
        raise UnsupportedError("is one part of a split zip archive", path=source.name)
    return _located(source, offset, size, start, count)


def _from_zip64(source: Source, locator: int) -> Directory:
    _, _, end_offset, _ = ZIP64_LOCATOR.unpack(source.read(locator, ZIP64_LOCATOR.size))
    # Directly before its locator, unless it is extended: then only the locator tells.
    for offset in (locator - ZIP64_END.size, end_offset):
        if 0 <= offset <= locator - ZIP64_END.size:
            end = source.read(offset, ZIP64_END.size)
            if end.startswith(_ZIP64_END_MAGIC):
                *_, disk, first_disk, _, count, size, start = ZIP64_END.unpack(end)
                if disk or first_disk:
                    raise UnsupportedError("is one part of a split zip archive", path=source.name)
                return _located(source, offset, size, start, count)
    raise _damaged(source, "has no zip64 directory where one should be", locator)


def _located(source: Source, end: int, size: int, start: int, count: int) -> Directory:
    """The directory, which ends where the record of the end starts."""
    shift = end - size - start
    if shift < 0:
        raise _damaged(source, f"claims a directory of {size} bytes at {start}", end)
    return Directory(start + shift, size, count, shift)


def _zip64(extra: bytes, *fields: int) -> Iterator[int]:
    """Size, compressed size and offset, taken from the zip64 field where they do not fit."""
    large = _extra_field(extra, _ZIP64_EXTRA)
    for value in fields:
        if value == _IN_ZIP64 and len(large) >= 8:
            yield int.from_bytes(large[:8], "little")
            large = large[8:]
        else:
            yield value


def _extra_field(extra: bytes, wanted: int) -> bytes:
    position = 0
    while position + 4 <= len(extra):
        kind = int.from_bytes(extra[position : position + 2], "little")
        length = int.from_bytes(extra[position + 2 : position + 4], "little")
        if kind == wanted:
            return extra[position + 4 : position + 4 + length]
        position += 4 + length
    return b""


def _inflated(source: Source, member: Member, start: int) -> bytes:
    """A deflated member, never more than one byte beyond the size that it claims."""
    if member.size > member.compressed_size * _MAX_RATIO:
        raise _damaged(
            source,
            f"{member.name} claims to unpack from {member.compressed_size} bytes to {member.size}",
            member.header,
        )
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    pieces = []
    room = member.size + 1
    try:
        for offset in range(0, member.compressed_size, _PIECE):
            length = min(_PIECE, member.compressed_size - offset)
            piece = inflate.decompress(source.read(start + offset, length), room)
            pieces.append(piece)
            room -= len(piece)
            if not room or inflate.eof:
                break
    except zlib.error as error:
        raise _damaged(source, f"{member.name} cannot be unpacked: {error}", start) from error
    return b"".join(pieces)


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")


def _damaged(source: Source, problem: str, offset: int) -> DamagedFileError:
    return DamagedFileError(
        problem,
        path=source.name,
        where=f"offset {offset}",
        hint="the file is damaged: copy it again",
    )
