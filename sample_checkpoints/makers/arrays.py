"""safetensors, NumPy, MXNet and GGUF."""

from __future__ import annotations

import json
import subprocess
import warnings
from typing import TYPE_CHECKING, Any

from makers.environment import PINS_OF_MXNET, cache_folder, pinned_python
from makers.sample import SEED, sample

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def save_safetensors(path: Path, tensors: Mapping[str, tuple[str, Any]]) -> None:
    """Write arrays under the dtypes that safetensors shall know them by."""
    from safetensors import TensorSpec, serialize

    specs = {
        name: TensorSpec(
            dtype=dtype,
            shape=list(values.shape),
            data_ptr=values.ctypes.data,
            data_len=values.nbytes,
        )
        for name, (dtype, values) in tensors.items()
    }
    # More than one text would be written in another order each time.
    path.write_bytes(serialize(specs, metadata={"format": "pt"}))


@sample(
    "dtypes.safetensors",
    "safetensors",
    "numpy",
    "ml_dtypes",
    files={"dtypes.safetensors": "one tensor of each dtype that the library writes"},
)
def make_dtypes_safetensors(out: Path) -> None:
    """A safetensors file with every dtype, a scalar and an empty tensor.

    The four bits of `float4_e2m1fn` are packed in pairs, so its last dimension is twice the
    stored one.
    """
    import ml_dtypes
    import numpy as np

    numbers = np.arange(-6, 6).reshape(3, 4)
    tensors: dict[str, tuple[str, Any]] = {}
    for bits in (8, 16, 32, 64):
        tensors[f"ints.int{bits}"] = (f"int{bits}", numbers.astype(f"i{bits // 8}"))
        tensors[f"ints.uint{bits}"] = (f"uint{bits}", (numbers + 6).astype(f"u{bits // 8}"))
    for bits in (16, 32, 64):
        tensors[f"floats.float{bits}"] = (f"float{bits}", (numbers / 4).astype(f"f{bits // 8}"))
    for name in (
        "bfloat16",
        "float8_e4m3fn",
        "float8_e4m3fnuz",
        "float8_e5m2",
        "float8_e5m2fnuz",
        "float8_e8m0fnu",
    ):
        values = (abs(numbers) + 1 if name.endswith("fnu") else numbers).astype("f4")
        tensors[f"floats.{name}"] = (name, values.astype(getattr(ml_dtypes, name)))
    tensors["floats.float4"] = ("float4_e2m1fn_x2", np.arange(6, dtype="u1").reshape(2, 3) * 41)
    tensors["complex64"] = ("complex64", (numbers * (1 + 2j)).astype("c8"))
    tensors["bool"] = ("bool", numbers > 0)
    tensors["scalar"] = ("float32", np.array(2.5, "f4"))
    tensors["empty"] = ("float32", np.zeros((0, 3), "f4"))
    save_safetensors(out / "dtypes.safetensors", tensors)


@sample(
    "sharded_safetensors",
    "safetensors",
    "numpy",
    "ml_dtypes",
    files={
        "sharded_safetensors/model-00001-of-00002.safetensors": "embedding and the first layers",
        "sharded_safetensors/model-00002-of-00002.safetensors": "the other layers and the head",
        "sharded_safetensors/model.safetensors.index.json": "which tensor is in which of them",
    },
)
def make_sharded_safetensors(out: Path) -> None:
    """A small language model in two safetensors files, as published models are.

    Four equal layers, two in each file, whose names a tree can fold.
    """
    import ml_dtypes
    import numpy as np

    generator = np.random.default_rng(SEED)

    def tensor(*shape: int) -> tuple[str, Any]:
        return "bfloat16", generator.normal(size=shape).astype("f4").astype(ml_dtypes.bfloat16)

    def layer(number: int) -> dict[str, tuple[str, Any]]:
        names = {f"self_attn.{name}_proj": (16, 16) for name in "qkvo"}
        names |= {"mlp.up_proj": (32, 16), "mlp.down_proj": (16, 32), "input_layernorm": (16,)}
        prefix = f"model.layers.{number}"
        return {f"{prefix}.{name}.weight": tensor(*shape) for name, shape in names.items()}

    parts = (
        {"model.embed_tokens.weight": tensor(48, 16), **layer(0), **layer(1)},
        {**layer(2), **layer(3), "model.norm.weight": tensor(16), "lm_head.weight": tensor(48, 16)},
    )
    folder = out / "sharded_safetensors"
    weight_map: dict[str, str] = {}
    total = 0
    for number, tensors in enumerate(parts, 1):
        shard = f"model-{number:05d}-of-00002.safetensors"
        save_safetensors(folder / shard, tensors)
        weight_map |= dict.fromkeys(tensors, shard)
        total += sum(values.nbytes for _, values in tensors.values())
    index = {"metadata": {"total_size": total}, "weight_map": dict(sorted(weight_map.items()))}
    text = json.dumps(index, indent=2) + "\n"
    (folder / "model.safetensors.index.json").write_bytes(text.encode())


def numpy_arrays() -> dict[str, Any]:
    """Give one array of each kind that NumPy saves."""
    import numpy as np

    numbers = np.arange(24, dtype="<f4").reshape(2, 3, 4)
    point = np.dtype([("x", "<f4"), ("where", [("row", "<i2"), ("column", "<i2")]), ("tags", "S2")])
    return {
        "numbers": numbers,
        "fortran": np.asfortranarray(numbers),
        "big_endian": numbers.astype(">f8"),
        "half": numbers.astype("f2")[0],
        "complex": (numbers[0] * 1j).astype("c16"),
        "flags": numbers[0] > 5,
        "scalar": np.int64(-3),
        "empty": np.zeros((0, 4), "u1"),
        "bytes": np.array([b"one", b"three"]),
        "texts": np.array(["one", "na\u00efve"]),
        "dates": np.array(["2020-01-01", "2020-02-29"], "M8[D]"),
        "points": np.array([(1.0, (2, 3), b"a"), (4.0, (5, 6), b"b")], point),
        "objects": np.array([{"a": 1}, None], object),
    }


@sample(
    "arrays.npz",
    "numpy",
    files={"arrays.npz": "zip of .npy files, stored"},
)
def make_arrays_npz(out: Path) -> None:
    """numpy.savez() of every kind of array, one of them of pickled objects.

    Fortran order, big-endian, structured, strings of bytes and of characters, dates.
    """
    import numpy as np

    np.savez(out / "arrays.npz", **numpy_arrays())


@sample(
    "flax_params.npz",
    "numpy",
    files={"flax_params.npz": "zip of .npy files, deflated"},
)
def make_flax_params_npz(out: Path) -> None:
    """numpy.savez_compressed() of parameters whose names have scopes at `/`."""
    import numpy as np

    generator = np.random.default_rng(SEED)
    params = {}
    for number in range(3):
        params[f"params/Dense_{number}/kernel"] = generator.normal(size=(8, 8)).astype("f4")
        params[f"params/Dense_{number}/bias"] = np.zeros(8, "f4")
    params["params/LayerNorm_0/scale"] = np.asfortranarray(np.ones((4, 6), ">f4"))
    np.savez_compressed(out / "flax_params.npz", **params)


@sample(
    "fortran.npy",
    "numpy",
    files={"fortran.npy": "version 1 of the format"},
)
def make_fortran_npy(out: Path) -> None:
    """numpy.save() of a big-endian array in Fortran order."""
    import numpy as np

    values = np.arange(60, dtype=">f4").reshape(3, 4, 5) / 8
    np.save(out / "fortran.npy", np.asfortranarray(values))


def old_network() -> dict[str, Any]:
    """Give the weights of a network by layer, as programs for TensorFlow 1 loaded them."""
    import numpy as np

    weights = np.arange(54, dtype="f4").reshape(3, 3, 2, 3) / 8
    return {
        "conv1": {"weights": weights, "biases": np.zeros(3, "f4")},
        "conv2": {"weights": weights[:, :, :1] - 1, "biases": np.ones(3, "f4")},
        "fc6": [np.asfortranarray(np.eye(3, 4)), np.arange(4, dtype=">i2")],
    }


@sample(
    "network.npy",
    "numpy",
    files={"network.npy": "an array of objects, whose values are a pickle"},
)
def make_network_npy(out: Path) -> None:
    """numpy.save() of a dictionary of layers, as the weights of VGG and AlexNet went around."""
    import numpy as np

    np.save(out / "network.npy", old_network(), allow_pickle=True)


@sample(
    "network.pkl",
    "numpy",
    files={"network.pkl": "pickle of protocol 2, which has bytes as texts"},
)
def make_network_pkl(out: Path) -> None:
    """pickle.dump() of layers, numbers and texts; two names are one array."""
    import pickle

    import numpy as np

    network = old_network()
    network["shared"] = network["conv1"]["biases"]
    document = {"model": network, "step": np.int64(1200), "rate": 0.5, "made by": "scopecli"}
    (out / "network.pkl").write_bytes(pickle.dumps(document, 2))


@sample(
    "structured.npy",
    "numpy",
    files={"structured.npy": "version 3 of the format, because a field's name is not ASCII"},
)
def make_structured_npy(out: Path) -> None:
    """numpy.save() of a structured array whose field has a name that is not Latin-1."""
    import numpy as np

    kind = np.dtype([("\u03c9", "<f8"), ("count", "<i4", (2,))])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        np.save(out / "structured.npy", np.array([(0.5, (1, 2)), (1.5, (3, 4))], kind))


MXNET_MODULE = """
import sys
import mxnet as mx

names = "float32 float64 float16 uint8 int32 int8 int64".split()
arrays = {f"arg:{name}": mx.nd.arange(6).reshape((2, 3)).astype(name) for name in names}
arrays["arg:conv0_weight"] = mx.nd.arange(24).reshape((2, 3, 2, 2)) / 10
arrays["arg:rows"] = mx.nd.sparse.row_sparse_array(([[1, 2]], [3]), shape=(5, 2))
arrays["arg:cells"] = mx.nd.sparse.csr_matrix(([1, 2, 3], [0, 2, 1], [0, 2, 3]), shape=(2, 3))
arrays["aux:batchnorm0_moving_mean"] = mx.nd.array([0.5, 1.5])
mx.nd.save(sys.argv[1], arrays)
"""

MXNET_NUMPY = """
import sys
import mxnet as mx

mx.npx.set_np()
arrays = {
    "encoder.0.weight": mx.np.arange(6).reshape(2, 3),
    "encoder.0.mask": mx.np.array([True, False], dtype="bool"),
    "scale": mx.np.array(2.5),
    "none": mx.np.zeros((0, 3)),
}
mx.npx.save(sys.argv[1], arrays)
"""


def run_mxnet(program: str, path: Path) -> None:
    """Run a program of MXNet's in its own environment, to write a file."""
    folder = cache_folder()
    python = pinned_python(folder.with_name(f"{folder.name}-mxnet"), PINS_OF_MXNET, ())
    subprocess.run([str(python), "-c", program, str(path)], check=True)


@sample(
    "module.params",
    *PINS_OF_MXNET,
    files={"module.params": "arguments and auxiliary states, two of them sparse"},
)
def mxnet_module(out: Path) -> None:
    """The parameters of an MXNet Module: arguments (`arg:`), auxiliary states (`aux:`).

    Every type that it had before its NumPy interface; one array is sparse by rows, one by cells.
    """
    run_mxnet(MXNET_MODULE, out / "module.params")


@sample("gluon.params", *PINS_OF_MXNET, files={"gluon.params": "arrays of MXNet's NumPy interface"})
def mxnet_numpy(out: Path) -> None:
    """Parameters of MXNet with NumPy's shapes: a scalar and an empty array are what they seem."""
    run_mxnet(MXNET_NUMPY, out / "gluon.params")


def write_gguf(path: Path, order: str) -> None:
    """Write a tiny model with quantized and plain tensors, and a vocabulary."""
    import gguf
    import numpy as np

    generator = np.random.default_rng(SEED)
    writer = gguf.GGUFWriter(path, "llama", endianess=gguf.GGUFEndian[order])
    writer.add_name("tiny\u2215llama")
    writer.add_block_count(2)
    writer.add_embedding_length(256)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_bool("tiny.tied", True)  # noqa: FBT003 - the writer's own signature
    writer.add_array("tiny.rope_sections", [16, 24, 24])
    writer.add_token_list([f"token_{number}" for number in range(100)])
    writer.add_token_scores([-float(number) for number in range(100)])
    writer.add_array("tiny.stop", ["</s>", "\n\n"])

    def plain(*shape: int) -> Any:
        return generator.normal(size=shape).astype("f4")

    def quantized(name: str, kind: str, *shape: int) -> None:
        raw = gguf.GGMLQuantizationType[kind]
        writer.add_tensor(name, gguf.quants.quantize(plain(*shape), raw), raw_dtype=raw)

    quantized("token_embd.weight", "Q8_0", 100, 32)
    for layer in range(2):
        writer.add_tensor(f"blk.{layer}.attn_norm.weight", plain(32))
        quantized(f"blk.{layer}.attn_q.weight", "Q4_0", 32, 32)
        quantized(f"blk.{layer}.attn_k.weight", "Q5_1", 8, 32)
        writer.add_tensor(f"blk.{layer}.ffn_up.weight", plain(48, 32).astype("f2"))
    kind = gguf.GGMLQuantizationType.Q4_K
    packed = generator.integers(0, 255, (2, gguf.GGML_QUANT_SIZES[kind][1]), "u1")
    writer.add_tensor("output.weight", packed, raw_dtype=kind)
    # As numbers of two bytes, which the writer swaps where it would not swap their bytes.
    kind = gguf.GGMLQuantizationType.BF16
    halves = gguf.quants.quantize(plain(1, 32), kind).view("u2")
    writer.add_tensor("output_norm.weight", halves, raw_dtype=kind)
    for bits in (8, 16, 32, 64):
        writer.add_tensor(f"steps.int{bits}", np.arange(-3, 3).astype(f"i{bits // 8}"))
    writer.add_tensor("steps.float64", np.linspace(0, 1, 6).reshape(2, 3))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


@sample(
    "llama.gguf",
    "gguf",
    "numpy",
    files={"llama.gguf": "version 3, little-endian"},
)
def make_llama_gguf(out: Path) -> None:
    """A tiny GGUF model: quantized tensors, plain ones of every type, a vocabulary."""
    write_gguf(out / "llama.gguf", "LITTLE")


@sample(
    "big_endian.gguf",
    "gguf",
    "numpy",
    files={"big_endian.gguf": "version 3, big-endian"},
)
def make_big_endian_gguf(out: Path) -> None:
    """The same model as it is written for a big-endian machine."""
    write_gguf(out / "big_endian.gguf", "BIG")
