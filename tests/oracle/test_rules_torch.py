"""The rules about files of PyTorch's, on files that it wrote with each fault and without."""

from __future__ import annotations

import os
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import scopecli

if TYPE_CHECKING:
    from pathlib import Path

torch: Any = pytest.importorskip("torch", reason="pip install -e '.[oracle]'")
pytestmark = pytest.mark.filterwarnings("ignore")


def network() -> Any:
    torch.manual_seed(0)
    layers = (torch.nn.Linear(4, 4), torch.nn.BatchNorm1d(4), torch.nn.Linear(4, 2))
    return torch.nn.Sequential(*layers)


def saved(path: Path, value: object, **options: Any) -> Path:
    torch.save(value, path, **options)
    return path


def found(path: Path, *select: str) -> list[tuple[str, str]]:
    hits = scopecli.validate(path, select=select or ["ALL"], values=True)
    return [(hit.code, hit.subject) for hit in hits]


@pytest.mark.rules("N105")
def test_what_wrappers_put_before_names(tmp_path: Path) -> None:
    model = network()
    parallel = torch.nn.DataParallel(model)
    good = saved(tmp_path / "good.pt", model.state_dict())
    assert found(good) == []
    bad = saved(tmp_path / "bad.pt", parallel.state_dict())
    assert found(bad) == [("N105", "module")]
    loaded = torch.load(bad)
    missing = model.load_state_dict(loaded, strict=False).missing_keys
    assert {"0.weight", "2.bias"} <= set(missing)  # and no error
    twice = saved(tmp_path / "twice.pt", torch.nn.DataParallel(parallel).state_dict())
    assert found(twice) == [("N105", "module"), ("N105", "module.module")]


@pytest.mark.rules("N105")
def test_wrappers_of_parts(tmp_path: Path) -> None:
    model = network()
    good = {"module": model.state_dict(), "ds_version": "0.18", "global_steps": 3}
    assert found(saved(tmp_path / "good.pt", good)) == []  # as DeepSpeed writes it
    model[0] = torch.compile(model[0])
    state = {"state_dict": {f"model.{key}": value for key, value in model.state_dict().items()}}
    bad = saved(tmp_path / "bad.pt", {**state, "epoch": 1})
    assert found(bad) == [("N105", "state_dict.model.0._orig_mod")]
    names = {"state_dict.model.0._orig_mod.": "state_dict.model.0."}
    scopecli.rename(bad, tmp_path / "fixed.pt", names)
    assert found(tmp_path / "fixed.pt") == []


@pytest.mark.rules("N105")
def test_in_a_training_checkpoint_and_in_safetensors(tmp_path: Path) -> None:
    """The state of a model is one entry of several, as most training scripts write it."""
    model = network()
    parallel = torch.nn.DataParallel(model)

    def trained(one: Any) -> dict[str, Any]:
        # As of an optimizer, which this process does not import: with TensorFlow it would crash.
        averages = {n: {"exp_avg": p * 2} for n, p in enumerate(one.parameters())}
        optimizer = {"state": averages, "param_groups": [{"params": list(averages)}]}
        return {"epoch": 3, "model": one.state_dict(), "optimizer": optimizer}

    assert found(saved(tmp_path / "good.pt", trained(model)), "N") == []
    bad = saved(tmp_path / "bad.pt", trained(parallel))
    assert found(bad, "N") == [("N105", "model.module")]
    library: Any = pytest.importorskip("safetensors.torch", reason="needs safetensors")
    library.save_file(parallel.state_dict(), tmp_path / "bad.safetensors")
    assert found(tmp_path / "bad.safetensors") == [("N105", "module")]


@pytest.mark.rules("F701")
def test_a_flipped_byte(tmp_path: Path) -> None:
    """PyTorch loads it, and says nothing."""
    model = network()
    path = saved(tmp_path / "m.pt", model.state_dict())
    assert found(path, "F") == []
    data = bytearray(path.read_bytes())
    data[data.index(model[2].weight.detach().numpy().tobytes()) + 3] ^= 1
    path.write_bytes(data)
    assert found(path, "F") == [("F701", "2.weight")]
    assert not torch.equal(torch.load(path)["2.weight"], model[2].weight)


@pytest.mark.rules("F703")
def test_a_file_that_is_cut_off(tmp_path: Path) -> None:
    for legacy in (False, True):
        path = saved(
            tmp_path / "m.pt", network().state_dict(), _use_new_zipfile_serialization=not legacy
        )
        assert found(path, "F") == []
        path.write_bytes(path.read_bytes()[:-100])
        assert {code for code, _ in found(path, "F")} == {"F703"}
        with pytest.raises((RuntimeError, EOFError, OSError)):
            torch.load(path)


class Runs:
    """Unpickling it makes a folder."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (self.path,)


@pytest.mark.rules("F711")
@pytest.mark.parametrize("legacy", [False, True])
def test_a_pickle_that_runs_programs(tmp_path: Path, *, legacy: bool) -> None:
    options = {"_use_new_zipfile_serialization": not legacy}
    good = saved(tmp_path / "good.pt", network().state_dict(), **options)
    whole = saved(tmp_path / "whole.pt", network(), **options)
    bad = saved(tmp_path / "bad.pt", {"w": Runs(tmp_path / "made")}, **options)
    assert found(good) == found(whole) == []
    assert found(bad) == [("F711", f"{os.mkdir.__module__}.mkdir")]
    assert not (tmp_path / "made").exists()
    torch.load(bad, weights_only=False)
    assert (tmp_path / "made").exists()


@pytest.mark.rules("F707", "F711")
def test_a_second_pickle_of_the_same_name(tmp_path: Path) -> None:
    """`zipfile` takes the last one, and PyTorch either, by where a search in halves meets it."""
    good = saved(tmp_path / "m.pt", network().state_dict())
    evil = saved(tmp_path / "evil.pt", {"w": Runs(tmp_path / "made")})
    assert found(good, "F") == []
    with zipfile.ZipFile(evil) as archive:
        pickle = archive.read("evil/data.pkl")
    with zipfile.ZipFile(good) as archive:
        members = [(name, archive.read(name)) for name in archive.namelist()]
    at = next(place for place, (name, _) in enumerate(members) if name.endswith("data.pkl"))
    for place in (at, at + 1):
        path = tmp_path / f"{place}.pt"
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in [*members[:place], ("m/data.pkl", pickle), *members[place:]]:
                archive.writestr(name, data)
        assert [code for code, _ in found(path, "F")] == ["F707", "F711"]
        torch.load(path, weights_only=False)
    assert (tmp_path / "made").exists()


@pytest.mark.rules("F710")
@pytest.mark.parametrize("legacy", [False, True])
def test_tied_weights_and_copies(tmp_path: Path, *, legacy: bool) -> None:
    options = {"_use_new_zipfile_serialization": not legacy}
    weight = network()[0].weight.detach()
    tied = {"embed": weight, "head": weight, "steps": torch.tensor(7), "count": torch.tensor(7)}
    assert found(saved(tmp_path / "good.pt", tied, **options)) == []
    copied = {"embed": weight, "head": weight.clone()}
    assert found(saved(tmp_path / "bad.pt", copied, **options)) == [("F710", "head")]


@pytest.mark.rules("H803")
def test_what_is_no_number(tmp_path: Path) -> None:
    model = network()
    assert found(saved(tmp_path / "good.pt", model.state_dict())) == []
    with torch.no_grad():
        model[2].bias[1] = float("nan")
    assert found(saved(tmp_path / "bad.pt", model.state_dict())) == [("H803", "2.bias")]


@pytest.mark.rules("H803")
def test_infinity_that_is_meant(tmp_path: Path) -> None:
    """A mask for attention, and where quantization begins to look for the least and the largest."""
    model = network()
    mask = torch.nn.Transformer.generate_square_subsequent_mask(6)
    assert mask.isinf().any()
    model.register_buffer("mask", mask)
    model.register_module("observer", torch.ao.quantization.MinMaxObserver())
    state = {"state_dict": model.state_dict(), "best_loss": torch.tensor(float("inf"))}
    assert found(saved(tmp_path / "good.pt", state)) == []
    model.mask[0, 0] = 0.5  # a weight that overflowed
    state["state_dict"]["0.bias"][2] = float("-inf")
    bad = found(saved(tmp_path / "bad.pt", state))
    assert bad == [("H803", "state_dict.mask"), ("H803", "state_dict.0.bias")]


@pytest.mark.rules("H804")
def test_a_weight_of_numpy_s_type(tmp_path: Path) -> None:
    """PyTorch keeps float64 where an array is given, and such a layer does not run."""
    layers = torch.nn.Sequential(*(torch.nn.Linear(4, 4) for _ in range(6)))
    assert found(saved(tmp_path / "good.pt", layers.state_dict())) == []
    array = np.random.default_rng(0).normal(size=4)
    layers[5].bias = torch.nn.Parameter(torch.from_numpy(array))
    assert found(saved(tmp_path / "bad.pt", layers.state_dict())) == [("H804", "5.bias")]
    with pytest.raises(RuntimeError, match="dtype"):
        layers(torch.ones(1, 4))
