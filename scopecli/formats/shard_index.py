"""The `*.index.json` of a model in several files: which tensor is in which of them.

`weight_map` names the shard of each tensor, `metadata` has totals:
https://huggingface.co/docs/transformers/big_models#sharded-checkpoints
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, NamedTuple

from scopecli.binary.source import Source
from scopecli.errors import DamagedFileError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Mapping

SUFFIX = ".index.json"
_MARK = b'"weight_map"'
_MAX_SIZE = 100_000_000
_MAX_SHARDS = 100_000


class ShardIndex(NamedTuple):
    """What an index says.

    Attributes:
        weight_map: by the name of a tensor, its shard: a path relative to the index.
        metadata: facts about the whole model.
        size: bytes of the index itself.
    """

    weight_map: Mapping[str, str]
    metadata: Mapping[str, object]
    size: int

    @property
    def shards(self) -> list[str]:
        """The files, in order of their names."""
        return sorted(set(self.weight_map.values()))


def is_index(head: bytes) -> bool:
    """Whether a file that starts so is an index."""
    return head.startswith(b"{") and _MARK in head


def identify(path: str) -> str:
    """The format id of the shards.

    Raises:
        UnsupportedError: they are of a format that is not read.
        DamagedFileError: it is no valid index.
    """
    shards = read(path).shards
    if all(shard.endswith(".safetensors") for shard in shards):
        return "safetensors"
    raise UnsupportedError(
        f"is the index of {len(shards)} files such as {shards[0]}, which this version does not"
        " read",
        path=path,
    )


def read(path: str) -> ShardIndex:
    """Read an index.

    Raises:
        ScopecliError: it cannot be read, or is no valid index.
    """
    with Source(path) as source:
        size = source.size
        if size > _MAX_SIZE:
            raise DamagedFileError(f"is an index of {size} bytes", path=path)
        text = source.head(size)
    try:
        document = json.loads(text)
    except (ValueError, RecursionError, MemoryError) as error:
        raise DamagedFileError(
            "is no valid JSON", path=path, hint="the file is cut short or damaged: copy it again"
        ) from error
    weight_map = document.get("weight_map") if isinstance(document, dict) else None
    if not isinstance(weight_map, dict) or not all(
        isinstance(shard, str) for shard in weight_map.values()
    ):
        raise DamagedFileError("is a shard index without a weight_map", path=path)
    index = ShardIndex(weight_map, _facts(document.get("metadata")), size)
    _check(index, path)
    return index


def _facts(metadata: object) -> dict[str, object]:
    """The texts and whole numbers of the metadata, such as `total_size`."""
    pairs = metadata.items() if isinstance(metadata, dict) else ()
    return {key: value for key, value in pairs if isinstance(value, str | int)}


def _check(index: ShardIndex, path: str) -> None:
    """Refuse what would open files elsewhere, or without end."""
    shards = index.shards
    if len(shards) > _MAX_SHARDS:
        raise DamagedFileError(f"names {len(shards)} shards", path=path)
    for shard in shards:
        if os.path.isabs(shard) or ".." in shard.split("/") or "\0" in shard or not shard:
            raise DamagedFileError("names a shard outside its folder", path=path, where=shard)
