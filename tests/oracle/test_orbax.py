"""Held against Orbax: what it saves and restores.

`pip install scopecli[oracle-jax]` brings it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from scopecli.formats.opening import load
from tests.samples import SAMPLES

orbax = pytest.importorskip(
    "orbax.checkpoint", reason="the oracle-jax extra is not installed", exc_type=ImportError
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
        elif value is not None and not isinstance(value, str):
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
        "complex": np.arange(3).astype("c8"),
        "e4m3": np.arange(3).astype(ml_dtypes.float8_e4m3fn),
        "note": "text",
        "nothing": {"none": None, "map": {}, "list": []},
    }
    handler = orbax.PyTreeCheckpointHandler(use_ocdbt=use_ocdbt, use_zarr3=use_zarr3)
    with orbax.Checkpointer(handler) as checkpointer:
        checkpointer.save(tmp_path / "c", tree)
    held_against(tmp_path / "c", tree)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("use_zarr3", [False, True])
def test_arrays_in_many_chunks(tmp_path: Path, use_zarr3: bool) -> None:
    tree = {"w": np.random.default_rng(0).normal(size=(300, 200)).astype("f4")}
    handler = orbax.PyTreeCheckpointHandler(use_zarr3=use_zarr3)
    arguments = orbax.args.PyTreeSave(tree, {"w": orbax.SaveArgs(chunk_byte_size=1 << 14)})
    with orbax.Checkpointer(handler) as checkpointer:
        checkpointer.save(tmp_path / "c", args=arguments)
    held_against(tmp_path / "c", tree)


@pytest.mark.filterwarnings("ignore")
def test_a_run_and_its_steps(tmp_path: Path) -> None:
    """The folder of a run is its last step; several items have their names in front."""
    trees = {step: {"state": {"w": np.arange(step)}, "mean": {"w": np.ones(2)}} for step in (9, 10)}
    options = orbax.CheckpointManagerOptions(step_prefix="run")
    with orbax.CheckpointManager(tmp_path, options=options) as manager:
        for step, tree in trees.items():
            items = {name: orbax.args.StandardSave(item) for name, item in tree.items()}
            items["about"] = orbax.args.JsonSave({"a": 1})
            manager.save(step, args=orbax.args.Composite(**items))
        manager.wait_until_finished()
        assert manager.latest_step() == 10
    held_against(tmp_path, trees[10])
    held_against(tmp_path / "run_9", trees[9])


@pytest.mark.filterwarnings("ignore")
def test_the_sample() -> None:
    with orbax.PyTreeCheckpointer() as checkpointer:
        tree = checkpointer.restore((SAMPLES / "orbax_zarr").resolve())
    held_against(SAMPLES / "orbax_zarr", tree)
