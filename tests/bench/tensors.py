"""What is in the generated files: names, shapes and dtypes as a large model has them.

The same count gives the same tensors, always. Standard library only: the writers run this in
another interpreter too.
"""

from __future__ import annotations

from hashlib import sha256
from itertools import count, cycle, islice
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Tensor(NamedTuple):
    """One tensor of a generated file."""

    name: str
    shape: tuple[int, ...]
    dtype: str


# The leaves of a layer; `w` stands for the width of the layer.
_LAYER = (
    ("attention/query/kernel", "ww"),
    ("attention/query/bias", "w"),
    ("attention/key/kernel", "ww"),
    ("attention/key/bias", "w"),
    ("attention/value/kernel", "ww"),
    ("attention/value/bias", "w"),
    ("attention/output/kernel", "ww"),
    ("attention/output/bias", "w"),
    ("attention/layer_norm/gamma", "w"),
    ("attention/layer_norm/beta", "w"),
    ("feed_forward/intermediate/kernel", "w4"),
    ("feed_forward/intermediate/bias", "4"),
    ("feed_forward/output/kernel", "4w"),
    ("feed_forward/output/bias", "w"),
    ("feed_forward/layer_norm/gamma", "w"),
    ("feed_forward/layer_norm/beta", "w"),
)
_LAYERS_IN_A_STAGE = 12
_WIDTHS = (4, 6, 8, 12)  # small, so that 100,000 tensors are some megabytes
_LARGE = (64, 4, 16, 32, 8, 48)  # MiB
_SLOTS = ("Adam", "Adam_1")
_DATASETS_IN_A_GROUP = 8
_VERY_LARGE = 1_000_000  # tensors of one file
NODES_OF_A_LAYER = 36  # of a generated graph; real ones have 10 to 50 nodes a variable


def checkpoint_tensors(number: int) -> Iterator[Tensor]:
    """The variables of a checkpoint: a transformer in stages, every other one frozen."""
    return islice(_checkpoint(), number)


def _checkpoint() -> Iterator[Tensor]:
    yield Tensor("global_step", (), "int64")
    yield Tensor("beta1_power", (), "float32")
    yield Tensor("beta2_power", (), "float32")
    yield Tensor("tokenizer/vocabulary", (16,), "string")
    yield from _with_slots(Tensor("embeddings/word_embeddings", (64, 4), "float32"))
    yield from _with_slots(Tensor("embeddings/position_embeddings", (32, 4), "float32"))
    for layer in count():
        stage = layer // _LAYERS_IN_A_STAGE
        width = _WIDTHS[stage % len(_WIDTHS)]
        dims = {"w": width, "4": 4 * width}
        for leaf, axes in _LAYER:
            half = stage % 3 == 2 and leaf.endswith("kernel")
            tensor = Tensor(
                f"encoder/layer_{layer}/{leaf}",
                tuple(dims[axis] for axis in axes),
                "bfloat16" if half else "float32",
            )
            yield from (_with_slots(tensor) if stage % 2 else (tensor,))


def _with_slots(tensor: Tensor) -> Iterator[Tensor]:
    yield tensor
    for slot in _SLOTS:
        yield tensor._replace(name=f"{tensor.name}/{slot}")


def hdf5_tensors(number: int) -> Iterator[Tensor]:
    """The datasets of an HDF5 file: groups of eight."""
    leaves = [(leaf.replace("/", "_"), axes) for leaf, axes in _LAYER[:_DATASETS_IN_A_GROUP]]
    for i, (leaf, axes) in enumerate(islice(cycle(leaves), number)):
        name = f"encoder/layer_{i // len(leaves)}/{leaf}"
        yield Tensor(name, (4,) * len(axes), "int32" if i % 100 == 99 else "float32")


def keras_tensors(number: int) -> Iterator[Tensor]:
    """The weights of a Keras model: dense layers with kernel and bias."""
    for i in range(number):
        layer, leaf = f"dense_{i // 2}", "bias" if i % 2 else "kernel"
        yield Tensor(f"{layer}/{layer}/{leaf}:0", (8,) if i % 2 else (8, 8), "float32")


def torch_tensors(number: int) -> Iterator[Tensor]:
    """The state dict of a transformer.

    Where it is very large its names are short: safetensors refuses a header of 100 MB.
    """
    stem = "encoder.layer" if number < _VERY_LARGE else "h"
    for i, (leaf, axes) in enumerate(islice(cycle(_LAYER), number)):
        name = leaf.replace("/", ".").replace("kernel", "weight").replace("gamma", "weight")
        shape = tuple({"w": 8, "4": 32}[axis] for axis in axes)
        name = name.replace("beta", "bias")
        yield Tensor(f"{stem}.{i // len(_LAYER)}.{name}", shape, "float32")


def graph_tensors(number: int) -> Iterator[Tensor]:
    """The variables of a graph: layers in towers, one variable each."""
    for i in range(number):
        yield Tensor(f"tower_{i // 1000}/layer_{i % 1000}/w", (8, 8), "float32")


def large_tensors(mebibytes: int) -> Iterator[Tensor]:
    """Matrices of 4 to 64 MiB, so many in all."""
    left = mebibytes
    for i, size in enumerate(cycle(_LARGE)):
        size = min(size, left)  # noqa: PLW2901 - the last one is what is left
        if not size:
            return
        yield Tensor(f"layer_{i}/kernel", (256 * size, 1024), "float32")
        left -= size


def digest(tensors: Iterable[Tensor]) -> str:
    """A short word that changes whenever the tensors do."""
    state = sha256()
    for tensor in tensors:
        state.update(repr(tuple(tensor)).encode())
    return state.hexdigest()[:10]
