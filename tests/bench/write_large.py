"""Write a large file: `python -m tests.bench.write_large FILE MEBIBYTES LAYOUT SIDE`.

SIDE is `before`; `after`, of which all elements are others, as after some training; or `tuned`, of
which those of a few tensors are, as where all other layers were frozen.
"""

from __future__ import annotations

import json
import sys
from math import prod
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from tests import bundles
from tests.bench.tensors import large_tensors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.bench.tensors import Tensor

    Array = np.ndarray[Any, np.dtype[Any]]

_CHUNKS = (256, 256)
_FACTOR = np.float32(1.001)
# Which of ten tensors have changed.
_CHANGED = {"before": range(0), "after": range(10), "tuned": range(1)}


def main(path: str, mebibytes: int, layout: str, side: str) -> None:
    """Write matrices of so many MiB in all."""
    tensors = list(large_tensors(mebibytes))
    _WRITERS[layout](path, tensors, _arrays(tensors, _CHANGED[side]))


def _arrays(tensors: Sequence[Tensor], changed: range) -> Iterator[Array]:
    random = np.random.default_rng(0)
    for number, tensor in enumerate(tensors):
        # Away from 0, whose product is itself.
        values = random.random(tensor.shape, "f4") + np.float32(0.01)
        yield values * _FACTOR if number % 10 in changed else values


def _write_v2(prefix: str, tensors: Sequence[Tensor], arrays: Iterator[Array]) -> None:
    pairs, offset = [bundles.header()], 0
    with open(f"{prefix}.data-00000-of-00001", "wb") as file:
        for tensor, values in zip(tensors, arrays, strict=True):
            data = values.tobytes()
            entry = bundles.entry(bundles.FLOAT, tensor.shape, offset=offset, data=data)
            pairs.append((tensor.name.encode(), entry))
            offset += file.write(data)
    with open(f"{prefix}.index", "wb") as file:
        file.write(bundles.table(sorted(pairs)))


def _write_hdf5(path: str, tensors: Sequence[Tensor], arrays: Iterator[Array]) -> None:
    with h5py.File(path, "w") as file:
        for tensor, values in zip(tensors, arrays, strict=True):
            file[tensor.name] = values


def _write_chunked(path: str, tensors: Sequence[Tensor], arrays: Iterator[Array]) -> None:
    with h5py.File(path, "w") as file:
        for tensor, values in zip(tensors, arrays, strict=True):
            file.create_dataset(tensor.name, data=values, chunks=_CHUNKS)


def _write_deflated(path: str, tensors: Sequence[Tensor], arrays: Iterator[Array]) -> None:
    with h5py.File(path, "w") as file:
        for tensor, values in zip(tensors, arrays, strict=True):
            file.create_dataset(tensor.name, data=values, chunks=_CHUNKS, compression="gzip")


def _write_safetensors(path: str, tensors: Sequence[Tensor], arrays: Iterator[Array]) -> None:
    """The length of the header in eight bytes, the header, the values."""
    header: dict[str, object] = {}
    offset = 0
    for tensor in tensors:
        end = offset + 4 * prod(tensor.shape)
        header[tensor.name] = {
            "dtype": "F32",
            "shape": tensor.shape,
            "data_offsets": (offset, end),
        }
        offset = end
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        file.writelines(values.tobytes() for values in arrays)


_WRITERS: dict[str, Callable[[str, Sequence[Tensor], Iterator[Array]], None]] = {
    "v2": _write_v2,
    "hdf5": _write_hdf5,
    "chunked": _write_chunked,
    "deflated": _write_deflated,
    "safetensors": _write_safetensors,
}


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4])
