"""Checksums of data: V2 checkpoints and archives, whole and with a byte changed."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest

import scopecli
from scopecli.formats import stored_checksums
from scopecli.formats.tensorflow.checkpoints import bundle_checks
from tests import bundles
from tests.samples import SAMPLES

if TYPE_CHECKING:
    from pathlib import Path

    from scopecli.model.model import Model

TENSORS = {
    "a": bundles.Tensor(data=b"1234"),
    "b": bundles.Tensor(shape=(2,), data=b"12345678", shard=1),
}


def mismatches(model: Model) -> list[str]:
    read: list[int] = []
    found = [subject for subject, _ in stored_checksums.mismatches(model, read.append)]
    assert sum(read) <= stored_checksums.bytes_to_read(model)
    return found


def flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 0x10
    path.write_bytes(data)


def test_a_byte_in_a_shard(tmp_path: Path) -> None:
    prefix = bundles.write(tmp_path / "m", TENSORS, 2)
    assert mismatches(scopecli.load(prefix)) == []
    flip(tmp_path / "m.data-00001-of-00002", 5)
    assert mismatches(scopecli.load(prefix)) == ["b"]


def test_shards_that_are_short_or_missing_are_left_out(tmp_path: Path) -> None:
    prefix = bundles.write(tmp_path / "m", TENSORS, 2)
    (tmp_path / "m.data-00000-of-00002").unlink()
    (tmp_path / "m.data-00001-of-00002").write_bytes(b"12")
    model = scopecli.load(prefix)
    assert mismatches(model) == []
    assert list(bundle_checks.short(model)) == [("b", 8, 2, f"{prefix}.data-00001-of-00002")]


def test_strings_whose_lengths_lie(tmp_path: Path) -> None:
    data = b"\xff\xff"  # a varint that does not end
    tensor = bundles.Tensor(bundles.STRING, (1,), data)
    model = scopecli.load(bundles.write(tmp_path / "m", {"s": tensor}))
    assert mismatches(model) == ["s"]


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_a_byte_in_an_archive(tmp_path: Path, save: object) -> None:
    path = tmp_path / "m.npz"
    assert callable(save)
    save(path, a=np.arange(500, dtype="f4"), b=np.ones(3))
    assert mismatches(scopecli.load(path)) == []
    flip(path, 300)
    assert mismatches(scopecli.load(path)) == ["a.npy"]


def test_samples_are_whole() -> None:
    for name in ("tf1_gan", "tf1_partitioned", "keras3_functional.keras", "tf1_saved_model"):
        model = scopecli.load(SAMPLES / name)
        assert stored_checksums.bytes_to_read(model) > 0
        assert mismatches(model) == []
    assert mismatches(scopecli.load(SAMPLES / "keras2_weights.h5")) == []


def test_an_index_without_its_end_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "m.index"
    whole = (SAMPLES / "tf1_gan/model.ckpt-200.index").read_bytes()
    for size in (60, 200):
        path.write_bytes(whole[:size])
        with pytest.raises(scopecli.ScopecliError, match="does not end as a checkpoint index"):
            scopecli.load(path)


def test_a_byte_in_a_storage_of_pytorch(tmp_path: Path) -> None:
    """Named after the variable that it is of, in every shard."""
    folder = tmp_path / "sharded"
    shutil.copytree(SAMPLES / "sharded_torch", folder)
    model = scopecli.load(folder)
    assert mismatches(model) == []
    variable = model.variables[-1]
    assert variable.storage is not None
    assert variable.storage.offset is not None
    flip(folder / variable.storage.shard, variable.storage.offset)
    assert mismatches(model) == [variable.name]


def test_the_stream_of_pytorch_has_no_checksums() -> None:
    model = scopecli.load(SAMPLES / "torch_legacy.pth")
    assert stored_checksums.bytes_to_read(model) == 0
    assert mismatches(model) == []
