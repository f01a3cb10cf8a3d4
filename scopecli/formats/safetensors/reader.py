"""Format `safetensors`: one file, or several with the index that says what is in which.

https://github.com/huggingface/safetensors#format. One shard given alone is a file like any other.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from scopecli.binary.inner_paths import joined
from scopecli.binary.source import Source
from scopecli.formats import shard_index
from scopecli.formats.safetensors import header as safetensors_header
from scopecli.formats.some_notes import some
from scopecli.formats.stored_values import StoredTensors
from scopecli.model.model import File, Model, Note
from scopecli.model.names import separator_of

if TYPE_CHECKING:
    from scopecli.formats.safetensors.header import Header

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
    paths = {shard: joined(folder, shard) for shard in index.shards}
    files = [File(path, index.size, "index")]
    headers: dict[str, Header] = {}
    metadata: dict[str, object] = {"num_shards": len(paths)}
    notes: list[Note] = []
    missing: list[Note] = []
    for shard, shard_path in paths.items():
        if not os.path.isfile(shard_path):
            files.append(File(shard_path, None, "data"))
            missing.append(shard_index.missing(shard))
            continue
        with Source(shard_path) as source:
            headers[shard] = safetensors_header.read(source, shard)
            files.append(File(shard_path, source.size, "data"))
        metadata |= headers[shard].metadata
        notes += headers[shard].notes
    merged = shard_index.merged(
        index, {shard: header.variables for shard, header in headers.items()}
    )
    notes += some(missing)
    notes += some(merged.disagreements)
    return Model(
        path=path,
        format=FORMAT,
        variables=merged.variables,
        separator=separator_of(variable.name for variable in merged.variables),
        metadata={**index.metadata, **metadata},
        notes=notes,
        files=files,
        tensors=StoredTensors(paths),
    )
