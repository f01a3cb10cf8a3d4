"""Write a V2 checkpoint without TensorFlow: `python -m tests.bench.write_many PREFIX COUNT`.

TensorFlow needs minutes for a million variables. Names, shapes and dtypes are the
same; all values are zeros in a file with holes.
"""

from __future__ import annotations

import sys
from functools import cache
from math import prod

from tests import bundles
from tests.bench.tensors import checkpoint_tensors

_DTYPES = {"float32": (1, 4), "string": (7, 0), "int64": (9, 8), "bfloat16": (14, 2)}
_ENTRIES_IN_A_BLOCK = 5000  # TensorFlow fills 256 KiB


def main(prefix: str, number: int) -> None:
    """Write so many tensors."""
    pairs = [bundles.header()]
    offset = 0
    for tensor in sorted(checkpoint_tensors(number)):
        code, data = _DTYPES[tensor.dtype][0], _data(tensor.shape, tensor.dtype)
        entry = bundles.entry(code, tensor.shape, offset=offset, data=data)
        pairs.append((tensor.name.encode(), entry))
        offset += len(data)
    with open(f"{prefix}.data-00000-of-00001", "wb") as file:
        file.truncate(offset)
    with open(f"{prefix}.index", "wb") as file:
        file.write(bundles.table(pairs, _ENTRIES_IN_A_BLOCK))


@cache
def _data(shape: tuple[int, ...], dtype: str) -> bytes:
    """The values as they are stored; of strings, a length each, the checksum of these, no text."""
    size = _DTYPES[dtype][1]
    return bytes(prod(shape) * size) if size else bundles.strings(*[b""] * prod(shape))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
