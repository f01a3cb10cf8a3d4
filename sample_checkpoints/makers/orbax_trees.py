"""Orbax."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

from makers.sample import FIXED_TIME, SEED, sample

if TYPE_CHECKING:
    from pathlib import Path

ORBAX_ARRAYS = {
    "params.dense.kernel": "0.0",
    "params.dense.bias": "0",
    "opt_state.0.mu.dense.kernel": "0.0",
    "opt_state.0.mu.dense.bias": "0",
    "opt_state.0.count": "0",
    "step": "0",
}


@sample(
    "orbax_zarr",
    "orbax-checkpoint",
    "tensorstore",
    "numpy",
    "ml_dtypes",
    files={
        "orbax_zarr/_CHECKPOINT_METADATA": "how it was saved",
        "orbax_zarr/_METADATA": "the tree",
        "orbax_zarr/_strings.json": "the leaves that are texts",
        **{f"orbax_zarr/{name}/.zarray": "shape and dtype" for name in ORBAX_ARRAYS},
        **{f"orbax_zarr/{name}/{chunk}": "values" for name, chunk in ORBAX_ARRAYS.items()},
    },
)
def make_orbax_zarr(out: Path) -> None:
    """An Orbax checkpoint with a folder for each array, packed with Zstandard.

    Parameters, one moment of each, counters and a text. A database instead of the folders would
    have random names.
    """
    import ml_dtypes
    import numpy as np
    import orbax.checkpoint

    generator = np.random.default_rng(SEED)
    params = {
        "dense": {
            "kernel": generator.normal(size=(6, 4)).astype("f4"),
            "bias": np.arange(4).astype(ml_dtypes.bfloat16),
        }
    }
    moments = {"dense": {name: value * 0 + 1 for name, value in params["dense"].items()}}
    tree = {
        "params": params,
        "opt_state": [{"count": np.int32(3), "mu": moments}],
        "step": 3,
        "note": "a text",
    }
    folder = out / "orbax_zarr"
    shutil.rmtree(folder, ignore_errors=True)
    handler = orbax.checkpoint.PyTreeCheckpointHandler(use_ocdbt=False)
    with orbax.checkpoint.Checkpointer(handler) as checkpointer:
        checkpointer.save(folder.resolve(), tree)
    path = folder / "_CHECKPOINT_METADATA"
    fields = json.loads(path.read_text(encoding="utf-8"))
    fields |= {name: FIXED_TIME * 10**9 for name in fields if name.endswith("_nsecs")}
    path.write_text(json.dumps(fields), encoding="utf-8")
    (folder / "commit_success.txt").unlink(missing_ok=True)
    (folder / "_sharding").unlink(missing_ok=True)
    shutil.rmtree(folder / "array_metadatas", ignore_errors=True)
