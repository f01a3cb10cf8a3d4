"""What PyTorch loads, flat and as bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from scopecli.formats.torch.types import TYPES

torch = pytest.importorskip("torch", reason="the oracle extra is not installed")

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from scopecli.model.model import Model
    from scopecli.model.variable import Variable


def flattened(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The tensors of what torch.load gives, under their names."""
    if isinstance(value, torch.Tensor):
        yield path, value
    elif isinstance(value, torch.nn.Module):
        yield from flattened(value.state_dict(), path)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from flattened(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list | tuple):
        for key, item in enumerate(value):
            yield from flattened(item, f"{path}.{key}" if path else str(key))


def bytes_of(tensor: Any) -> bytes:
    """The elements in C order."""
    if tensor.is_quantized:
        tensor = tensor.int_repr()
    plain = tensor.detach().resolve_conj().resolve_neg().contiguous().reshape(-1)
    found: bytes = plain.view(torch.uint8).numpy().tobytes() if plain.numel() else b""
    return found


def read(model: Model, variable: Variable) -> bytes:
    """All values, in two pieces."""
    assert model.tensors is not None
    half = variable.params // 2
    first = model.tensors.read(variable, 0, half)
    return first + model.tensors.read(variable, half, variable.params - half)


def held_against(model: Model, loaded: Any) -> None:
    theirs = dict(flattened(loaded))
    ours = {v.key: v for v in model.variables if v.kind != "constant"}
    assert list(ours) == list(theirs)
    for key, variable in ours.items():
        tensor = theirs[key]
        name = variable.attributes.get("stored_dtype") or f"torch.{variable.dtype}"
        assert name == str(tensor.dtype), key
        if tensor.is_nested:
            assert variable.shape == (tensor.size(0), None)
            continue
        assert variable.shape == tuple(tensor.shape), key
        layout = variable.attributes.get("layout")
        if tensor.is_meta:
            assert layout == "meta"
        elif tensor.layout != torch.strided:
            assert f"torch.{layout}" == str(tensor.layout)
        elif TYPES[name].size and variable.dtype != "complex32":
            assert variable.nbytes == tensor.numel() * tensor.element_size()
            assert read(model, variable) == bytes_of(tensor), key
            is_shared = [
                other
                for other, held in theirs.items()
                if other != key and not held.is_meta and same_place(tensor, held)
            ]
            assert list(variable.attributes.get("aliases", ())) == is_shared, key  # type: ignore[call-overload]


def same_place(one: Any, other: Any) -> bool:
    if other.layout != torch.strided or other.is_nested or not one.numel():
        return False
    return bool(
        one.data_ptr() == other.data_ptr()
        and one.shape == other.shape
        and one.stride() == other.stride()
    )


def loaded(path: Path) -> Any:
    return torch.load(path, weights_only=True)
