"""Checkpoints to be renamed, and what is in them afterwards."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from scopecli.formats.opening import load
from tests import bundles
from tests.bundles import Tensor
from tests.samples import SAMPLES

if TYPE_CHECKING:
    from pathlib import Path

    from scopecli.model.variable import Variable

# A variable with its slots and an average, a partitioned one, another shard, an empty tensor.
NAMES = (
    "enc/w",
    "enc/w/Adam",
    "enc/w/Adam_1",
    "enc/w/ExponentialMovingAverage",
    "enc/layer_1/b",
    "dec/w",
    "global_step",
)


def two_shards(folder: Path) -> str:
    """A checkpoint with two data shards and a partitioned variable; its prefix."""
    tensors = {
        name: Tensor(shape=(2,), data=bytes([number]) * 8, shard=number % 2)
        for number, name in enumerate(NAMES, 1)
    }
    shards = [bytearray(), bytearray()]
    pairs = [bundles.header(2)]
    for name, (dtype, shape, data, shard) in sorted(tensors.items()):
        offset = len(shards[shard])
        shards[shard] += data
        entry = bundles.entry(dtype, shape, shard=shard, offset=offset, data=data)
        pairs.append((name.encode(), entry))
    whole = bundles.message((1, bundles.FLOAT), (2, bundles.shape_message((2, 2))))
    parts = b""
    for start in (0, 1):
        data = bytes([100 + start]) * 8
        extents = ((start, 1), (0, 2))
        key = bundles.slice_key(b"enc/table", extents)
        offset = len(shards[0])
        shards[0] += data
        pairs.append((key, bundles.entry(bundles.FLOAT, (1, 2), offset=offset, data=data)))
        extent = [bundles.message((1, a), (2, n)) for a, n in extents]
        parts += bundles.message((7, bundles.message(*((1, one) for one in extent))))
    # A field that nobody knows must survive.
    pairs.append((b"enc/table", whole + parts + bundles.message((99, b"kept"))))
    return bundles.write_pairs(folder / "old.ckpt", pairs, [bytes(shard) for shard in shards])


def sample(folder: Path, name: str) -> str:
    """A copy of a sample's checkpoint without its graph; its prefix."""
    source = SAMPLES / name
    for path in source.parent.iterdir():
        if path.name.startswith(source.name) and path.suffix != ".meta":
            shutil.copy(path, folder)
    return str(folder / source.name)


def contents(prefix: str | Path) -> dict[str, bytes]:
    """All values of a checkpoint, by key."""
    model = load(prefix)

    def value(variable: Variable) -> bytes:
        assert model.tensors is not None
        if variable.dtype == "string":
            return b"\0".join(model.tensors.strings(variable))
        return model.tensors.read(variable, 0, variable.params)

    return {variable.key: value(variable) for variable in model.variables}


def files(folder: Path) -> dict[str, bytes]:
    """Every file of a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
