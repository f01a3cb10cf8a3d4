"""Held against PyTorch itself, which loads with `weights_only=True` wherever it can.

`pip install scopecli[oracle]` brings it.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from scopecli.binary.pickle.imports import HOSTILE
from scopecli.formats.opening import load
from scopecli.formats.torch.globals import ALLOWED, UNSAFE
from scopecli.formats.torch.types import TYPES
from tests.oracle.torch_tensors import bytes_of, flattened, held_against, loaded, read
from tests.samples import SAMPLES

torch = pytest.importorskip("torch", reason="the oracle extra is not installed")

pytestmark = [
    pytest.mark.skipif(sys.byteorder == "big", reason="written for little-endian machines"),
    pytest.mark.filterwarnings("ignore"),
]


@pytest.mark.parametrize("sample", ["torch_checkpoint.pt", "torch_tensors.pt", "torch_legacy.pth"])
def test_the_samples(sample: str) -> None:
    if sample == "torch_tensors.pt":  # written with a protocol that weights_only does not know
        theirs = torch.load(SAMPLES / sample, weights_only=False)
    else:
        theirs = loaded(SAMPLES / sample)
    held_against(load(SAMPLES / sample), theirs)


def test_the_list_of_what_is_allowed() -> None:
    from torch import _weights_only_unpickler

    assert set(_weights_only_unpickler._get_allowed_globals()) == ALLOWED


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("name", sorted(TYPES))
def test_every_dtype(tmp_path: Path, name: str, *, legacy: bool) -> None:
    dtype = getattr(torch, name.removeprefix("torch."))
    if TYPES[name].size == 0:
        pytest.skip("is packed, and made by quantizing only")
    numbers = torch.arange(6 * TYPES[name].size, dtype=torch.uint8) % 2
    try:
        tensor = numbers.view(dtype).reshape(2, 3)
    except RuntimeError:
        tensor = torch._empty_affine_quantized([2, 3], scale=1, zero_point=0, dtype=dtype)
    try:
        torch.save({"w": tensor}, tmp_path / "m.pt", _use_new_zipfile_serialization=not legacy)
        whole = loaded(tmp_path / "m.pt")
    except (AttributeError, KeyError):
        pytest.skip("PyTorch itself cannot save it so, or not load it again")
    model = load(tmp_path / "m.pt")
    if model.variables[0].attributes.get("stored_dtype") or name == "torch.complex32":
        theirs = whole["w"]
        assert model.variables[0].shape == tuple(theirs.shape)
        assert model.variables[0].nbytes == theirs.numel() * theirs.element_size()
        if name != "torch.complex32":
            assert read(model, model.variables[0]) == (numbers.numpy().tobytes())
        return
    held_against(model, whole)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_every_protocol_and_container(tmp_path: Path, protocol: int) -> None:
    value = {
        "list": [torch.ones(2), {"x": torch.zeros(1)}],
        5: (torch.arange(3), [1, 2]),
        "nothing": None,
        "set": {1, 2},
    }
    path = tmp_path / "m.pt"
    torch.save(value, path, pickle_protocol=protocol)
    model = load(path)
    assert [v.key for v in model.variables] == ["list.0", "list.1.x", "5.0"]
    held_against(model, torch.load(path, weights_only=False))


@pytest.mark.parametrize("legacy", [False, True])
def test_views_that_take_several_bands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, legacy: bool
) -> None:
    from scopecli.formats.torch import values as torch_values

    monkeypatch.setattr(torch_values, "_BAND", 256)
    monkeypatch.setattr(torch_values, "_BLOCK", 96)
    numbers = torch.arange(7 * 9 * 5, dtype=torch.int32).reshape(7, 9, 5)
    views = {
        "turned": numbers.permute(2, 0, 1),
        "back": numbers.transpose(0, 2),
        "steps": numbers[::2, 1::3, ::2],
        "repeated": numbers[:, :1].expand(7, 40, 5),
        "diagonal": torch.diagonal(numbers, dim1=0, dim2=1),
        "windows": numbers.reshape(-1).unfold(0, 10, 3),
    }
    path = tmp_path / "m.pt"
    torch.save(views, path, _use_new_zipfile_serialization=not legacy)
    held_against(load(path), loaded(path))


def test_what_pytorch_refuses_is_refused(tmp_path: Path) -> None:
    from scopecli.errors import ScopecliError

    path = tmp_path / "m.pt"
    torch.save({"a": torch.ones(9), "b": torch.ones(9)}, path)
    whole = path.read_bytes()
    legacy = tmp_path / "legacy.pt"
    torch.save({"a": torch.ones(9)}, legacy, _use_new_zipfile_serialization=False)
    stream = legacy.read_bytes()
    for broken in (whole[:-10], whole[: len(whole) // 2], stream[:-1], stream[: len(stream) // 2]):
        path.write_bytes(broken)
        with pytest.raises(Exception):  # noqa: B017, PT011 - of many kinds
            loaded(path)
        with pytest.raises(ScopecliError):
            load(path)


def test_without_checksums(tmp_path: Path) -> None:
    """PyTorch can be told not to compute them; then nothing may be told from them."""
    path = tmp_path / "m.pt"
    torch.serialization.set_crc32_options(False)
    try:
        torch.save({"a": torch.ones(9), "b": torch.zeros(9)}, path)
    finally:
        torch.serialization.set_crc32_options(True)
    model = load(path)
    assert [v.storage.checksum for v in model.variables if v.storage] == [None, None]
    held_against(model, loaded(path))


def test_checksums_are_of_the_whole_tensor(tmp_path: Path) -> None:
    numbers = torch.arange(8.0)
    path = tmp_path / "m.pt"
    torch.save({"all": numbers, "part": numbers[2:], "other": numbers.clone()}, path)
    found = [v.storage.checksum for v in load(path).variables if v.storage]
    assert found[0] is not None
    assert found[0] == found[2]
    assert found[1] is None


def test_the_offset_is_that_of_the_values(tmp_path: Path) -> None:
    path = tmp_path / "m.pt"
    torch.save({"w": torch.arange(8.0)[2:]}, path)
    (variable,) = load(path).variables
    assert variable.storage
    offset, length = variable.storage.offset, variable.storage.length
    assert offset is not None
    assert path.read_bytes()[offset : offset + length] == bytes_of(torch.arange(2.0, 8.0))


def test_what_weights_only_refuses_is_noted(tmp_path: Path) -> None:
    import collections

    allowed = collections.OrderedDict(a=torch.ones(1), b=torch.Size([1]), c=torch.float16)
    refused = {"a": torch.ones(1), "b": Path("x")}
    for value, codes in ((allowed, []), (refused, [UNSAFE])):
        torch.save(value, tmp_path / "m.pt")
        assert [note.code for note in load(tmp_path / "m.pt").notes] == codes
        with warnings.catch_warnings():
            if codes:
                with pytest.raises(Exception, match="not an allowed global"):
                    loaded(tmp_path / "m.pt")
            else:
                loaded(tmp_path / "m.pt")


def test_the_hostile_sample_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would run where it is loaded the old way, so that it shows what it says."""
    monkeypatch.chdir(tmp_path)
    model = load(SAMPLES / "torch_hostile.pt")
    assert HOSTILE in {note.code for note in model.notes}
    assert not list(tmp_path.iterdir())
    torch.load(SAMPLES / "torch_hostile.pt", weights_only=False)
    assert [path.name for path in tmp_path.iterdir()] == ["scopecli-was-here"]


class _Pair(NamedTuple):
    first: Any
    second: Any


def test_named_tuples_and_lazy_parameters(tmp_path: Path) -> None:
    path = tmp_path / "m.pt"
    torch.save({"pair": _Pair(torch.ones(2), torch.zeros(3))}, path)
    held_against(load(path), torch.load(path, weights_only=False))
    torch.save(torch.nn.LazyLinear(3).state_dict(), path)
    for variable in load(path).variables:
        assert (variable.shape, variable.dtype) == (None, "unknown")
        assert variable.attributes["layout"] == "uninitialized"
    torch.save({b"bytes": torch.ones(1), ("a", 1): torch.ones(1)}, path)
    assert [v.key for v in load(path).variables] == ["bytes", "a.1"]


def test_a_quantized_module(tmp_path: Path) -> None:
    """What `state_dict()` computes anew, as `scale`, is no tensor in the file."""
    net = torch.nn.Sequential(torch.nn.Linear(3, 4))
    net = torch.ao.quantization.quantize_dynamic(net, {torch.nn.Linear}, dtype=torch.qint8)
    path = tmp_path / "m.pt"
    torch.save(net, path)
    model = load(path)
    theirs = dict(flattened(torch.load(path, weights_only=False)))
    packed = {key: tensor for key, tensor in theirs.items() if "_packed_params" in key}
    assert [v.key for v in model.variables] == list(packed)
    for variable in model.variables:
        assert variable.shape == tuple(packed[variable.key].shape)
        assert read(model, variable) == bytes_of(packed[variable.key])


class _Slotted:
    """Its pickled state is of two parts: no dictionary, and the slots."""

    __slots__ = ("held",)

    def __init__(self, held: Any) -> None:
        self.held = held


class _Old:
    """What a parameter or variable of before version 0.4 was pickled as."""

    def __init__(self, kind: Any, tensor: Any) -> None:
        self.parts: tuple[Any, ...] = (kind, (tensor,), (True, False, {}))

    def __reduce__(self) -> tuple[Any, ...]:
        return self.parts


def test_slots_and_what_old_versions_wrote(tmp_path: Path) -> None:
    weight = torch.arange(6.0).reshape(2, 3)
    path = tmp_path / "m.pt"
    old = {"p": _Old(torch.nn.Parameter, weight), "v": _Old(torch.autograd.Variable, weight)}
    torch.save(old, path)
    held_against(load(path), torch.load(path, weights_only=False))
    torch.save({"object": _Slotted(weight)}, path)
    held_against(load(path), {"object": {"held": weight}})


def test_ragged_tensors(tmp_path: Path) -> None:
    parts = [torch.ones(2, 5), torch.ones(3, 5)]
    torch.save({"r": torch.nested.nested_tensor(parts, layout=torch.jagged)}, tmp_path / "m.pt")
    (variable,) = load(tmp_path / "m.pt").variables
    assert (variable.shape, variable.dtype, variable.nbytes) == ((2, None, 5), "float32", 100)
    assert variable.attributes["layout"] == "jagged"


OPTIMIZERS = [
    name
    for name, kind in vars(torch.optim).items()
    if isinstance(kind, type)
    and issubclass(kind, torch.optim.Optimizer)
    and name not in {"Optimizer", "SparseAdam", "Muon"}
]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer(tmp_path: Path, name: str) -> None:
    net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Linear(4, 2))
    optimizer = getattr(torch.optim, name)(net.parameters(), lr=0.01)

    def loss() -> Any:
        found = net(torch.ones(5, 3)).square().sum()
        found.backward()
        return found

    optimizer.step(loss)
    path = tmp_path / "m.pt"
    torch.save({"model": net.state_dict(), "optimizer": optimizer.state_dict()}, path)
    model = load(path)
    held_against(model, torch.load(path, weights_only=False))
    kinds = {v.key.partition(".")[0]: v.kind for v in model.variables}
    assert kinds["model"] == "variable"
    assert kinds.get("optimizer", "slot") in {"slot", "bookkeeping"}


def test_many_tensors(tmp_path: Path) -> None:
    """Beyond the first few, tensors are recognised at once."""
    held: dict[str, Any] = {f"layer.{n}.weight": torch.full((n % 3 + 1, 2), n) for n in range(400)}
    held |= {f"view.{n}": held["layer.200.weight"][n:] for n in range(2)}
    held |= {"again": held["layer.300.weight"], "grad": torch.ones(3, requires_grad=True)}
    held |= {"turned": torch.arange(6.0).reshape(2, 3).t(), "scalar": torch.tensor(1)}
    path = tmp_path / "m.pt"
    torch.save(held, path)
    held_against(load(path), loaded(path))
