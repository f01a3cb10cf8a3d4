"""Format `flax-msgpack`: what `flax.serialization.to_bytes` writes, as `flax_model.msgpack` is.

https://flax.readthedocs.io/en/latest/api_reference/flax.serialization.html

Keys are the tree's, joined with `/`. What hangs below `opt_state` repeats the tree of the
parameters once for each kind of state, and is told by that. Plain numbers and texts are no
tensors: they are facts about the file.
"""

from __future__ import annotations

import os
from itertools import islice
from math import prod
from typing import TYPE_CHECKING

from scopecli.binary.source import Source
from scopecli.binary.window import Window
from scopecli.errors import DamagedFileError, TruncatedError, UnsupportedError
from scopecli.formats.flax import chunks as flax_chunks
from scopecli.formats.flax import leaves as flax_leaves
from scopecli.formats.flax import state as flax_state
from scopecli.formats.flax.chunks import Chunked
from scopecli.formats.flax.leaves import Array
from scopecli.formats.flax.state import SEPARATOR
from scopecli.formats.some_notes import some
from scopecli.model.dtypes import BITS
from scopecli.model.model import File, Model, Note
from scopecli.model.variable import Variable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from scopecli.formats.flax.chunks import Tensor

FORMAT = "flax-msgpack"

_MAP_BYTES = frozenset({*range(0x81, 0x90), 0xDE, 0xDF})
_MOST_LEAVES = 100  # that are looked at to tell what a file is
_MOST_FACTS = 10_000


def is_tree(source: Source, head: bytes) -> bool:
    """Whether a file is a map, and an array of Flax's is among its first leaves."""
    if source.base or head[0] not in _MAP_BYTES:
        return False
    try:
        first = islice(flax_leaves.leaves(Window(source.path)), _MOST_LEAVES)
        return any(isinstance(leaf.value, Array) for leaf in first)
    except DamagedFileError:
        return False


def read(path: str) -> Model:
    """Read the structure of a file.

    Raises:
        ScopecliError: whatever is wrong with the file.
    """
    window = Window(path)
    arrays: dict[str, Array] = {}
    facts: dict[str, object] = {}
    twice: list[str] = []
    for leaf in flax_leaves.leaves(window):
        key = SEPARATOR.join(leaf.path)
        if key in arrays or key in facts:
            twice.append(key)
        if isinstance(leaf.value, Array):
            arrays[key] = leaf.value
        elif len(facts) < _MOST_FACTS:
            facts[key] = leaf.value
    shard = os.path.basename(path)
    tensors = flax_chunks.put_together(arrays, facts, shard)
    return Model(
        path=path,
        format=FORMAT,
        variables=list(_variables(tensors)),
        metadata=facts,
        notes=[
            *some(Note("duplicate-key", "is there twice: the last one counts", k) for k in twice),
            *some(_contradictions(tensors)),
        ],
        files=(File(path, window.size, "model"),),
        tensors=FlaxTensors(path),
    )


def _variables(tensors: Mapping[str, Tensor]) -> Iterator[Variable]:
    kinds = flax_state.Kinds(tensors)
    for key, tensor in tensors.items():
        kind, attributes = kinds.of(key)
        yield Variable(
            key,
            key,
            tensor.shape,
            tensor.dtype,
            tensor.storage.length,
            kind,
            storage=tensor.storage,
            attributes=attributes,
        )


def _contradictions(tensors: Mapping[str, Tensor]) -> Iterator[Note]:
    for key, tensor in tensors.items():
        size = max(BITS.get(tensor.dtype, 0) // 8, 1)
        needed, there = prod(tensor.shape) * size, tensor.storage.length
        if BITS.get(tensor.dtype) and needed != there:
            message = f"has {there} bytes, and its shape needs {needed}"
            yield Note("size-mismatch", message, key)


class FlaxTensors:
    """A `TensorReader` of the arrays of a file. Even an element of four bits has a byte there."""

    __slots__ = ("_path",)

    def __init__(self, path: str) -> None:
        """Read from this file."""
        self._path = path

    def read(self, variable: Variable, start: int, count: int) -> bytes:
        """Bytes of elements `start` to `start + count` in C order, little-endian.

        Raises:
            ScopecliError: the file is short, or the elements have no fixed size.
        """
        storage, bits = variable.storage, BITS.get(variable.dtype, 0)
        if not bits or storage is None:
            raise UnsupportedError(
                f"values of dtype {variable.dtype} cannot be read", where=variable.key
            )
        size = max(bits // 8, 1)
        begin, end = start * size, (start + count) * size
        if end > storage.length:
            raise TruncatedError(
                f"has {storage.length} bytes where its shape needs {end}", where=variable.key
            )
        runs = storage.runs if isinstance(storage, Chunked) else ((storage.offset, storage.length),)
        pieces = []
        with Source(self._path) as source:
            for offset, length in runs:
                if begin < length and end > 0:
                    first, last = max(begin, 0), min(end, length)
                    pieces.append(source.read((offset or 0) + first, last - first))
                begin, end = begin - length, end - length
        return b"".join(pieces)

    def strings(self, variable: Variable) -> Sequence[bytes]:
        """There are none.

        Raises:
            UnsupportedError: always.
        """
        raise UnsupportedError("does not hold strings", where=variable.key)
