"""Flax."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from makers.sample import SEED, sample

if TYPE_CHECKING:
    from pathlib import Path


@sample(
    "flax_train_state.msgpack",
    "flax",
    "optax",
    "msgpack",
    "numpy",
    files={"flax_train_state.msgpack": "nested maps with arrays as extensions"},
)
def make_flax_train_state(out: Path) -> None:
    """A Flax TrainState with Adam, as flax.serialization.to_bytes() writes it.

    Parameters in several types, both moments of each, counters, a plain number, a complex one, and
    an array that is cut in chunks, as those of more than a gigabyte are.
    """
    import flax.serialization
    import jax.numpy as jnp
    import numpy as np
    import optax
    from flax.training.train_state import TrainState

    generator = np.random.default_rng(SEED)
    params: dict[str, Any] = {}
    for number in range(3):
        kernel = generator.normal(size=(4, 4)).astype("f4")
        params[f"Dense_{number}"] = {"kernel": kernel, "bias": np.zeros(4, "f4")}
    params["Embed_0"] = {"embedding": jnp.arange(8, dtype=jnp.bfloat16).reshape(4, 2)}
    state = TrainState.create(apply_fn=None, params=params, tx=optax.adam(0.1))
    gradients = {
        layer: {name: np.ones_like(value) for name, value in weights.items()}
        for layer, weights in params.items()
    }
    tree = flax.serialization.to_state_dict(state.apply_gradients(grads=gradients))
    tree["batch_stats"] = {"BatchNorm_0": {"mean": np.float32(0.5), "var": np.ones(4, "f2")}}
    tree["others"] = {
        "epoch": 3,
        "note": "a text",
        "rotation": 1 + 2j,
        "listed": [np.arange(3), np.zeros((0, 2), bool)],
    }
    flax.serialization.MAX_CHUNK_SIZE = 64
    tree["cut"] = np.arange(40, dtype="i4").reshape(5, 8)
    (out / "flax_train_state.msgpack").write_bytes(flax.serialization.msgpack_serialize(tree))
