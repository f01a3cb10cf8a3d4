"""The `*.index.json` of a model in several files: which tensor is in which of them.

`weight_map` names the shard of each tensor, `metadata` has totals:
https://huggingface.co/docs/transformers/big_models#sharded-checkpoints
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from scopecli.binary.inner_paths import is_inside
from scopecli.binary.source import Source
from scopecli.errors import DamagedFileError, UnsupportedError
from scopecli.model.model import Note
from scopecli.model.records import NamedTuple
from scopecli.model.variable import Variable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

SUFFIX = ".index.json"
_MARK = b'"weight_map"'
_MAX_SIZE = 100_000_000
_MAX_SHARDS = 100_000
_FORMATS = {".safetensors": "safetensors", ".bin": "torch", ".pt": "torch", ".pth": "torch"}


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


class Merged(NamedTuple):
    """A model out of its shards.

    Attributes:
        variables: of all shards, in their order; of a missing one, the names that are known.
        shards: by key, where each variable was found.
        disagreements: where the index says something else than the shards have.
    """

    variables: list[Variable]
    shards: dict[str, str]
    disagreements: Iterator[Note]


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
    formats = {_FORMATS.get(os.path.splitext(shard)[1]) for shard in shards}
    known = formats.pop() if len(formats) == 1 else None
    if known is not None or not shards:
        return known or "safetensors"
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
    import json  # which most models do without

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
    _refuse_keras(weight_map, path)
    if not isinstance(weight_map, dict) or not all(
        isinstance(shard, str) for shard in weight_map.values()
    ):
        raise DamagedFileError("is a shard index without a weight_map", path=path)
    index = ShardIndex(weight_map, _facts(document.get("metadata")), size)
    _check(index, path)
    return index


def _refuse_keras(weight_map: object, path: str) -> None:
    """Keras's index says of each layer in which shards it is: `ShardedH5IOStore` in saving_lib."""
    lists = list(weight_map.values()) if isinstance(weight_map, dict) else []
    if lists and all(isinstance(shards, list) for shards in lists):
        first = next((shard for shards in lists for shard in shards if isinstance(shard, str)), "")
        raise UnsupportedError(
            "is the index of Keras weights in several files, which are not read as one",
            path=path,
            hint=f"name one of the files: {first}" if first else None,
        )


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
        if not is_inside(shard):
            raise DamagedFileError("names a shard outside its folder", path=path, where=shard)


def missing(shard: str) -> Note:
    """That a shard is not there."""
    return Note("missing-shard", "is missing: its tensors have no shapes", shard)


def merged(index: ShardIndex, found: Mapping[str, Sequence[Variable]]) -> Merged:
    """The model that the shards which were found make up.

    Of a key in several shards, the one that the index means counts.
    """
    variables: dict[str, Variable] = {}
    shards: dict[str, str] = {}
    for shard, held in found.items():
        for variable in held:
            key = variable.key
            if key not in variables or index.weight_map.get(key) == shard:
                variables[key] = variable
                shards[key] = shard
    for key, shard in index.weight_map.items():
        if shard not in found and key not in variables:
            variables[key] = Variable(key, key, None, "unknown", None)
    return Merged(list(variables.values()), shards, _disagreements(index.weight_map, found))


def _disagreements(
    weight_map: Mapping[str, str], found: Mapping[str, Sequence[Variable]]
) -> Iterator[Note]:
    places: dict[str, list[str]] = {}
    for shard, held in found.items():
        for variable in held:
            places.setdefault(variable.key, []).append(shard)
    for key, shard in weight_map.items():
        there = places.get(key, ())
        if shard in found and shard not in there:
            where = f"is in {' and '.join(there)}" if there else "is in no shard"
            yield Note("weight-map-disagrees", f"{where}, and the index says {shard}", key)
    for key, there in places.items():
        if key not in weight_map:
            message = f"is in {' and '.join(there)}, and the index does not name it"
            yield Note("weight-map-disagrees", message, key)
        elif len(there) > 1:
            message = f"is in {' and '.join(there)}; the index says {weight_map[key]}"
            yield Note("weight-map-disagrees", message, key)
