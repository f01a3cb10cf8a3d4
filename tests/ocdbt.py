"""OCDBT databases made in a test, byte by byte: one leaf, or a tree of two levels."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import google_crc32c

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

DATA = "d/0"
_MANIFEST, _NODE = 0x0CDB3A2A, 0x0CDB20DE


def varint(number: int) -> bytes:
    found = b""
    while number > 0x7F:
        found += bytes([number & 0x7F | 0x80])
        number >>= 7
    return found + bytes([number])


def varints(*numbers: int) -> bytes:
    return b"".join(map(varint, numbers))


def node(body: bytes, magic: int = _NODE) -> bytes:
    """Header, a body that is not packed, and checksum."""
    data = struct.pack(">I", magic) + struct.pack("<Q", 4 + 8 + 2 + len(body) + 4) + b"\0\0" + body
    return data + struct.pack("<I", int(google_crc32c.value(data)))


def files(*paths: str) -> bytes:
    """A table of data files, none of which has a base."""
    lengths = varints(*map(len, paths))
    shared = varints(*[0] * (len(paths) - 1)) if paths else b""
    return varint(len(paths)) + shared + lengths + bytes(len(paths)) + "".join(paths).encode()


def leaf(entries: Mapping[str, bytes | tuple[int, int]], path: str = DATA) -> bytes:
    """A node of keys and values: bytes, or offset and length in the data file."""
    keys, previous = [], ""
    for key in entries:
        same = next((n for n, (a, b) in enumerate(zip(key, previous, strict=False)) if a != b), 0)
        keys.append((same, key[same:]))
        previous = key
    far = [value for value in entries.values() if not isinstance(value, bytes)]
    body = b"\0" + files(path) + varint(len(keys))
    body += varints(*(same for same, _ in keys[1:])) + varints(*(len(rest) for _, rest in keys))
    body += "".join(rest for _, rest in keys).encode()
    sizes = (len(value) if isinstance(value, bytes) else value[1] for value in entries.values())
    body += varints(*sizes)
    body += varints(*(0 if isinstance(value, bytes) else 1 for value in entries.values()))
    body += bytes(len(far)) + varints(*(offset for offset, _ in far))
    return node(body + b"".join(value for value in entries.values() if isinstance(value, bytes)))


def interior(children: Sequence[tuple[str, int, int]], path: str = DATA) -> bytes:
    """A node of others: prefix of all keys, offset, length."""
    count = len(children)
    body = b"\1" + files(path) + varint(count) + bytes(count - 1)
    lengths = varints(*(len(prefix) for prefix, _, _ in children))
    body += lengths * 2 + "".join(prefix for prefix, _, _ in children).encode()
    body += bytes(count) + varints(*(at for _, at, _ in children))
    body += varints(*(length for _, _, length in children))
    return node(body + varints(*[1] * (3 * count)))


def manifest(at: int, length: int, *, height: int = 0, path: str = DATA, kind: int = 0) -> bytes:
    """A manifest whose one version has its root there."""
    body = bytes(16) + varints(kind, 100, 1000) + b"\4" + varints(0)
    body += files(path) + varints(1, 1) + bytes([height]) + varints(0, at, length, 1, 1, 1)
    return node(body + bytes(8) + varint(0), _MANIFEST)


def write(folder: Path, data: bytes, manifest_data: bytes) -> None:
    """A database with one data file."""
    (folder / "d").mkdir(parents=True, exist_ok=True)
    (folder / DATA).write_bytes(data)
    (folder / "manifest.ocdbt").write_bytes(manifest_data)
