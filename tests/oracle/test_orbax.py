"""Held against Orbax and TensorStore, where they are installed; they are no part of the extra."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from scopecli.formats.opening import load
from tests.samples import SAMPLES

orbax = pytest.importorskip(
    "orbax.checkpoint", reason="orbax-checkpoint is not installed", exc_type=ImportError
)

if TYPE_CHECKING:
    from pathlib import Path


def held_against(path: Path, tree: dict[str, Any]) -> None:
    """All leaves of a tree, by what Orbax gives for them."""
    theirs: dict[str, Any] = {}
    waiting: list[tuple[str, Any]] = [("", tree)]
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, dict | list):
            pairs = value.items() if isinstance(value, dict) else enumerate(value)
            waiting += [(f"{name}.{key}".lstrip("."), each) for key, each in pairs]
        elif not isinstance(value, str):
            theirs[name] = np.asarray(value)
    model = load(path)
    assert {v.key for v in model.variables} == set(theirs)
    for variable in model.variables:
        array = theirs[variable.key]
        if array.shape == ():  # Orbax gives a number of Python's, whatever type was saved
            array = array.astype(variable.dtype)
        assert (variable.shape, variable.dtype) == (array.shape, array.dtype.name), variable.key
        assert model.tensors is not None
        data = model.tensors.read(variable, 0, variable.params)
        assert data == array.tobytes(), variable.key


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("use_zarr3", [False, True])
@pytest.mark.parametrize("use_ocdbt", [False, True])
def test_every_layout(tmp_path: Path, use_ocdbt: bool, use_zarr3: bool) -> None:
    import ml_dtypes

    names = ("bool", "float16", "float32", "float64", "int8", "uint16", "int32", "int64")
    tree = {
        "types": {name: np.arange(6).reshape(2, 3).astype(name) for name in names},
        "bf": [np.arange(4).astype(ml_dtypes.bfloat16)],
        "big": np.random.default_rng(0).normal(size=(70, 90)).astype("f4"),
        "step": 5,
        "note": "text",
    }
    handler = orbax.PyTreeCheckpointHandler(use_ocdbt=use_ocdbt, use_zarr3=use_zarr3)
    with orbax.Checkpointer(handler) as checkpointer:
        checkpointer.save(tmp_path / "c", tree)
    held_against(tmp_path / "c", tree)


@pytest.mark.filterwarnings("ignore")
def test_the_sample() -> None:
    with orbax.PyTreeCheckpointer() as checkpointer:
        tree = checkpointer.restore((SAMPLES / "orbax_zarr").resolve())
    held_against(SAMPLES / "orbax_zarr", tree)
