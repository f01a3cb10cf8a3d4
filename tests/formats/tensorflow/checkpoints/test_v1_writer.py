"""V1 checkpoints under new names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import scopecli
from scopecli.analysis.rename.rules import AddPrefix, Drop, StripPrefix
from scopecli.errors import UnsupportedError
from tests.renames import contents, files, sample

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", ["tf1_v1/model.ckpt", "tf1_v1_sharded/model.ckpt"])
def test_there_and_back_gives_tensorflows_own_bytes(tmp_path: Path, name: str) -> None:
    old = sample(tmp_path, name)
    before = files(tmp_path)
    values = contents(old)
    scopecli.rename(old, tmp_path / "new", [AddPrefix("zz/")])
    assert contents(tmp_path / "new") == {f"zz/{key}": value for key, value in values.items()}
    scopecli.rename(tmp_path / "new", tmp_path / "back", [StripPrefix("zz/")])
    after = files(tmp_path)
    for file, data in before.items():
        assert after[file.replace("model.ckpt", "back")] == data


def test_another_order_of_names(tmp_path: Path) -> None:
    """The table is sorted by new names, the listing stays in the order of the old."""
    old = sample(tmp_path, "tf1_v1/model.ckpt")
    values = contents(old)
    order = sorted(values)
    there = dict(zip(order, [f"n{i}" for i in range(len(order), 0, -1)], strict=True))
    scopecli.rename(old, tmp_path / "new", there)
    assert contents(tmp_path / "new") == {there[key]: value for key, value in values.items()}
    listed = [variable.key for variable in scopecli.load(tmp_path / "new").variables]
    assert listed == [there[variable.key] for variable in scopecli.load(old).variables]


@pytest.mark.parametrize("name", ["tf1_v1/model.ckpt", "tf1_v1_sharded/model.ckpt"])
def test_dropping(tmp_path: Path, name: str) -> None:
    old = sample(tmp_path, name)
    values = contents(old)
    gone = max(values, key=lambda key: len(values[key]))
    scopecli.rename(old, tmp_path / "new", [Drop(gone)])
    del values[gone]
    assert contents(tmp_path / "new") == values
    sizes = [
        sum(len(data) for file, data in files(tmp_path).items() if file.startswith(base))
        for base in ("model.ckpt", "new")
    ]
    assert sizes[1] < sizes[0]


def test_shards_cannot_be_replaced_in_one_step(tmp_path: Path) -> None:
    old = sample(tmp_path, "tf1_v1_sharded/model.ckpt")
    before = files(tmp_path)
    with pytest.raises(UnsupportedError, match="2 shards, which cannot be replaced in one step"):
        scopecli.rename(old, None, {"wide": "narrow"})
    assert files(tmp_path) == before


def test_in_place(tmp_path: Path) -> None:
    old = sample(tmp_path, "tf1_v1/model.ckpt")
    scopecli.rename(old, None, {"wide": "narrow"}, backup=".bak")
    assert sorted(files(tmp_path)) == ["model.ckpt", "model.ckpt.bak"]
    assert "narrow" in contents(old)
    assert "wide" in contents(f"{old}.bak")
