"""A checkpoint in several files, put together at the end: `tf.train.Saver(sharded=True)`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.scopes import control_dependencies, device
from scopecli.dryrun.ops.applying import apply, apply_op
from scopecli.dryrun.ops.arrays import identity
from scopecli.dryrun.ops.constants import constant
from scopecli.dryrun.ops.indexing import where

if TYPE_CHECKING:
    from collections.abc import Callable

    from scopecli.dryrun.graph.nodes import Tensor


def save_shards(
    file: Tensor, shards: list[list[Any]], save: Callable[[Tensor, list[Any]], Tensor]
) -> Tensor:
    """The nodes that write each shard, and then put them together.

    Args:
        file: the name of the whole.
        shards: what is in each.
        save: makes the nodes that write one.
    """
    far = apply("StaticRegexFullMatch", file)
    suffix = where(far, constant(".part"), constant("_temp/part"))
    begun = apply("StringJoin", [file, suffix])
    count = constant(len(shards), "int32", name="num_shards")
    names, done = [], []
    for number, shard in enumerate(shards):
        with device(shard[0].variable.device):
            names.append(apply("ShardedFilename", begun, number, count))
            done.append(save(names[-1], shard))
    with control_dependencies(done), device(shards[-1][0].variable.device):
        merged = apply_op("MergeV2Checkpoints", names, file)
        with control_dependencies([merged]):
            return identity(file)
