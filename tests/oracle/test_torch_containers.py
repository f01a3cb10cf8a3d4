"""What PyTorch writes otherwise than by `torch.save`, held against PyTorch itself.

`pip install scopecli[oracle]` brings it.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from scopecli.errors import UnsupportedError
from scopecli.formats.opening import load
from tests.oracle.torch_tensors import bytes_of, held_against, loaded, read
from tests.samples import SAMPLES

if TYPE_CHECKING:
    from pathlib import Path

torch = pytest.importorskip("torch", reason="the oracle extra is not installed")

pytestmark = [
    pytest.mark.skipif(sys.byteorder == "big", reason="written for little-endian machines"),
    pytest.mark.filterwarnings("ignore"),
]


def test_a_module_and_a_script() -> None:
    model = load(SAMPLES / "torch_module.pt")
    held_against(model, torch.load(SAMPLES / "torch_module.pt", weights_only=False))
    script = load(SAMPLES / "torch_script.pt")
    held_against(script, torch.jit.load(SAMPLES / "torch_script.pt").state_dict())
    (constant,) = (v for v in script.variables if v.kind == "constant")
    assert read(script, constant) == bytes_of(torch.arange(3.0))


class _Scripted(torch.nn.Module):  # type: ignore[misc, name-defined]
    """Tensors in every place that a module of TorchScript has for them."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = torch.nn.BatchNorm1d(3)
        self.layers = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU())
        self.register_buffer("seen", torch.arange(6.0))
        self.register_buffer("cache", torch.arange(7.0), persistent=False)
        self.frozen = torch.nn.Parameter(torch.zeros(3), requires_grad=False)
        self.plain = torch.ones(2, 2)
        self.several = [torch.zeros(2), torch.ones(3)]
        self.named = {"a": torch.zeros(5)}

    def forward(self, inputs):  # type: ignore[no-untyped-def]
        others = self.plain.sum() + self.several[0].sum() + self.named["a"].sum()
        return self.layers(self.norm(inputs)) + others + self.seen.sum() + self.cache.sum()


@pytest.mark.parametrize("how", ["script", "trace", "freeze", "quantize"])
def test_scripts_have_what_their_state_dict_has(tmp_path: Path, how: str) -> None:
    path = tmp_path / "m.pt"
    net = _Scripted().eval()
    if how == "quantize":
        net = torch.ao.quantization.quantize_dynamic(net, {torch.nn.Linear})
    scripted = torch.jit.trace(net, torch.ones(2, 3)) if how == "trace" else torch.jit.script(net)
    torch.jit.save(torch.jit.freeze(scripted) if how == "freeze" else scripted, str(path))
    script = torch.jit.load(str(path))
    model = load(path)
    held_against(model, script.state_dict())
    needed = dict(script.named_parameters()) | dict(script.named_buffers())
    found = {v.key: v for v in model.variables if v.kind == "variable"}
    assert {key: v.trainable for key, v in found.items()} == {
        key: tensor.requires_grad for key, tensor in needed.items()
    }
    constants = {v.key for v in model.variables if v.kind == "constant"}
    if how == "script":
        assert constants == {"plain", "several.0", "several.1", "named.a"}
    elif how == "quantize":  # numbers that C++ packs, which no state dict has
        assert {"layers.0._packed_params._packed_params.0"} < constants


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "complex64", "int8", "float8_e4m3fn"])
def test_programs_of_torch_export(tmp_path: Path, dtype: str) -> None:
    class Net(torch.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.dense = torch.nn.Linear(3, 4)
            self.norm = torch.nn.BatchNorm1d(4)
            numbers = torch.arange(24.0).reshape(4, 6).to(getattr(torch, dtype))
            self.register_buffer("whole", numbers)
            self.register_buffer("part", numbers.t()[1:, ::2])
            self.register_buffer("cache", torch.arange(7.0), persistent=False)
            self.dense.bias.requires_grad_(requires_grad=False)

        def forward(self, inputs):  # type: ignore[no-untyped-def]
            return self.norm(self.dense(inputs)) + torch.tensor([1.0, 2.0, 3.0, 4.0])

    path = tmp_path / "m.pt2"
    torch.export.save(torch.export.export(Net().eval(), (torch.ones(2, 3),)), path)
    theirs = torch.export.load(path)
    model = load(path)
    held_against(model, theirs.state_dict)
    assert {v.key: v.trainable for v in model.variables if v.kind == "variable"} == {
        key: tensor.requires_grad for key, tensor in theirs.state_dict.items()
    }
    constants = {v.key: read(model, v) for v in model.variables if v.kind == "constant"}
    assert constants == {key: bytes_of(tensor) for key, tensor in theirs.constants.items()}


def test_shards() -> None:
    shards = sorted((SAMPLES / "sharded_torch").glob("*.bin"))
    theirs: dict[str, Any] = {}
    for shard in shards:
        theirs |= loaded(shard)
    held_against(load(SAMPLES / "sharded_torch"), theirs)


def test_a_distributed_checkpoint() -> None:
    from torch.distributed.checkpoint import FileSystemReader

    entries = FileSystemReader(SAMPLES / "torch_distributed").read_metadata().state_dict_metadata
    tensors = {key: held for key, held in entries.items() if hasattr(held, "size")}
    model = load(SAMPLES / "torch_distributed")
    assert {v.key: (v.shape, f"torch.{v.dtype}") for v in model.variables} == {
        key: (tuple(held.size), str(held.properties.dtype)) for key, held in tensors.items()
    }


def test_a_part_of_a_distributed_checkpoint_is_no_model(tmp_path: Path) -> None:
    from torch.distributed import checkpoint

    tensors = {"a": torch.ones(2), "b": torch.zeros(5000)}
    checkpoint.save(tensors, checkpoint_id=tmp_path)
    part = tmp_path / "__0_0.distcp"
    with pytest.raises(RuntimeError):
        loaded(part)
    with pytest.raises(UnsupportedError, match=r"bytes in front of .* name the folder"):
        load(part)
    held_against(load(tmp_path), tensors)


@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_plain_pickles(tmp_path: Path, protocol: int) -> None:
    import pickle

    net = torch.nn.Sequential(torch.nn.Linear(30, 40), torch.nn.BatchNorm1d(40))
    numbers = torch.arange(24.0).reshape(4, 6)
    state = {**net.state_dict(), "turned": numbers.t(), "half": numbers.to(torch.bfloat16)}
    for value in (state, {"epoch": 3, "net": state}, net):
        path = tmp_path / "m.pkl"
        path.write_bytes(pickle.dumps(value, protocol))
        held_against(load(path), pickle.loads(path.read_bytes()))


def test_archives_of_other_kinds(tmp_path: Path) -> None:
    from torch.package import PackageExporter

    net = torch.nn.Linear(3, 2)
    with PackageExporter(str(tmp_path / "p.pt")) as package:
        package.extern("**")
        package.save_pickle("model", "model.pkl", net)
    with pytest.raises(UnsupportedError, match=r"is a torch.package, which this version does not"):
        load(tmp_path / "p.pt")
