"""The data shards of a V2 checkpoint that is written: which bytes go where.

A rename leaves data alone, so shards are copied or linked as they are. Where entries went away, or
one of them has new contents, the shards are written anew: what is left, in the order in which it
stood, without the holes. Where the old shards have holes between tensors, which is how
alignment shows, offsets stay multiples of what the old ones were.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from scopecli.binary.crc import masked_crc32c
from scopecli.binary.protobuf import wire_writer
from scopecli.binary.source import Source
from scopecli.formats.tensorflow.checkpoints.bundle_values import Shards
from scopecli.formats.tensorflow.layout import BundleEntry
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from scopecli.formats.staging import Staging

_CHUNK = 4 << 20
_MOST_ALIGNED = 4096


class Place(NamedTuple):
    """Where the bytes of an entry are."""

    shard: int
    offset: int
    size: int


class StringTensor(NamedTuple):
    """The bytes of a string tensor, and the checksum that its entry has."""

    data: bytes
    checksum: int


# Where something stands in a new shard, and what: the old place of some bytes, or bytes.
Piece = tuple[int, Place | bytes]


class Layout(NamedTuple):
    """New shards.

    Attributes:
        places: by old place, the new one, where it is another.
        pieces: of each shard; None where it is the old one of this number.
    """

    places: dict[Place, Place]
    pieces: list[list[Piece] | None]


class Entry(NamedTuple):
    """A BundleEntryProto, taken apart where it says where its bytes are.

    Attributes:
        head: the fields before, which are type and shape.
        place: where the bytes are.
        checksum: the field with their checksum.
        tail: the fields behind, those that are not known too.
    """

    head: bytes
    place: Place
    checksum: bytes
    tail: bytes

    def encoded(self, place: Place, checksum: int | None = None) -> bytes:
        """The entry with its bytes at a place, and with the checksum of new ones."""
        field = self.checksum
        if checksum is not None:
            field = wire_writer.fixed32_field(BundleEntry.CRC32C, checksum)
        shard, offset, size = place
        return b"".join(
            (
                self.head,
                wire_writer.number_field(BundleEntry.SHARD_ID, shard),
                wire_writer.number_field(BundleEntry.OFFSET, offset),
                wire_writer.number_field(BundleEntry.SIZE, size),
                field,
                self.tail,
            )
        )


def entry(value: bytes) -> Entry:
    """Take an entry apart.

    Raises:
        DamagedFileError: it contradicts the format.
    """
    head, checksum, tail = b"", b"", b""
    numbers = {BundleEntry.SHARD_ID: 0, BundleEntry.OFFSET: 0, BundleEntry.SIZE: 0}
    for number, _, a, _, first, last in wire_writer.spans(value, 0, len(value)):
        if number in numbers:
            numbers[number] = a
        elif number == BundleEntry.CRC32C:
            checksum = value[first:last]
        elif number < BundleEntry.SHARD_ID:
            head += value[first:last]
        else:
            tail += value[first:last]
    return Entry(head, Place(*numbers.values()), checksum, tail)


def string_tensor(value: bytes) -> StringTensor:
    """A string tensor of one element.

    `WriteStringTensor` in tensor_bundle.cc: the checksum is over the length as a fixed 32-bit
    number, where the bytes have it as a varint.
    """
    length = len(value).to_bytes(4, "little")
    middle = masked_crc32c(length).to_bytes(4, "little")
    data = wire_writer.varint(len(value)) + middle + value
    return StringTensor(data, masked_crc32c(length + middle + value))


def unchanged(shards: int) -> Layout:
    """The old shards as they are."""
    return Layout({}, [None] * shards)


def compact(
    kept: Iterable[Place], before: Iterable[Place], replaced: Mapping[Place, StringTensor]
) -> Layout:
    """New shards with what is kept.

    Args:
        kept: the places that are still needed.
        before: all places that the old shards have.
        replaced: new contents of some of those kept.
    """
    alignment = _alignment(before)
    places: dict[Place, Place] = {}
    shards: list[list[Piece]] = []
    last = -1
    end = 0
    for old in sorted(set(kept)):
        if old.shard != last:
            shards.append([])
            last, end = old.shard, 0
        contents = replaced[old].data if old in replaced else None
        offset = -(-end // alignment) * alignment
        size = old.size if contents is None else len(contents)
        places[old] = Place(len(shards) - 1, offset, size)
        shards[-1].append((offset, old if contents is None else contents))
        end = offset + size
    return Layout(places, [*(shards or [[]])])


def beside(places: Iterable[Place], shards: int, old: Place, contents: StringTensor) -> Layout:
    """The old shards as they are, and new contents for one entry in a shard of its own.

    Where the entry has a shard of its own already, that one is replaced.
    """
    alone = all(place.shard != old.shard for place in places if place != old)
    pieces = unchanged(shards).pieces
    number = old.shard if alone else shards
    pieces[number : number + 1] = [[(0, contents.data)]]
    return Layout({old: Place(number, 0, len(contents.data))}, pieces)


def _alignment(places: Iterable[Place]) -> int:
    """What offsets are multiples of, where tensors do not stand one right behind the other."""
    offsets = 0
    dense = True
    reached = (0, 0)
    for shard, offset, size in sorted(set(places)):
        if shard != reached[0]:
            reached = (shard, 0)
        dense = dense and offset == reached[1]
        offsets |= offset
        reached = (shard, offset + size)
    return 1 if dense else min(offsets & -offsets, _MOST_ALIGNED) or 1


def free_shards(prefix: str, needed: int) -> Shards:
    """Shards of so many files or more, none of which is there.

    The number of shards is part of their names. Where names are taken, one shard more (which is
    empty) gives all of them other names, so that the old index and the new one are both whole while
    one takes the place of the other.
    """
    shards = Shards(prefix, needed)
    while any(os.path.lexists(path) for path in shards.paths()):
        shards = shards._replace(total=shards.total + 1)
    return shards


def others(shards: Shards) -> list[str]:
    """Data files with this prefix that are of another number of shards."""
    folder, base = os.path.split(shards.prefix)
    ours = set(shards.paths())
    pattern = re.compile(re.escape(base) + r"\.data-\d{5}-of-\d{5}")
    try:
        names = sorted(os.listdir(folder or "."))
    except OSError:
        return []
    found = (os.path.join(folder, name) for name in names if pattern.fullmatch(name))
    return [path for path in found if path not in ours]


def write(layout: Layout, old: Shards, new: Shards, staging: Staging) -> None:
    """Write the new shards; an old one that is missing is not written either.

    Raises:
        ScopecliError: an old shard is short, or the target cannot be written.
    """
    empty: list[Piece] = []
    for number, path in enumerate(new.paths()):
        pieces = layout.pieces[number] if number < len(layout.pieces) else empty
        if pieces is None:
            if os.path.exists(old.path(number)):
                staging.copy(old.path(number), path)
            continue
        with open(staging.create(path), "wb") as file:
            for offset, piece in _joined(pieces):
                file.seek(offset)
                for data in [piece] if isinstance(piece, bytes) else _read(old, piece):
                    file.write(data)
                    staging.advance(len(data))


def _joined(pieces: Sequence[Piece]) -> Iterator[Piece]:
    """The pieces, neighbours that stay neighbours as one."""
    waiting: tuple[int, Place] | None = None
    for offset, piece in pieces:
        if waiting is not None and isinstance(piece, Place):
            start, place = waiting
            if (
                offset - start == piece.offset - place.offset == place.size
                and piece.shard == place.shard
            ):
                waiting = start, place._replace(size=place.size + piece.size)
                continue
        if waiting is not None:
            yield waiting
        waiting = None
        if isinstance(piece, Place):
            waiting = offset, piece
        else:
            yield offset, piece
    if waiting is not None:
        yield waiting


def _read(shards: Shards, place: Place) -> Iterator[bytes]:
    """The bytes at a place, some at a time."""
    with Source(shards.path(place.shard)) as source:
        at, end = place.offset, place.offset + place.size
        while at < end:
            data = source.read(at, min(end - at, _CHUNK))
            at += len(data)
            yield data
