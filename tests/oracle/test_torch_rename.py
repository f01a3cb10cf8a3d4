"""Held against PyTorch itself: what was renamed is loaded, under the new names.

`pip install scopecli[oracle]` brings it.
"""

from __future__ import annotations

import json
import sys
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import pytest

import scopecli
from scopecli.analysis.rename.rules import AddPrefix, Drop, DropSlots, StripPrefix

torch = pytest.importorskip("torch", reason="the oracle extra is not installed")

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

pytestmark = [
    pytest.mark.skipif(sys.byteorder == "big", reason="written for little-endian machines"),
    pytest.mark.filterwarnings("ignore"),
]


def network(body: str = "body", head: str = "head") -> Any:
    """A small network with statistics, a layer without tensors, and one layer in two places."""
    shared = torch.nn.Linear(4, 4)
    inner = torch.nn.Sequential(shared, torch.nn.BatchNorm1d(4), torch.nn.ReLU(), shared)
    return torch.nn.Sequential(OrderedDict([(body, inner), (head, torch.nn.Linear(4, 2))]))


def trained() -> tuple[Any, Any]:
    """A network and its optimizer after a step."""
    net = network()
    optimizer = torch.optim.AdamW(net.parameters(), amsgrad=True)
    net(torch.ones(3, 4)).sum().backward()
    optimizer.step()
    return net, optimizer


def loaded(path: Path) -> Any:
    return torch.load(path, weights_only=True, mmap=True)


def same(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> None:
    """The same names in the same order, bit-equal values, and the same ties."""
    assert list(ours) == list(theirs)
    for key, tensor in theirs.items():
        found = ours[key]
        assert found.dtype == tensor.dtype
        assert found.shape == tensor.shape
        assert found.stride() == tensor.stride()
        assert torch.equal(found, tensor)
        assert found.data_ptr() % 64 == 0
    for held in (ours, theirs):
        assert len({t.data_ptr() for t in held.values()}) == len(
            {t.data_ptr() for t in theirs.values()}
        )


def test_a_renamed_state_dict_is_loaded_into_the_renamed_module(tmp_path: Path) -> None:
    net, _ = trained()
    torch.save(net.state_dict(), tmp_path / "old.pt")
    rules = {"body.": "encoder.", "head.": "classifier."}
    scopecli.rename(tmp_path / "old.pt", tmp_path / "new.pt", rules)
    new = loaded(tmp_path / "new.pt")
    expected = {
        key.replace("body.", "encoder.").replace("head.", "classifier."): value
        for key, value in loaded(tmp_path / "old.pt").items()
    }
    same(new, expected)
    other = network("encoder", "classifier")
    assert other.load_state_dict(new) == torch.nn.modules.module._IncompatibleKeys([], [])
    assert new._metadata == other.state_dict()._metadata
    torch.save(other.state_dict(), tmp_path / "theirs.pt")
    same(loaded(tmp_path / "theirs.pt"), expected)
    scopecli.rename(
        tmp_path / "new.pt", tmp_path / "back.pt", {new: old for old, new in rules.items()}
    )
    assert (tmp_path / "back.pt").read_bytes() == (tmp_path / "old.pt").read_bytes()


def test_the_prefix_of_a_wrapper(tmp_path: Path) -> None:
    net = network()
    torch.save({f"module.{k}": v for k, v in net.state_dict().items()}, tmp_path / "ddp.pt")
    scopecli.rename(tmp_path / "ddp.pt", tmp_path / "new.pt", [StripPrefix("module.")])
    net.load_state_dict(loaded(tmp_path / "new.pt"))
    scopecli.rename(tmp_path / "new.pt", tmp_path / "again.pt", [AddPrefix("module.")])
    same(loaded(tmp_path / "again.pt"), loaded(tmp_path / "ddp.pt"))


def checkpoint(path: Path) -> dict[str, Any]:
    """A training checkpoint, of which two parts have the same texts for keys."""
    net, optimizer = trained()
    state = net.state_dict()
    held = {
        "epoch": 3,
        "hyper_parameters": {"names": list(state), "lr": 0.1},
        "model": state,
        "ema": {key: value.clone() for key, value in state.items()},
        "optimizer": optimizer.state_dict(),
        "list": [torch.ones(2), {"best": torch.zeros(())}],
    }
    torch.save(held, path)
    return held


def test_only_one_dictionary_of_a_checkpoint_changes(tmp_path: Path) -> None:
    """The texts that are keys in the other, and in a list, stay what they are."""
    held = checkpoint(tmp_path / "old.pt")
    rules = {"model.body.": "model.encoder.", "list.1.best": "list.1.worst"}
    scopecli.rename(tmp_path / "old.pt", tmp_path / "new.pt", rules)
    old, new = loaded(tmp_path / "old.pt"), loaded(tmp_path / "new.pt")
    same(new["ema"], old["ema"])
    same(new["model"], {k.replace("body.", "encoder."): v for k, v in old["model"].items()})
    assert new["hyper_parameters"] == held["hyper_parameters"]
    assert new["epoch"] == 3
    assert torch.equal(new["list"][1]["worst"], torch.zeros(()))
    for number, state in old["optimizer"]["state"].items():
        assert list(new["optimizer"]["state"][number]) == list(state)
        for name, tensor in state.items():
            assert torch.equal(new["optimizer"]["state"][number][name], tensor)
    assert new["optimizer"]["param_groups"] == old["optimizer"]["param_groups"]
    network("encoder").load_state_dict(new["model"])


@pytest.mark.parametrize("rule", ["model.*", "ema.*", "*.weight", "list.1.best", "model.body.0.*"])
def test_dropped(tmp_path: Path, rule: str) -> None:
    from fnmatch import fnmatchcase

    checkpoint(tmp_path / "old.pt")
    scopecli.rename(tmp_path / "old.pt", tmp_path / "new.pt", [Drop(rule)])
    old, new = loaded(tmp_path / "old.pt"), loaded(tmp_path / "new.pt")
    for part in ("model", "ema"):
        kept = {k: v for k, v in old[part].items() if not fnmatchcase(f"{part}.{k}", rule)}
        same(new[part], kept)
    assert (tmp_path / "new.pt").stat().st_size < (tmp_path / "old.pt").stat().st_size


def test_without_slots_the_optimizer_starts_anew(tmp_path: Path) -> None:
    checkpoint(tmp_path / "old.pt")
    scopecli.rename(tmp_path / "old.pt", tmp_path / "new.pt", [DropSlots()])
    new = loaded(tmp_path / "new.pt")
    same(new["model"], loaded(tmp_path / "old.pt")["model"])
    net = network()
    optimizer = torch.optim.AdamW(net.parameters(), amsgrad=True)
    optimizer.load_state_dict(new["optimizer"])
    net(torch.ones(3, 4)).sum().backward()
    optimizer.step()


@pytest.mark.parametrize("name", ["SGD", "Adam", "Adagrad", "Adafactor", "LBFGS", "Rprop", "NAdam"])
def test_every_optimizer_stays_or_goes(tmp_path: Path, name: str) -> None:
    net = network()
    if not hasattr(torch.optim, name):
        pytest.skip("is not in this version of PyTorch")
    settings = {"momentum": 0.9} if name == "SGD" else {}
    optimizer = getattr(torch.optim, name)(net.parameters(), lr=0.01, **settings)

    def loss() -> Any:
        found = net(torch.ones(3, 4)).square().sum()
        found.backward()
        return found

    optimizer.step(loss)
    torch.save({"net": net.state_dict(), "opt": optimizer.state_dict()}, tmp_path / "old.pt")
    scopecli.rename(tmp_path / "old.pt", tmp_path / "new.pt", {"net.": "net.inner."})
    optimizer.load_state_dict(loaded(tmp_path / "new.pt")["opt"])
    scopecli.rename(tmp_path / "old.pt", tmp_path / "less.pt", [DropSlots()])
    less = loaded(tmp_path / "less.pt")
    assert less["opt"]["state"] == {}
    same(less["net"], loaded(tmp_path / "old.pt")["net"])
    optimizer.load_state_dict(less["opt"])
    if name != "Adagrad":  # which makes its state when it is made itself, and never again
        optimizer.step(loss)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_every_protocol(tmp_path: Path, protocol: int) -> None:
    shared = torch.arange(3.0)
    held = {"a": shared, "b": {"a": shared, "c": shared[1:]}, "text": "a"}
    torch.save(held, tmp_path / "old.pt", pickle_protocol=protocol)
    for rules, expected in (
        ({"a": "x", "b.a": "b.y"}, {"x": "a", "b": {"y", "c"}, "text": "a"}),
        ([Drop("a")], {"b": {"a", "c"}, "text": "a"}),
        ([Drop("b.*")], {"a": "a", "b": set(), "text": "a"}),
    ):
        new = tmp_path / f"{len(expected)}{len(expected['b'])}.pt"
        scopecli.rename(tmp_path / "old.pt", new, rules)
        found = torch.load(new, weights_only=False)
        assert list(found) == list(expected)
        assert set(found["b"]) == expected["b"]
        assert found["text"] == "a"
        whole = found.get("x", found.get("a", found["b"].get("a")))
        assert torch.equal(whole, shared)
        for tensor in found["b"].values():
            is_whole = tensor.numel() == 3
            assert torch.equal(tensor, shared if is_whole else shared[1:])
            assert tensor.untyped_storage().data_ptr() == whole.untyped_storage().data_ptr()


@pytest.mark.parametrize("alignment", [64, 4096])
def test_storages_stay_where_they_can_be_mapped(tmp_path: Path, alignment: int) -> None:
    config = pytest.importorskip("torch.utils.serialization").config
    before = config.save.storage_alignment
    config.save.storage_alignment = alignment
    try:
        torch.save({f"w{n}": torch.full((n + 1,), float(n)) for n in range(5)}, tmp_path / "o.pt")
    finally:
        config.save.storage_alignment = before
    scopecli.rename(tmp_path / "o.pt", tmp_path / "n.pt", {"w3": "a name that is longer" * 30})
    model = scopecli.load(tmp_path / "n.pt")
    offsets = [variable.storage.offset for variable in model.variables if variable.storage]
    assert [offset % alignment for offset in offsets if offset is not None] == [0] * 5
    assert len(loaded(tmp_path / "n.pt")) == 5
    config.load.calculate_storage_offsets = True  # which relies on what PyTorch itself writes
    try:
        assert torch.equal(loaded(tmp_path / "n.pt")["w4"], torch.full((5,), 4.0))
    finally:
        config.load.calculate_storage_offsets = False


def test_without_checksums(tmp_path: Path) -> None:
    torch.serialization.set_crc32_options(False)
    try:
        torch.save(network().state_dict(), tmp_path / "old.pt")
    finally:
        torch.serialization.set_crc32_options(True)
    scopecli.rename(tmp_path / "old.pt", tmp_path / "new.pt", {"head.": "x."})
    old, new = loaded(tmp_path / "old.pt"), loaded(tmp_path / "new.pt")
    same(new, {k.replace("head.", "x."): v for k, v in old.items()})


def test_shards(tmp_path: Path) -> None:
    state = network().state_dict()
    weight_map = {}
    for number, key in enumerate(state):
        shard = f"pytorch_model-0000{number % 2 + 1}-of-00002.bin"
        weight_map[key] = shard
    for shard in set(weight_map.values()):
        torch.save({k: v for k, v in state.items() if weight_map[k] == shard}, tmp_path / shard)
    index = tmp_path / "pytorch_model.bin.index.json"
    index.write_text(json.dumps({"metadata": {"total_size": 1}, "weight_map": weight_map}), "utf-8")
    out = tmp_path / "out"
    out.mkdir()
    scopecli.rename(tmp_path, out / index.name, [AddPrefix("model.")])
    written = json.loads((out / index.name).read_text("utf-8"))
    assert written["metadata"] == {"total_size": 1}
    found: dict[str, Any] = {}
    for shard in sorted(set(written["weight_map"].values())):
        held = loaded(out / shard)
        assert all(written["weight_map"][key] == shard for key in held)
        found |= held
    assert set(found) == {f"model.{key}" for key in state}
    assert all(torch.equal(found[f"model.{key}"], value) for key, value in state.items())
