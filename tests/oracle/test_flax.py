"""Held against Flax: what `msgpack_restore` gives for the same file.

`pip install scopecli[oracle-jax]` brings it.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from scopecli.formats.opening import load
from tests.samples import SAMPLES

serialization = pytest.importorskip(
    "flax.serialization", reason="the oracle-jax extra is not installed", exc_type=ImportError
)

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.byteorder == "big", reason="written for little-endian machines")


def arrays_of(tree: Any) -> dict[str, Any]:
    """All arrays of a tree by their path."""
    found = {}
    waiting: list[tuple[str, Any]] = [("", tree)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, dict | list):
            pairs = value.items() if isinstance(value, dict) else enumerate(value)
            waiting += [(f"{path}/{key}".lstrip("/"), each) for key, each in pairs]
        elif isinstance(value, np.ndarray | np.generic):
            found[path] = np.asarray(value)
    return found


def held_against(path: Path) -> None:
    model = load(path)
    theirs = arrays_of(serialization.msgpack_restore(path.read_bytes()))
    assert {v.key for v in model.variables} == set(theirs)
    for variable in model.variables:
        array = theirs[variable.key]
        assert (variable.shape, variable.dtype) == (array.shape, array.dtype.name)
        assert variable.nbytes == array.nbytes
        assert model.tensors is not None
        data = model.tensors.read(variable, 0, variable.params)
        assert data == array.tobytes(), variable.key


def test_the_sample() -> None:
    held_against(SAMPLES / "flax_train_state.msgpack")


def test_every_type(tmp_path: Path) -> None:
    import ml_dtypes

    names = ["bool", "complex64", "complex128", "float16", "float32", "float64"]
    names += [f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)]
    small = ["bfloat16", "int4", "uint4", "float8_e4m3fn", "float8_e5m2"]
    tree = {name: np.arange(3).astype(name) for name in names}
    tree |= {name: np.array([1, 0, 1], getattr(ml_dtypes, name)) for name in small}
    path = tmp_path / "m.msgpack"
    path.write_bytes(serialization.msgpack_serialize(tree))
    held_against(path)


def test_arrays_in_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serialization, "MAX_CHUNK_SIZE", 100)
    tree = {"a": {"w": np.arange(1000, dtype="f4").reshape(10, 5, 20)}, "b": np.arange(5)}
    path = tmp_path / "m.msgpack"
    path.write_bytes(serialization.msgpack_serialize(tree))
    held_against(path)
