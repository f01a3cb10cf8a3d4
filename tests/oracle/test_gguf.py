"""Held against the gguf package, which llama.cpp's converters use.

`pip install scopecli[oracle]` brings it.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from scopecli.formats.gguf.layout import TENSOR_TYPES
from scopecli.formats.opening import load
from scopecli.model.dtypes import BLOCKS
from tests.samples import SAMPLES

gguf = pytest.importorskip("gguf", reason="the oracle extra is not installed")

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.byteorder == "big", reason="written for little-endian machines")

_PLAIN = {"float16", "float32", "float64", "int8", "int16", "int32", "int64"}


def test_the_table_of_types() -> None:
    names = {
        "F32": "float32",
        "F16": "float16",
        "BF16": "bfloat16",
        "F64": "float64",
        **{f"I{bits}": f"int{bits}" for bits in (8, 16, 32, 64)},
    }
    for kind, (elements, size) in gguf.GGML_QUANT_SIZES.items():
        assert TENSOR_TYPES[kind.value] == names.get(kind.name, kind.name)
        if elements > 1:
            assert BLOCKS[kind.name] == (elements, size)


def held_against(path: Path) -> None:
    model = load(path)
    theirs = gguf.GGUFReader(path)
    assert [v.key for v in model.variables] == [tensor.name for tensor in theirs.tensors]
    for variable, tensor in zip(model.variables, theirs.tensors, strict=True):
        assert variable.shape == tuple(reversed(tensor.shape.tolist()))
        assert variable.nbytes == tensor.n_bytes
        assert variable.storage
        assert variable.storage.offset == tensor.data_offset
        assert model.tensors is not None
        data = model.tensors.read(variable, 0, variable.params)
        if variable.dtype in _PLAIN:
            little = tensor.data.astype(tensor.data.dtype.newbyteorder("<"))
            assert data == little.tobytes(), variable.key
        elif variable.dtype in BLOCKS:
            assert data == tensor.data.tobytes(), variable.key
    for key, field in theirs.fields.items():
        if key.startswith("GGUF."):
            continue
        ours, contents = model.metadata[key], field.contents()
        if isinstance(contents, list):
            kind = field.types[-1].name.lower()
            words = f"{len(contents)} values of type {kind}"
            assert ours == (words if len(contents) > 64 else tuple(contents)), key
        else:
            assert ours == contents, key


@pytest.mark.parametrize("sample", ["llama.gguf", "big_endian.gguf"])
def test_the_samples(sample: str) -> None:
    held_against(SAMPLES / sample)


def test_numbers_of_bfloat16() -> None:
    for sample in ("llama.gguf", "big_endian.gguf"):
        model = load(SAMPLES / sample)
        variable = next(v for v in model.variables if v.dtype == "bfloat16")
        assert model.tensors is not None
        ours = np.frombuffer(model.tensors.read(variable, 0, variable.params), "<u2")
        tensors = gguf.GGUFReader(SAMPLES / "llama.gguf").tensors
        (theirs,) = (tensor.data for tensor in tensors if tensor.name == variable.key)
        assert ours.tolist() == theirs.view("<u2").ravel().tolist()


@pytest.mark.parametrize("order", ["LITTLE", "BIG"])
def test_every_plain_type_and_value(tmp_path: Path, order: str) -> None:
    path = tmp_path / "m.gguf"
    writer = gguf.GGUFWriter(path, "test", endianess=gguf.GGUFEndian[order])
    writer.add_custom_alignment(64)
    for bits in (8, 16, 32, 64):
        getattr(writer, f"add_uint{bits}")(f"u{bits}", 2**bits - 1)
        getattr(writer, f"add_int{bits}")(f"i{bits}", -(2 ** (bits - 1)))
    writer.add_float32("f32", 0.1)
    writer.add_float64("f64", 0.1)
    writer.add_bool("flag", val=False)
    writer.add_string("text", "naïve\n")
    arrays: dict[str, Any] = {
        "ints": [1, -2],
        "floats": [0.5],
        "texts": ["", "a"],
        "long": [7] * 99,
    }
    for key, items in arrays.items():
        writer.add_array(key, items)
    for name in sorted(_PLAIN):
        writer.add_tensor(f"t.{name}", np.arange(-6, 6).reshape(2, 3, 2).astype(name))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    held_against(path)


@pytest.mark.parametrize("kind", ["Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "TQ1_0", "TQ2_0", "BF16"])
def test_what_the_package_quantizes(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "m.gguf"
    writer = gguf.GGUFWriter(path, "test")
    raw = gguf.GGMLQuantizationType[kind]
    numbers = np.linspace(-1, 1, 2048, dtype="f4").reshape(4, 512)
    writer.add_tensor("w", gguf.quants.quantize(numbers, raw), raw_dtype=raw)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    held_against(path)
    assert load(path).variables[0].shape == (4, 512)
