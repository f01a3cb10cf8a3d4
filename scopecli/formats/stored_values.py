"""Values that a file holds as they are: one run of elements each, not compressed.

Shared by the formats whose tensors are ranges of bytes. What such a range holds is brought to what
a `TensorReader` gives: little-endian, one byte or more an element.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.binary.source import Source
from scopecli.errors import DamagedFileError, TruncatedError, UnsupportedError
from scopecli.model.dtypes import BITS, BLOCKS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from scopecli.model.variable import Variable

    # Bytes of a tensor as it is stored: where in them to start, and how many.
    Run = Callable[[Variable, int, int], bytes]


class StoredTensors:
    """A `TensorReader` of plain runs of bytes.

    Quantized blocks are given as they are, and only whole: their numbers are not computed.
    """

    __slots__ = ("_paths",)
    shared = True

    def __init__(self, paths: Mapping[str, str]) -> None:
        """Read from these files.

        Args:
            paths: by the name that a variable's storage has for the file.
        """
        self._paths = paths

    def read(self, variable: Variable, start: int, count: int) -> bytes:
        """Bytes of elements `start` to `start + count` in C order, little-endian.

        Raises:
            ScopecliError: the file is missing or short, or the elements have no fixed size.
        """
        if variable.dtype in BLOCKS:
            return self._blocks(variable, start, count)
        return elements(variable, start, count, self._run)

    def strings(self, variable: Variable) -> Sequence[bytes]:
        """There are none.

        Raises:
            UnsupportedError: always.
        """
        raise UnsupportedError("does not hold strings", where=variable.key)

    def _blocks(self, variable: Variable, start: int, count: int) -> bytes:
        elements, size = BLOCKS[variable.dtype]
        if start % elements or (count % elements and start + count != variable.params):
            raise UnsupportedError(
                f"values of dtype {variable.dtype} are read in whole blocks of {elements}",
                where=variable.key,
            )
        return self._run(variable, start // elements * size, -(-count // elements) * size)

    def _run(self, variable: Variable, start: int, length: int) -> bytes:
        """Bytes of one tensor, which must be inside what the file gives it."""
        storage = variable.storage
        if storage is None or storage.offset is None:
            raise DamagedFileError("the file that has its values is missing", where=variable.key)
        if start + length > storage.length:
            raise TruncatedError(
                f"has {storage.length} bytes where its shape needs {start + length}",
                where=variable.key,
            )
        with Source(self._paths[storage.shard]) as source:
            return source.read(storage.offset + start, length)


def elements(variable: Variable, start: int, count: int, run: Run) -> bytes:
    """Some elements of a tensor, one byte or more each, from the bytes that it is stored as.

    Raises:
        ScopecliError: the bytes are not there, or the elements have no fixed size.
    """
    dtype = variable.dtype
    bits = BITS.get(dtype, 0)
    if bits % 8 == 0 and bits:
        data = run(variable, start * bits // 8, count * bits // 8)
        is_big = variable.attributes.get("byte_order") == "big"
        return swapped(data, dtype) if is_big else data
    if bits and 8 % bits == 0:
        first, skipped = divmod(start * bits, 8)
        data = run(variable, first, -(-(start + count) * bits // 8) - first)
        return _unpacked(data, bits)[skipped // bits :][:count]
    raise UnsupportedError(f"values of dtype {dtype} cannot be read", where=variable.key)


def swapped(data: bytes, dtype: str) -> bytes:
    """The bytes with the other byte order; each part of a complex number by itself."""
    import numpy as np

    width = BITS[dtype] // 8
    if dtype.startswith("complex"):
        width //= 2
    return np.frombuffer(data, f">u{width}").astype(f"<u{width}").tobytes()


def _unpacked(data: bytes, bits: int) -> bytes:
    """A byte for each element of less, of which the first is in the lowest bits."""
    import numpy as np

    packed = np.frombuffer(data, np.uint8)
    parts = [(packed >> shift) & ((1 << bits) - 1) for shift in range(0, 8, bits)]
    return np.stack(parts, axis=1).tobytes()
