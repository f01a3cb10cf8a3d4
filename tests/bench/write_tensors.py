"""Write small tensors: `python -m tests.bench.write_tensors FILE COUNT safetensors|gguf|npz|onnx`.

Each format is written here as its specification has it, so that no framework is needed.
"""

from __future__ import annotations

import json
import struct
import sys
import zipfile
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from scopecli.binary.protobuf.wire_writer import bytes_field, number_field
from tests.bench.tensors import torch_tensors

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.bench.tensors import Tensor

_GGUF_ALIGNMENT = 32
_ONNX_FLOAT = 1


def _sizes(tensors: Sequence[Tensor]) -> list[int]:
    return [4 * prod(tensor.shape) for tensor in tensors]


def _write_safetensors(path: str, tensors: Sequence[Tensor]) -> None:
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    end = 0
    for tensor, size in zip(tensors, _sizes(tensors), strict=True):
        offsets = (end, end + size)
        header[tensor.name] = {"dtype": "F32", "shape": tensor.shape, "data_offsets": offsets}
        end += size
    text = json.dumps(header, separators=(",", ":")).encode()
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text + bytes(end))


def _write_gguf(path: str, tensors: Sequence[Tensor]) -> None:
    def text(value: str) -> bytes:
        return struct.pack("<Q", len(value)) + value.encode()

    architecture = text("general.architecture") + struct.pack("<I", 8) + text("llama")
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), 1) + architecture
    entries, offset = [], 0
    for tensor, size in zip(tensors, _sizes(tensors), strict=True):
        rank, dims = len(tensor.shape), tensor.shape[::-1]
        entries.append(text(tensor.name) + struct.pack(f"<I{rank}QIQ", rank, *dims, 0, offset))
        offset += size + -size % _GGUF_ALIGNMENT
    head += b"".join(entries)
    with open(path, "wb") as file:
        file.write(head + bytes(-len(head) % _GGUF_ALIGNMENT + offset))


def _write_npz(path: str, tensors: Sequence[Tensor]) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for tensor in tensors:
            with archive.open(f"{tensor.name}.npy", "w") as file:
                np.lib.format.write_array(file, np.zeros(tensor.shape, tensor.dtype))


def _write_onnx(path: str, tensors: Sequence[Tensor]) -> None:
    initializers = []
    for tensor, size in zip(tensors, _sizes(tensors), strict=True):
        dims = b"".join(number_field(1, extent) for extent in tensor.shape)
        name, data = bytes_field(8, tensor.name.encode()), bytes_field(9, bytes(size))
        initializers.append(bytes_field(5, dims + number_field(2, _ONNX_FLOAT) + name + data))
    graph = b"".join([bytes_field(2, b"bench"), *initializers])
    operators = bytes_field(8, number_field(2, 20))
    with open(path, "wb") as file:
        file.write(number_field(1, 9) + bytes_field(7, graph) + operators)


_WRITERS: dict[str, Callable[[str, Sequence[Tensor]], None]] = {
    "safetensors": _write_safetensors,
    "gguf": _write_gguf,
    "npz": _write_npz,
    "onnx": _write_onnx,
}


if __name__ == "__main__":
    _WRITERS[sys.argv[3]](sys.argv[1], list(torch_tensors(int(sys.argv[2]))))
