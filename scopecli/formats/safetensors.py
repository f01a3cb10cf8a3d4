"""Format `safetensors`: one file, or several with the index that says what is in which.

https://github.com/huggingface/safetensors#format. One shard given alone is a file like any other.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from scopecli.binary.source import Source
from scopecli.formats import safetensors_header, shard_index
from scopecli.formats.some_notes import some
from scopecli.formats.stored_values import StoredTensors
from scopecli.model.model import File, Model, Note
from scopecli.model.names import separator_of
from scopecli.model.variable import Variable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from scopecli.formats.safetensors_header import Header
    from scopecli.formats.shard_index import ShardIndex

FORMAT = "safetensors"

_HEAD = 64


def read(path: str) -> Model:
    """Read the structure of a file, or of all that an index names.

    Raises:
        ScopecliError: whatever is wrong with the file or one of its shards.
    """
    with Source(path) as source:
        head = source.head(_HEAD)
        if head.startswith(b"{") and not safetensors_header.is_header(head):
            return _sharded(path)
        shard = os.path.basename(path)
        header = safetensors_header.read(source, shard)
        size = source.size
    return Model(
        path=path,
        format=FORMAT,
        variables=header.variables,
        separator=separator_of(variable.name for variable in header.variables),
        metadata=header.metadata,
        notes=header.notes,
        files=(File(path, size, "model"),),
        tensors=StoredTensors({shard: path}),
    )


def _sharded(path: str) -> Model:
    index = shard_index.read(path)
    folder = os.path.dirname(path)
    paths = {shard: os.path.join(folder, shard) for shard in index.shards}
    files = [File(path, index.size, "index")]
    headers: dict[str, Header] = {}
    metadata: dict[str, object] = {"num_shards": len(paths)}
    notes: list[Note] = []
    missing: list[Note] = []
    for shard, shard_path in paths.items():
        if not os.path.isfile(shard_path):
            files.append(File(shard_path, None, "data"))
            missing.append(Note("missing-shard", "is missing: its tensors have no shapes", shard))
            continue
        with Source(shard_path) as source:
            headers[shard] = safetensors_header.read(source, shard)
            files.append(File(shard_path, source.size, "data"))
        metadata |= headers[shard].metadata
        notes += headers[shard].notes
    variables = _merged(index, headers)
    notes += some(missing)
    notes += some(_disagreements(index.weight_map, headers))
    return Model(
        path=path,
        format=FORMAT,
        variables=variables,
        separator=separator_of(variable.name for variable in variables),
        metadata={**index.metadata, **metadata},
        notes=notes,
        files=files,
        tensors=StoredTensors(paths),
    )


def _merged(index: ShardIndex, headers: Mapping[str, Header]) -> list[Variable]:
    """The tensors of all shards, in their order; of a missing one, the names that are known.

    Of a key in several shards, the one that the index means counts.
    """
    found: dict[str, Variable] = {}
    for shard, header in headers.items():
        for variable in header.variables:
            if variable.key not in found or index.weight_map.get(variable.key) == shard:
                found[variable.key] = variable
    for key, shard in index.weight_map.items():
        if shard not in headers and key not in found:
            found[key] = Variable(key, key, None, "unknown", None)
    return list(found.values())


def _disagreements(weight_map: Mapping[str, str], headers: Mapping[str, Header]) -> Iterator[Note]:
    """Where the index says something else than the shards have."""
    places: dict[str, list[str]] = {}
    for shard, header in headers.items():
        for variable in header.variables:
            places.setdefault(variable.key, []).append(shard)
    for key, shard in weight_map.items():
        there = places.get(key, ())
        if shard in headers and shard not in there:
            where = f"is in {' and '.join(there)}" if there else "is in no shard"
            yield Note("weight-map-disagrees", f"{where}, and the index says {shard}", key)
    for key, there in places.items():
        if key not in weight_map:
            message = f"is in {' and '.join(there)}, and the index does not name it"
            yield Note("weight-map-disagrees", message, key)
        elif len(there) > 1:
            message = f"is in {' and '.join(there)}; the index says {weight_map[key]}"
            yield Note("weight-map-disagrees", message, key)
