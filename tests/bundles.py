"""TensorFlow checkpoints made in a test, byte by byte, after the formats' own descriptions.

It knows nothing of `scopecli.formats`, so that a reader's mistake is not repeated here.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import google_crc32c

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

MAGIC = bytes.fromhex("57fb808b247547db")
PLAIN, SNAPPY = 0, 1
FLOAT, STRING, INT64, BFLOAT16 = 1, 7, 9, 14

Pair = tuple[bytes, bytes]


def masked_crc(data: bytes) -> bytes:
    """The four bytes that LevelDB stores for some data."""
    crc: int = google_crc32c.value(data)
    return (((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF).to_bytes(4, "little")


def varint(value: int) -> bytes:
    """A base-128 number."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def message(*fields: tuple[int, int | bytes]) -> bytes:
    """A protobuf message: numbers as varints, bytes as length-delimited fields."""
    out = b""
    for number, value in fields:
        if isinstance(value, bytes):
            out += varint(number << 3 | 2) + varint(len(value)) + value
        else:
            out += varint(number << 3) + varint(value & 0xFFFFFFFFFFFFFFFF)
    return out


def block(pairs: Sequence[Pair], interval: int = 16) -> bytes:
    """The contents of a block: keys share their beginning with the key before."""
    out = bytearray()
    restarts = []
    last = b""
    for i, (key, value) in enumerate(pairs):
        shared = 0
        if i % interval == 0:
            restarts.append(len(out))
        else:
            while shared < min(len(key), len(last)) and key[shared] == last[shared]:
                shared += 1
        out += varint(shared) + varint(len(key) - shared) + varint(len(value))
        out += key[shared:] + value
        last = key
    offsets = restarts or [0]
    return bytes(out) + b"".join(n.to_bytes(4, "little") for n in (*offsets, len(offsets)))


def framed(contents: bytes, compression: int = PLAIN) -> bytes:
    """A block as it stands in the file: with compression type and checksum."""
    data = contents + bytes([compression])
    return data + masked_crc(data)


def table(
    pairs: Iterable[Pair],
    per_block: int = 20,
    pack: Callable[[bytes], bytes] | None = None,
) -> bytes:
    """A whole table with so many entries a block; `pack` compresses data blocks with Snappy."""
    waiting = list(pairs)
    out = bytearray()
    index = []
    while waiting:
        part, waiting = waiting[:per_block], waiting[per_block:]
        contents = block(part)
        stored = contents if pack is None else pack(contents)
        index.append((part[-1][0], varint(len(out)) + varint(len(stored))))
        out += framed(stored, PLAIN if pack is None else SNAPPY)
    return bytes(out) + ending(len(out), index)


def ending(offset: int, index: Sequence[Pair]) -> bytes:
    """What stands behind the data blocks: metaindex, index block, footer."""
    meta = block([])
    contents = block(index, 1)
    handles = varint(offset) + varint(len(meta))
    handles += varint(offset + len(meta) + 5) + varint(len(contents))
    return framed(meta) + framed(contents) + handles.ljust(40, b"\0") + MAGIC


def ordered_number(value: int) -> bytes:
    """OrderedCode's unsigned number."""
    raw = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return bytes([len(raw)]) + raw


def ordered_string(value: bytes) -> bytes:
    """OrderedCode's string."""
    escapes = {0: b"\0\xff", 255: b"\xff\0"}
    return b"".join(escapes.get(byte, bytes([byte])) for byte in value) + b"\0\1"


def ordered_signed(value: int) -> bytes:
    """OrderedCode's signed number: as many ones as bytes, a zero, the value; or all inverted."""
    magnitude = ~value if value < 0 else value
    length = magnitude.bit_length() // 7 + 1
    raw = (((1 << length) - 1) << (7 * length) | magnitude).to_bytes(length, "big")
    return bytes(byte ^ 0xFF for byte in raw) if value < 0 else raw


def slice_key(name: bytes, extents: Sequence[tuple[int, int]]) -> bytes:
    """The key of one part of a partitioned tensor."""
    key = ordered_number(0) + ordered_string(name) + ordered_number(len(extents))
    return key + b"".join(ordered_signed(n) for extent in extents for n in extent)


class Tensor(NamedTuple):
    """A tensor to be written; by default four bytes that are one float."""

    dtype: int = FLOAT
    shape: tuple[int, ...] = ()
    data: bytes = b"\0\0\x80\x3f"
    shard: int = 0


def header(num_shards: int = 1, endianness: int = 0) -> Pair:
    """The entry under the empty key."""
    return b"", message((1, num_shards), (2, endianness), (3, message((1, 1))))


def shape_message(shape: Sequence[int]) -> bytes:
    """A TensorShapeProto; -1 is an unknown dimension."""
    return message(*((2, message((1, size))) for size in shape))


def entry(
    dtype: int, shape: Sequence[int], *, shard: int = 0, offset: int = 0, data: bytes = b""
) -> bytes:
    """A BundleEntryProto."""
    fields: list[tuple[int, int | bytes]] = [(1, dtype), (2, shape_message(shape))]
    fields += [(n, v) for n, v in ((3, shard), (4, offset), (5, len(data))) if v]
    return message(*fields) + b"\x35" + masked_crc(data)


def write(prefix: Path | str, tensors: Mapping[str, Tensor], num_shards: int = 1) -> str:
    """Write a checkpoint; its prefix."""
    shards = [bytearray() for _ in range(num_shards)]
    pairs = [header(num_shards)]
    for name in sorted(tensors, key=_key):
        dtype, shape, data, shard = tensors[name]
        offset = len(shards[shard])
        shards[shard] += data
        pairs.append((_key(name), entry(dtype, shape, shard=shard, offset=offset, data=data)))
    return write_pairs(prefix, pairs, [bytes(shard) for shard in shards])


def write_pairs(prefix: Path | str, pairs: Sequence[Pair], shards: Sequence[bytes] = (b"",)) -> str:
    """Write a checkpoint with these index entries, sorted, and these data shards; its prefix."""
    Path(f"{prefix}.index").write_bytes(table(sorted(pairs)))
    for number, data in enumerate(shards):
        Path(f"{prefix}.data-{number:05d}-of-{len(shards):05d}").write_bytes(data)
    return str(prefix)


def strings(*values: bytes) -> bytes:
    """The bytes of a string tensor."""
    lengths = b"".join(varint(len(value)) for value in values)
    # The checksum is over the lengths as little-endian 32-bit numbers; readers may skip it.
    fixed = b"".join(len(value).to_bytes(4, "little") for value in values)
    return lengths + masked_crc(fixed) + b"".join(values)


def object_graph(nodes: Sequence[bytes]) -> bytes:
    """A TrackableObjectGraph."""
    return message(*((1, node) for node in nodes))


def _key(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")
