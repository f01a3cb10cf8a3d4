"""OCDBT: the key-value database that TensorStore keeps a whole checkpoint in.

https://google.github.io/tensorstore/kvstore/ocdbt/index.html#storage-format

`manifest.ocdbt` leads to the root of a B+tree, whose nodes are in data files; small values are in
the nodes, others elsewhere in a data file. Every node has a checksum, which is verified.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from scopecli.binary import crc, zstandard
from scopecli.binary.inner_paths import is_inside
from scopecli.binary.protobuf.wire import varint
from scopecli.binary.source import Source
from scopecli.errors import DamagedFileError, TruncatedError, UnsupportedError
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

MANIFEST = "manifest.ocdbt"

_MANIFEST_MAGIC, _NODE_MAGIC = 0x0CDB3A2A, 0x0CDB20DE
_HEADER = 4 + 8  # magic and length
_FOOTER = 4
_SINGLE = 0  # the kind of manifest that is one file
_PLAIN, _ZSTD = 0, 1
_LARGEST_NODE = 1 << 26
_MAX_CHARACTERS = 1 << 28  # of all keys together
_UUID = 16


class Place(NamedTuple):
    """Where a value is: a data file, relative to the database, and the bytes in it."""

    path: str
    offset: int
    length: int


Value = bytes | Place


class _DataFile(NamedTuple):
    """A data file; its first part holds for all that its nodes refer to."""

    base: str
    path: str


class _Node(NamedTuple):
    """A node that is to be read."""

    place: Place
    base: str
    height: int
    prefix: bytes


class _Cursor:
    """Takes what follows from the body of a node."""

    __slots__ = ("_at", "_data")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, length: int) -> bytes:
        if length > len(self._data) - self._at:
            raise TruncatedError("has a node that is cut short")
        self._at += length
        return self._data[self._at - length : self._at]

    def number(self) -> int:
        value, self._at = varint(self._data, self._at, len(self._data))
        return value

    def count(self) -> int:
        """How many things follow, each of them a byte or more."""
        count = self.number()
        if count > len(self._data) - self._at:
            raise DamagedFileError(f"has a node that claims {count} entries")
        return count

    def numbers(self, count: int) -> list[int]:
        return [self.number() for _ in range(count)]


def entries(folder: str) -> dict[bytes, Value]:
    """All keys of the latest version of a database.

    Raises:
        ScopecliError: the manifest or a node is missing or damaged.
    """
    found: dict[bytes, Value] = {}
    seen: set[Place] = set()
    characters = 0
    waiting = list(_roots(folder))
    while waiting:
        node = waiting.pop()
        if node.place in seen:
            raise DamagedFileError("has a node in two places of its tree", path=folder)
        seen.add(node.place)
        cursor = _Cursor(_body(read(folder, node.place), _NODE_MAGIC, node.place.path))
        height = cursor.take(1)[0]
        if height != node.height:
            raise DamagedFileError(f"has a node of height {height}", where=node.place.path)
        files = _data_files(cursor, node.base)
        if height:
            waiting += _children(cursor, files, node)
            continue
        for key, value in _leaf(cursor, files, node.prefix):
            characters += len(key)
            if characters > _MAX_CHARACTERS:
                raise DamagedFileError("has more names than can be read", path=folder)
            found[key] = value
    return found


def read(folder: str, value: Value) -> bytes:
    """The bytes of a value.

    Raises:
        ScopecliError: the data file is missing or short, or not in the folder.
    """
    if isinstance(value, bytes):
        return value
    if not is_inside(value.path):
        raise DamagedFileError("has data outside of its folder", path=folder, where=value.path)
    with Source(os.path.join(folder, value.path)) as source:
        return source.read(value.offset, value.length)


def _roots(folder: str) -> Iterator[_Node]:
    """The root of the latest version, which the manifest names; none where nothing was written."""
    with Source(os.path.join(folder, MANIFEST)) as source:
        if source.size > _LARGEST_NODE:
            raise DamagedFileError(f"has {source.size} bytes", path=source.name)
        cursor = _Cursor(_body(source.head(source.size), _MANIFEST_MAGIC, source.name))
    cursor.take(_UUID)
    if cursor.number() != _SINGLE:
        raise UnsupportedError("is a database with numbered manifests", path=folder)
    cursor.numbers(2)  # how long inline values and nodes may be
    cursor.take(1)
    if cursor.number() == _ZSTD:
        cursor.take(4)
    files = _data_files(cursor, "")
    count = cursor.count()
    cursor.numbers(count)
    heights = cursor.take(count)
    ids, offsets, lengths, keys = (cursor.numbers(count) for _ in range(4))
    if count and keys[-1]:
        file = _file(files, ids[-1])
        place = Place(file.path, offsets[-1], lengths[-1])
        yield _Node(place, file.base, heights[-1], b"")


def _body(data: bytes, magic: int, where: str) -> bytes:
    """What is between header and checksum of a manifest or node."""
    if len(data) < _HEADER + _FOOTER or int.from_bytes(data[:4], "big") != magic:
        raise DamagedFileError("has no OCDBT node", where=where)
    length = int.from_bytes(data[4:_HEADER], "little")
    stored = int.from_bytes(data[-_FOOTER:], "little")
    if length != len(data) or crc.crc32c(data[:-_FOOTER]) != stored:
        raise DamagedFileError(
            "has an OCDBT node that its checksum is not of",
            where=where,
            hint="the file is cut short or damaged: copy it again",
        )
    version, at = varint(data, _HEADER, len(data))
    compression, at = varint(data, at, len(data))
    if version or compression not in {_PLAIN, _ZSTD}:
        raise UnsupportedError("has an OCDBT node of a version that is not known", where=where)
    body = data[at:-_FOOTER]
    return zstandard.unpacked(body, _LARGEST_NODE, where) if compression else body


def _data_files(cursor: _Cursor, base: str) -> list[_DataFile]:
    """The table of the data files that a node refers to."""
    count = cursor.count()
    if not count:
        return []
    shared = [0, *cursor.numbers(count - 1)]
    lengths, bases = cursor.numbers(count), cursor.numbers(count)
    found: list[_DataFile] = []
    path = b""
    for same, length, own in zip(shared, lengths, bases, strict=True):
        path = path[:same] + cursor.take(length)
        if len(path) > 0xFFFF:
            raise DamagedFileError("has the path of a data file that is too long")
        text = base + path.decode("utf-8", "surrogateescape")
        found.append(_DataFile(base + path[:own].decode("utf-8", "surrogateescape"), text))
    return found


def _file(files: list[_DataFile], number: int) -> _DataFile:
    if number >= len(files):
        raise DamagedFileError(f"has {len(files)} data files, and names number {number}")
    return files[number]


def _keys(cursor: _Cursor, shared: list[int], lengths: list[int]) -> Iterator[bytes]:
    """Keys, each without what it has in common with the one before."""
    key = b""
    for same, length in zip(shared, lengths, strict=True):
        key = key[:same] + cursor.take(length)
        yield key


def _children(cursor: _Cursor, files: list[_DataFile], node: _Node) -> Iterator[_Node]:
    count = cursor.count()
    shared = [0, *cursor.numbers(count - 1)] if count else []
    lengths, common = cursor.numbers(count), cursor.numbers(count)
    keys = list(_keys(cursor, shared, lengths))
    ids, offsets, sizes = (cursor.numbers(count) for _ in range(3))
    for key, prefix, number, offset, size in zip(keys, common, ids, offsets, sizes, strict=True):
        file = _file(files, number)
        place = Place(file.path, offset, size)
        yield _Node(place, file.base, node.height - 1, node.prefix + key[:prefix])


def _leaf(cursor: _Cursor, files: list[_DataFile], prefix: bytes) -> Iterator[tuple[bytes, Value]]:
    count = cursor.count()
    shared = [0, *cursor.numbers(count - 1)] if count else []
    lengths = cursor.numbers(count)
    keys = list(_keys(cursor, shared, lengths))
    sizes, kinds = cursor.numbers(count), cursor.numbers(count)
    far = sum(1 for kind in kinds if kind)
    places = iter(list(zip(cursor.numbers(far), cursor.numbers(far), strict=True)))
    for key, size, kind in zip(keys, sizes, kinds, strict=True):
        if kind:
            number, offset = next(places)
            yield prefix + key, Place(_file(files, number).path, offset, size)
        else:
            yield prefix + key, cursor.take(size)
