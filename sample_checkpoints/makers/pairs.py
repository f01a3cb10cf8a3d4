"""Pairs that differ in one thing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from makers.sample import SEED, MakeFunction, sample
from makers.tensorflow1 import V2_DATA, V2_INDEX

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

PAIR_FLOATS = {
    "conv/kernel": (3, 3, 2, 4),
    "norm/gamma": (4,),
    "norm/beta": (4,),
    "norm/moving_mean": (4,),
    "norm/moving_variance": (4,),
    "dense/kernel": (8, 4),
    "dense/bias": (4,),
}
PAIR_STATISTICS = ("norm/moving_mean", "norm/moving_variance")


def pair_tensors(units: int = 4) -> dict[str, Any]:
    """Give the tensors of a small network by name, Adam's slots among them."""
    import numpy as np

    tensors: dict[str, Any] = {"global_step": np.int64(1200)}
    for number, (name, shape) in enumerate(PAIR_FLOATS.items()):
        grown = (*shape[:-1], units) if name.startswith("dense/") else shape
        random = np.random.RandomState(SEED + number)
        tensors[f"net/{name}"] = random.standard_normal(grown).astype("float32")
        if name not in PAIR_STATISTICS:
            for slot in ("Adam", "Adam_1"):
                values = random.standard_normal(grown).astype("float32") * 0.01
                tensors[f"net/{name}/{slot}"] = values
    return tensors


def write_pair(out: Path, name: str, tensors: Mapping[str, Any]) -> None:
    """Write the tensors as a checkpoint, with the operation that a Saver runs."""
    import tensorflow as tf

    names = sorted(tensors)
    tf.raw_ops.SaveV2(
        prefix=str(out / "pairs" / name / "ckpt"),
        tensor_names=names,
        shape_and_slices=[""] * len(names),
        tensors=[tf.constant(tensors[key]) for key in names],
    )


def pair_sample(name: str) -> Callable[[MakeFunction], MakeFunction]:
    """Register the maker of one checkpoint of a pair."""
    prefix = f"pairs/{name}/ckpt"
    files = {f"{prefix}.index": V2_INDEX, f"{prefix}.data-00000-of-00001": V2_DATA}
    return sample(f"pairs/{name}", "tensorflow-cpu", "numpy", files=files)


@pair_sample("base")
def make_pair_base(out: Path) -> None:
    """A small network with Adam's slots, to be compared with the others in this folder."""
    write_pair(out, "base", pair_tensors())


@pair_sample("one_element")
def make_pair_one_element(out: Path) -> None:
    """pairs/base with one element of one tensor changed."""
    tensors = pair_tensors()
    tensors["net/dense/kernel"][2, 1] += 0.5
    write_pair(out, "one_element", tensors)


@pair_sample("scope_renamed")
def make_pair_scope_renamed(out: Path) -> None:
    """pairs/base with the scope `net` moved into another, as model/net."""
    tensors = {
        f"model/{name}" if name.startswith("net/") else name: values
        for name, values in pair_tensors().items()
    }
    write_pair(out, "scope_renamed", tensors)


@pair_sample("halved")
def make_pair_halved(out: Path) -> None:
    """pairs/base in half precision."""
    tensors = {
        name: values.astype("float16") if values.dtype == "float32" else values
        for name, values in pair_tensors().items()
    }
    write_pair(out, "halved", tensors)


@pair_sample("grown")
def make_pair_grown(out: Path) -> None:
    """pairs/base with a dense layer of six units instead of four."""
    write_pair(out, "grown", pair_tensors(units=6))


@pair_sample("slot_dropped")
def make_pair_slot_dropped(out: Path) -> None:
    """pairs/base without the second moment of one variable."""
    tensors = pair_tensors()
    del tensors["net/dense/kernel/Adam_1"]
    write_pair(out, "slot_dropped", tensors)


@pair_sample("statistics_only")
def make_pair_statistics_only(out: Path) -> None:
    """pairs/base with other statistics of batch normalization and nothing else changed."""
    tensors = pair_tensors()
    for name in PAIR_STATISTICS:
        tensors[f"net/{name}"] = tensors[f"net/{name}"] * 2 + 1
    write_pair(out, "statistics_only", tensors)


@sample(
    "pairs/converted.npz",
    "numpy",
    files={"pairs/converted.npz": "the same tensors in another format"},
)
def make_pair_converted(out: Path) -> None:
    """pairs/base as numpy writes it: same names, same values, another format."""
    import numpy as np

    np.savez(out / "pairs/converted.npz", **pair_tensors())


@sample(
    "pairs/converted.safetensors",
    "safetensors",
    files={"pairs/converted.safetensors": "the same tensors in another format"},
)
def make_pair_converted_safetensors(out: Path) -> None:
    """pairs/base as safetensors writes it: same names, same values, another format."""
    import numpy as np
    from safetensors.numpy import save_file

    tensors = {name: np.asarray(values) for name, values in pair_tensors().items()}
    save_file(tensors, out / "pairs/converted.safetensors")


@sample(
    "pairs/torch_names.npz",
    "numpy",
    files={"pairs/torch_names.npz": "names and layouts as PyTorch has them"},
)
def make_pair_torch_names(out: Path) -> None:
    """The variables of pairs/base as PyTorch would keep them: `module.conv.weight`, transposed."""
    import numpy as np

    words = {"kernel": "weight", "gamma": "weight", "beta": "bias", "bias": "bias"}
    words |= {"moving_mean": "running_mean", "moving_variance": "running_var"}
    tensors = pair_tensors()
    converted = {}
    for name in PAIR_FLOATS:
        layer, _, leaf = name.partition("/")
        values = tensors[f"net/{name}"]
        if leaf == "kernel":
            values = values.transpose((3, 2, 0, 1) if values.ndim == 4 else (1, 0))
        converted[f"module.{layer}.{words[leaf]}"] = np.ascontiguousarray(values)
    np.savez(out / "pairs/torch_names.npz", **converted)
