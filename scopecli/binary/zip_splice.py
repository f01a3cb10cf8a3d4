"""A copy of a zip archive in which some members have other bytes, and some are left out.

What stays is copied as it is stored, and members whose bytes were aligned are so again: readers map
them into memory. Padding is PyTorch's, an extra field `FB`.
https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT (sections 4.3 and 4.5)
"""

from __future__ import annotations

import zlib
from itertools import pairwise
from struct import Struct
from typing import TYPE_CHECKING

from scopecli.binary import zipdir
from scopecli.errors import UnsupportedError
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from collections.abc import Set as AbstractSet
    from typing import IO

    from scopecli.binary.source import Source
    from scopecli.binary.zipdir import Member

_FIELD = Struct("<2sH")
_DESCRIPTOR = Struct("<4s3I")
_DESCRIPTOR_MAGIC = b"PK\x07\x08"
_HAS_DESCRIPTOR = 0x0008
_MADE_BY, _NEEDED = 0x031E, 45
_FULL, _FULL_COUNT = 0xFFFFFFFF, 0xFFFF
_ZIP64 = b"\x01\x00"
_PADDING = b"FB"
_CHUNK = 4 << 20


class Change(NamedTuple):
    """What becomes of an archive.

    Attributes:
        replaced: new bytes of members, which are stored, not deflated.
        removed: names of the members that are left out.
        alignment: of the bytes of members.
    """

    replaced: Mapping[str, bytes]
    removed: AbstractSet[str]
    alignment: int


def splice(
    source: Source, change: Change, file: IO[bytes], advance: Callable[[int], object]
) -> None:
    """Write the changed archive.

    Args:
        source: the archive.
        change: what is changed.
        file: where the new one goes, at its start.
        advance: is told how many bytes were copied since it was called last.

    Raises:
        DamagedFileError: a member cannot be found.
        UnsupportedError: a member is encrypted, or its bytes are another one's, too.
    """
    directory = zipdir.locate(source)
    records = list(zipdir.records(source, directory))
    starts = [*sorted(member.header for member, _ in records), directory.start]
    ends = dict(pairwise(starts))
    if starts[0] != 0 or len(ends) != len(records):
        raise UnsupportedError("has bytes that are no member's, or several's", path=source.name)
    places: dict[str, int] = {}
    for member, _ in sorted(records, key=lambda record: record[0].header):
        if member.name not in change.removed:
            places[member.name] = file.tell()
            _copy(source, member, ends[member.header], change, file)
            advance(file.tell() - places[member.name])
    kept = [record for record in records if record[0].name not in change.removed]
    start = file.tell()
    for member, record in kept:
        file.write(_central(member, record, places[member.name], change))
    _write_end(file, start, len(kept), directory.comment)


def _copy(source: Source, member: Member, end: int, change: Change, file: IO[bytes]) -> None:
    """Write a member: its local header, its bytes, and what is behind them."""
    begin = zipdir.data_offset(source, member)
    behind = begin + member.compressed_size
    if behind > end:
        raise UnsupportedError("has members that overlap", path=source.name, where=member.name)
    header = list(zipdir.LOCAL.unpack(source.read(member.header, zipdir.LOCAL.size)))
    names = source.read(
        member.header + zipdir.LOCAL.size, begin - member.header - zipdir.LOCAL.size
    )
    name, extra = names[: header[9]], names[header[9] :]
    data = change.replaced.get(member.name)
    described = bool(header[2] & _HAS_DESCRIPTOR)
    if data is not None:
        facts = (0, 0, 0) if described else (zlib.crc32(data), len(data), len(data))
        header[3], header[6:9] = zipdir.STORED, facts
        extra = b"".join(_fields(extra, {_ZIP64}))
    if begin % change.alignment == 0:
        extra = b"".join(_fields(extra, {_PADDING}))
        start = file.tell() + zipdir.LOCAL.size + len(name) + len(extra) + _FIELD.size
        padding = -start % change.alignment
        extra = _FIELD.pack(_PADDING, padding) + b"Z" * padding + extra
    header[10] = len(extra)
    file.write(zipdir.LOCAL.pack(*header) + name + extra)
    if data is None:
        for at in range(begin, end, _CHUNK):
            file.write(source.read(at, min(_CHUNK, end - at)))
        return
    file.write(data)
    if described:
        size = len(data)
        file.write(_DESCRIPTOR.pack(_DESCRIPTOR_MAGIC, zlib.crc32(data), size, size))


def _central(member: Member, record: bytes, place: int, change: Change) -> bytes:
    """The entry of the directory for a member, at its new place."""
    fields = list(zipdir.CENTRAL.unpack_from(record))
    name_length, extra_length = fields[10:12]
    name_end = zipdir.CENTRAL.size + name_length
    extra_end = name_end + extra_length
    facts = member.crc, member.compressed_size, member.size
    data = change.replaced.get(member.name)
    if data is not None:
        fields[4] = zipdir.STORED
        facts = zlib.crc32(data), len(data), len(data)
    crc, compressed, size = facts
    large = [value for value in (size, compressed, place) if value >= _FULL]
    extra = b"".join(_fields(record[name_end:extra_end], {_ZIP64}))
    if large:
        wide = b"".join(value.to_bytes(8, "little") for value in large)
        extra = _FIELD.pack(_ZIP64, len(wide)) + wide + extra
    fields[7:10] = crc, min(compressed, _FULL), min(size, _FULL)
    fields[11], fields[16] = len(extra), min(place, _FULL)
    name = record[zipdir.CENTRAL.size : name_end]
    return zipdir.CENTRAL.pack(*fields) + name + extra + record[extra_end:]


def _fields(extra: bytes, without: AbstractSet[bytes]) -> Iterator[bytes]:
    """The extra fields of a header but for some."""
    at = 0
    while at + _FIELD.size <= len(extra):
        kind, length = _FIELD.unpack_from(extra, at)
        if kind not in without:
            yield extra[at : at + _FIELD.size + length]
        at += _FIELD.size + length


def _write_end(file: IO[bytes], start: int, count: int, comment: bytes) -> None:
    """What is behind the directory: its place in 64 bits, as PyTorch always writes, and in 32."""
    end = file.tell()
    size = end - start
    rest = zipdir.ZIP64_END.size - 12  # of the record, behind its own size
    file.write(
        zipdir.ZIP64_END.pack(
            b"PK\x06\x06", rest, _MADE_BY, _NEEDED, 0, 0, count, count, size, start
        )
    )
    file.write(zipdir.ZIP64_LOCATOR.pack(b"PK\x06\x07", 0, end, 1))
    few = min(count, _FULL_COUNT)
    place = min(size, _FULL), min(start, _FULL)
    file.write(zipdir.END.pack(b"PK\x05\x06", 0, 0, few, few, *place, len(comment)) + comment)
