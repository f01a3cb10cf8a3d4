"""F709: a shard index contradicts the shards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.rules import damage
from scopecli.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.model.finding import Hit
    from scopecli.rules.context import Context

RULE = Rule(
    code="F709",
    name="weight-map-disagrees",
    severity="error",
    needs="variables",
    summary="The index of a sharded model names another shard for a tensor than the one that has"
    " it, or none.",
    why="Loaders open the shard that the index names, do not find the tensor, and leave the"
    " weight as it was initialised, with a warning at most.",
    fix="rewrite the index from the shards, or copy the shards that belong to it",
    bad="""
        format := safetensors
        !weight-map-disagrees w: is in a.safetensors, and the index says b.safetensors
    """,
    subjects=("w",),
    good="""
        format := safetensors
        w: float32[2]
    """,
)


def check(context: Context) -> Iterator[Hit]:
    """Report what the reader noted."""
    yield from damage.noted(context, "weight-map-disagrees")
