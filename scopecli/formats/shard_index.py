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

SUFFIXES = (".index.json", ".weights.json")  # the second is Keras's
_KERAS_WEIGHTS = ".weights.h5"
_MARK = b'"weight_map"'
_MAX_SIZE = 100_000_000
_MAX_SHARDS = 100_000
_FORMATS = {".safetensors": "safetensors", ".bin": "torch", ".pt": "torch", ".pth": "torch"}


class ShardIndex(NamedTuple):
    """What an index says.

    Attributes:
        weight_map: by the name of a tensor, its shard: a path relative to the index. Of Keras, by
            the path of a layer's variables the first of the shards that they are in.
        shards: all of them, in order of their names.
        metadata: facts about the whole model.
        size: bytes of the index itself.
    """

    weight_map: Mapping[str, str]
    shards: Sequence[str]
    metadata: Mapping[str, object]
    size: int


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
    formats = {_format_of(shard) for shard in shards}
    known = formats.pop() if len(formats) == 1 else None
    if known is not None or not shards:
        return known or "safetensors"
    raise UnsupportedError(
        f"is the index of {len(shards)} files such as {shards[0]}, which this version does not"
        " read",
        path=path,
    )


def _format_of(shard: str) -> str | None:
    """The format that a shard has by its name."""
    if shard.endswith(_KERAS_WEIGHTS):
        return "keras-weights-h5"
    return _FORMATS.get(os.path.splitext(shard)[1])


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
            "is not valid JSON", path=path, hint="the file is cut short or damaged: copy it again"
        ) from error
    weight_map = document.get("weight_map") if isinstance(document, dict) else None
    places = _places(weight_map)
    if places is None:
        raise DamagedFileError("is a shard index without a weight_map", path=path)
    first = {key: shards[0] for key, shards in places.items()}
    every = sorted({shard for shards in places.values() for shard in shards})
    index = ShardIndex(first, every, _facts(document.get("metadata")), size)
    _check(index, path)
    return index


def _places(weight_map: object) -> dict[str, list[str]] | None:
    """By name, the shards; None where that is not a map. Keras's has lists: `ShardedH5IOStore`."""
    if not isinstance(weight_map, dict):
        return None
    places = {key: [of] if isinstance(of, str) else of for key, of in weight_map.items()}
    for shards in places.values():
        if not isinstance(shards, list) or not shards:
            return None
        if not all(isinstance(shard, str) for shard in shards):
            return None
    return places


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
