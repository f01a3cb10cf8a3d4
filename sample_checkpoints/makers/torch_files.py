"""PyTorch."""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING, Any

from makers.sample import SEED, sample

if TYPE_CHECKING:
    from pathlib import Path


def pytorch() -> Any:
    """Give PyTorch with a fixed seed, on one thread."""
    import torch

    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    return torch


def small_language_model(torch: Any) -> Any:
    """Give a network of two equal layers whose output is tied to its embedding."""
    nn = torch.nn
    layers = [
        nn.ModuleDict({"attention": nn.Linear(8, 8), "norm": nn.LayerNorm(8)}) for _ in range(2)
    ]
    parts = {
        "embed": nn.Embedding(10, 8),
        "layers": nn.ModuleList(layers),
        "norm": nn.BatchNorm1d(8),
        "head": nn.Linear(8, 10, bias=False),
    }
    model = nn.ModuleDict(parts)
    model["head"].weight = model["embed"].weight
    return model


@sample(
    "torch_checkpoint.pt",
    "torch",
    files={"torch_checkpoint.pt": "zip archive with a pickle and a member a storage"},
)
def make_torch_checkpoint(out: Path) -> None:
    """A training checkpoint of PyTorch: state dict, Adam's state, epoch and hyperparameters.

    `head.weight` is `embed.weight`: two names, one storage.
    """
    torch = pytorch()
    model = small_language_model(torch)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    sum((parameter**2).sum() for parameter in model.parameters()).backward()
    optimizer.step()
    checkpoint = {
        "epoch": 3,
        "global_step": 1200,
        "state_dict": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "hyper_parameters": {"lr": 0.01, "name": "small", "layers": [8, 8]},
    }
    torch.save(checkpoint, out / "torch_checkpoint.pt")


def torch_tensors(torch: Any) -> dict[str, Any]:
    """Give a tensor of every dtype and of every kind that is not plain."""
    kinds = (
        "bool uint8 uint16 uint32 uint64 int8 int16 int32 int64 float16 bfloat16 float32 float64"
        " complex64 complex128 float8_e4m3fn float8_e5m2"
    )
    numbers = torch.arange(12, dtype=torch.float32).reshape(3, 4) - 4
    found = {
        f"dtypes.{kind}": numbers.to(getattr(torch, kind), copy=True) for kind in kinds.split()
    }
    return found | {
        "views.whole": numbers,
        "views.again": numbers,
        "views.transposed": numbers.t(),
        "views.part": numbers[1:, ::2],
        "views.repeated": numbers[:1].expand(2, 4),
        "views.channels_last": torch.rand(2, 3, 4, 5).to(memory_format=torch.channels_last),
        "views.conjugate": torch.complex(numbers, numbers + 1).conj(),
        "views.negative": torch.complex(numbers, numbers + 1).conj().imag,
        "others.scalar": torch.tensor(3),
        "others.empty": torch.empty(0, 3),
        "others.parameter": torch.nn.Parameter(torch.ones(2)),
        "others.frozen": torch.nn.Parameter(torch.ones(2), requires_grad=False),
        "others.meta": torch.empty(3, 4, device="meta"),
        "others.sparse": torch.eye(3).to_sparse(),
        "others.rows": torch.eye(3).to_sparse_csr(),
        "others.nested": torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]),
        "others.quantized": torch.quantize_per_tensor(numbers, 0.1, 3, torch.qint8),
        "others.channels": torch.quantize_per_channel(
            numbers, torch.ones(3), torch.zeros(3), 0, torch.quint8
        ),
    }


@sample(
    "torch_tensors.pt",
    "torch",
    files={"torch_tensors.pt": "zip archive, the pickle of protocol 4"},
)
def make_torch_tensors(out: Path) -> None:
    """torch.save() of every dtype, of views, and of tensors that are sparse, quantized or meta."""
    torch = pytorch()
    torch.save(torch_tensors(torch), out / "torch_tensors.pt", pickle_protocol=4)


@sample(
    "torch_legacy.pth",
    "torch",
    files={"torch_legacy.pth": "pickles and storages one after another"},
)
def make_torch_legacy(out: Path) -> None:
    """A state dict in the stream that torch.save() wrote before PyTorch 1.6, with a tied weight."""
    torch = pytorch()
    state = small_language_model(torch).state_dict()
    addresses: dict[object, str] = {}

    class Numbered(str):
        """A number from 10 on for each address of a storage, which is another in every run."""

        __slots__ = ()

        def __new__(cls, address: object) -> str:  # type: ignore[misc]
            return addresses.setdefault(address, str(len(addresses) + 10))

    torch.serialization.str = Numbered
    with (out / "torch_legacy.pth").open("wb") as file:
        torch.save(state, file, _use_new_zipfile_serialization=False)


@sample(
    "torch_module.pt",
    "torch",
    files={"torch_module.pt": "zip archive whose pickle imports the classes of the layers"},
)
def make_torch_module(out: Path) -> None:
    """A whole module as torch.save() pickles it, with a buffer that no state dict has."""
    torch = pytorch()
    nn = torch.nn
    model = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.BatchNorm1d(3), nn.Linear(3, 2))
    model.register_buffer("cache", torch.zeros(2), persistent=False)
    model[3].bias.requires_grad_(requires_grad=False)
    torch.save(model, out / "torch_module.pt")


@sample(
    "torch_script.pt",
    "torch",
    files={"torch_script.pt": "zip archive with code, constants and a pickle"},
)
def make_torch_script(out: Path) -> None:
    """A module that torch.jit.trace() turned into code, one of whose tensors is a constant.

    Without what is for debugging: it has paths of the machine that it was made on.
    """
    torch = pytorch()
    nn = torch.nn
    path = out / "torch_script.pt"
    offset = torch.arange(3.0)

    class Shifted(nn.Module):  # type: ignore[misc]
        """A layer that adds numbers which are not its own."""

        # As of a class in a script that is run in a process of its own: it gets into the file.
        __module__ = "__mp_main__"

        def __init__(self) -> None:
            super().__init__()
            self.dense = nn.Linear(4, 3)

        def forward(self, inputs: Any) -> Any:
            return self.dense(inputs) + offset

    torch.jit.save(torch.jit.trace(Shifted(), torch.ones(1, 4)), str(path))
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            if not name.endswith((".debug_pkl", "serialization_id")):
                archive.writestr(zipfile.ZipInfo(name), content)


@sample(
    "torch_export.pt2",
    "torch",
    files={"torch_export.pt2": "zip archive with a graph, and storages that JSON describes"},
)
def make_torch_export(out: Path) -> None:
    """A program of torch.export: tied and frozen weights, a view, buffers, a tensor of the code.

    Without what is for debugging: it has paths of the machine that it was made on.
    """
    torch = pytorch()
    nn = torch.nn
    path = out / "torch_export.pt2"

    class Net(nn.Module):  # type: ignore[misc]
        """A layer whose weights are those of the one before it."""

        def __init__(self) -> None:
            super().__init__()
            self.embed = nn.Embedding(5, 4)
            self.head = nn.Linear(4, 5, bias=False)
            self.head.weight = self.embed.weight
            self.scale = nn.Parameter(torch.ones(5, dtype=torch.bfloat16), requires_grad=False)
            self.turned = nn.Parameter(torch.arange(20.0).reshape(4, 5).t())
            self.register_buffer("steps", torch.tensor(3))
            self.register_buffer("cache", torch.arange(5.0), persistent=False)

        def forward(self, inputs: Any) -> Any:
            found = self.head(self.embed(inputs)) * self.scale + self.steps + self.cache
            return found @ self.turned + torch.tensor([1.0, 2.0, 3.0, 4.0])

    torch.export.save(torch.export.export(Net(), (torch.tensor([1, 2]),)), path)
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        graph = next(name for name in files if name.endswith("/models/model.json"))
        program = json.loads(files[graph])
        for node in program["graph_module"]["graph"]["nodes"]:
            node["metadata"] = {}
        files[graph] = json.dumps(program).encode()
        for name, content in files.items():
            if not name.endswith("serialization_id"):
                archive.writestr(zipfile.ZipInfo(name), content)


TORCH_SHARDS = ("pytorch_model-00001-of-00002.bin", "pytorch_model-00002-of-00002.bin")
TORCH_INDEX = "pytorch_model.bin.index.json"


@sample(
    "sharded_torch",
    "torch",
    files={
        f"sharded_torch/{TORCH_SHARDS[0]}": "the first tensors",
        f"sharded_torch/{TORCH_SHARDS[1]}": "the others",
        f"sharded_torch/{TORCH_INDEX}": "which tensor is in which shard",
    },
)
def make_sharded_torch(out: Path) -> None:
    """A state dict in two shards, with the index that Hugging Face's transformers write."""
    torch = pytorch()
    tensors = {f"model.layers.{n}.weight": torch.full((4, 4), n / 2) for n in range(4)}
    weight_map = {}
    for number, shard in enumerate(TORCH_SHARDS):
        part = dict(list(tensors.items())[2 * number : 2 * number + 2])
        torch.save(part, out / "sharded_torch" / shard)
        weight_map |= dict.fromkeys(part, shard)
    index = {"metadata": {"total_size": 256}, "weight_map": weight_map}
    (out / "sharded_torch" / TORCH_INDEX).write_text(json.dumps(index, indent=2) + "\n", "utf-8")


@sample(
    "torch_distributed",
    "torch",
    files={
        "torch_distributed/.metadata": "a pickle with names, shapes, types and places",
        "torch_distributed/__0_0.distcp": "the tensors that rank 0 wrote",
    },
)
def make_torch_distributed(out: Path) -> None:
    """A checkpoint of torch.distributed, by one process: two layers and the state of SGD."""
    torch = pytorch()
    import pickle

    import torch.distributed.checkpoint as distributed

    model = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.Linear(3, 2))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    sum((parameter**2).sum() for parameter in model.parameters()).backward()
    optimizer.step()
    state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3}
    folder = out / "torch_distributed"
    distributed.save(state, checkpoint_id=str(folder), no_dist=True)
    with (folder / ".metadata").open("rb") as file:
        described = pickle.load(file)
    described.storage_meta = None  # where it was made, and a random number
    with (folder / ".metadata").open("wb") as file:
        pickle.dump(described, file, protocol=4)


@sample(
    "torch_hostile.pt",
    files={"torch_hostile.pt": "zip archive whose pickle would run a shell command"},
)
def make_torch_hostile(out: Path) -> None:
    """A PyTorch file that would run a command where it is loaded the old way.

    The command only writes a file. What the pickle would import is listed, and not imported.
    """
    command = b"echo this must never run > scopecli-was-here"
    call = b"cposix\nsystem\n(S'" + command + b"'\ntR0"
    with zipfile.ZipFile(out / "torch_checkpoint.pt") as archive:
        files = {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}
    files["data.pkl"] = files["data.pkl"][:2] + call + files["data.pkl"][2:]
    with zipfile.ZipFile(out / "torch_hostile.pt", "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(f"hostile/{name}"), content)
