"""Format `torch`: what `torch.save` and TorchScript write, alone, in shards, or distributed.

No pickle is executed: its operations are walked over, and what they would import is listed. Keys
are the names that lead to a tensor, joined with `.`. Two names for one tensor are two variables,
each with the other among its aliases.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from scopecli.binary.pickle.contents import SEPARATOR
from scopecli.binary.source import Source
from scopecli.formats.some_notes import some
from scopecli.formats.torch import file as torch_file
from scopecli.formats.torch import marks as torch_marks
from scopecli.model.model import File, Model, Note

if TYPE_CHECKING:
    from scopecli.formats.torch.file import Contents

FORMAT = "torch"

_HEAD = 256


def read(path: str) -> Model:
    """Read the structure of a file, of all that an index names, or of a distributed checkpoint.

    Raises:
        ScopecliError: whatever is wrong with the file or one of its shards.
    """
    if os.path.isdir(path):
        return _distributed(path)
    with Source(path) as source:
        head = source.head(_HEAD)
    if head.startswith(b"{"):
        return _sharded(path)
    if torch_marks.is_metadata(head):
        return _distributed(path)
    contents = torch_file.read(path)
    return Model(
        path=path,
        format=FORMAT,
        variables=contents.variables,
        separator=SEPARATOR,
        metadata=contents.metadata,
        notes=contents.notes,
        files=(File(path, contents.size, "model"),),
        tensors=contents.tensors,
    )


# What follows is imported for models in several files only.


def _distributed(path: str) -> Model:
    from scopecli.formats.torch import distributed

    return distributed.read(path, FORMAT)


def _sharded(path: str) -> Model:
    from scopecli.binary.inner_paths import joined
    from scopecli.formats import shard_index
    from scopecli.formats.sharded_values import ShardedTensors

    index = shard_index.read(path)
    folder = os.path.dirname(path)
    files = [File(path, index.size, "index")]
    shards: dict[str, Contents] = {}
    metadata: dict[str, object] = {"num_shards": len(index.shards)}
    notes: list[Note] = []
    missing: list[Note] = []
    imports: dict[str, None] = {}
    for shard in index.shards:
        shard_path = joined(folder, shard)
        if not os.path.isfile(shard_path):
            files.append(File(shard_path, None, "data"))
            missing.append(shard_index.missing(shard))
            continue
        shards[shard] = contents = torch_file.read(shard_path)
        files.append(File(shard_path, contents.size, "data"))
        metadata |= contents.metadata
        imports |= dict.fromkeys(contents.imports)
        notes += contents.notes
    merged = shard_index.merged(index, {name: held.variables for name, held in shards.items()})
    notes += some(missing)
    notes += some(merged.disagreements)
    readers = {
        variable.key: shards[merged.shards[variable.key]].tensors
        for variable in merged.variables
        if variable.key in merged.shards
    }
    return Model(
        path=path,
        format=FORMAT,
        variables=merged.variables,
        separator=SEPARATOR,
        metadata={**index.metadata, **metadata, "globals": tuple(imports)},
        notes=list(dict.fromkeys(notes)),
        files=files,
        tensors=ShardedTensors(readers),
    )
