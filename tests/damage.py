"""Ways to damage a file, for Hypothesis to choose among."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st

from scopecli.binary import sstable
from scopecli.binary.protobuf.wire import varint
from scopecli.binary.source import Source
from tests import bundles

if TYPE_CHECKING:
    from pathlib import Path

    from hypothesis.strategies import DrawFn, SearchStrategy

_INTERESTING = (0, 1, 0x7F, 0x80, 0xFE, 0xFF)
_TRAILER = 5  # behind a block: compression type and checksum


def damaged(path: Path) -> SearchStrategy[bytes]:
    """The contents of a file, damaged.

    The index of a checkpoint is damaged behind its checksums too, or nothing but the checksum
    would ever be tested.
    """
    data = path.read_bytes()
    if path.suffix != ".index":
        return mutated(data)
    with Source(str(path)) as source:
        pairs = list(sstable.entries(source))
        blocks = list(sstable.blocks(source))
    return mutated(data) | rebuilt(pairs) | rechecked(data, [*blocks, _index_block(data)])


def _index_block(data: bytes) -> tuple[int, int]:
    """Offset and size of the index block, the second of the two handles in a table's footer."""
    numbers, at = [], len(data) - sstable.FOOTER_SIZE
    for _ in range(4):
        number, at = varint(data, at, len(data))
        numbers.append(number)
    return numbers[2], numbers[3]


@st.composite
def mutated(draw: DrawFn, data: bytes) -> bytes:
    """The data with a few things done to it."""
    for _ in range(draw(st.integers(1, 4))):
        data = draw(_one_mutation(data))
    return data


@st.composite
def _one_mutation(draw: DrawFn, data: bytes) -> bytes:
    kind = draw(st.sampled_from(_KINDS))
    at = draw(st.integers(0, max(len(data) - 1, 0)))
    length = draw(st.integers(1, 64))
    return kind(draw, data, at, length)


def _flip(draw: DrawFn, data: bytes, at: int, _: int) -> bytes:
    bit = 1 << draw(st.integers(0, 7))
    return data[:at] + bytes(byte ^ bit for byte in data[at : at + 1]) + data[at + 1 :]


def _overwrite(draw: DrawFn, data: bytes, at: int, length: int) -> bytes:
    value = draw(st.sampled_from(_INTERESTING))
    return data[:at] + bytes([value]) * len(data[at : at + length % 9]) + data[at + length % 9 :]


def _zero(_: DrawFn, data: bytes, at: int, length: int) -> bytes:
    return data[:at] + bytes(len(data[at : at + length])) + data[at + length :]


def _truncate(_: DrawFn, data: bytes, at: int, __: int) -> bytes:
    return data[:at]


def _insert(draw: DrawFn, data: bytes, at: int, _: int) -> bytes:
    return data[:at] + draw(st.binary(min_size=1, max_size=16)) + data[at:]


def _remove(_: DrawFn, data: bytes, at: int, length: int) -> bytes:
    return data[:at] + data[at + length :]


def _duplicate(_: DrawFn, data: bytes, at: int, length: int) -> bytes:
    return data[: at + length] + data[at:]


def _swap(draw: DrawFn, data: bytes, at: int, length: int) -> bytes:
    """Put a piece of the data over another place."""
    source = draw(st.integers(0, max(len(data) - 1, 0)))
    piece = data[source : source + length]
    return data[:at] + piece + data[at + len(piece) :]


_KINDS = (
    _flip,
    _flip,
    _overwrite,
    _overwrite,
    _zero,
    _truncate,
    _insert,
    _remove,
    _duplicate,
    _swap,
)


@st.composite
def rebuilt(draw: DrawFn, pairs: list[bundles.Pair]) -> bytes:
    """A table with damaged entries, well formed in every other way."""
    pairs = list(pairs)
    for _ in range(draw(st.integers(1, 3))):
        i = draw(st.integers(0, len(pairs) - 1))
        key, value = pairs[i]
        pairs[i] = (
            (key, draw(mutated(value))) if draw(st.booleans()) else (draw(mutated(key)), value)
        )
    if draw(st.booleans()):
        pairs.sort()
    return bundles.table(pairs, draw(st.sampled_from([1, 3, 16, 1000])))


@st.composite
def rechecked(draw: DrawFn, data: bytes, blocks: list[tuple[int, int]]) -> bytes:
    """A table with damaged blocks of the same length, whose checksums are computed anew."""
    out = bytearray(data)
    for offset, size in draw(st.lists(st.sampled_from(blocks), min_size=1, max_size=2)):
        contents = draw(mutated(bytes(out[offset : offset + size])))[:size].ljust(size, b"\0")
        out[offset : offset + size + _TRAILER] = bundles.framed(contents)
    return bytes(out)
