"""A model that has names and values in the same files, under new names: one file, or shards."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from scopecli.errors import PathError, UnsupportedError
from scopecli.formats import shard_index

if TYPE_CHECKING:
    from collections.abc import Callable

    from scopecli.formats.staging import Staging
    from scopecli.model.model import Model
    from scopecli.model.renaming import Renaming

    WriteFile = Callable[[str, Renaming, str, Staging], None]

_TOTAL = "total_size"


def write(
    model: Model, renaming: Renaming, out: str, staging: Staging, write_file: WriteFile
) -> None:
    """Write the renamed file, or the renamed shards and then their index.

    Raises:
        UnsupportedError: values and names are in one file, so data cannot be linked; a shard is
            missing; or several files would have to be replaced in one step.
        ScopecliError: a file is damaged, or the target cannot be written.
    """
    staging.refuse_to_share(model.path)
    first = model.files[0]
    if first.role == "index":
        _write_shards(model, renaming, out, staging, write_file)
    else:
        write_file(first.path, renaming, out, staging)


def _write_shards(
    model: Model, renaming: Renaming, out: str, staging: Staging, write_file: WriteFile
) -> None:
    """Write the shards beside the path of their index, under the names that they had, and it."""
    old, new = (os.path.dirname(path) for path in (model.path, out))
    if os.path.realpath(old or ".") == os.path.realpath(new or "."):
        raise UnsupportedError(
            f"has {len(model.files) - 1} shards, which cannot be replaced in one step",
            path=model.path,
            hint="write to another folder with -o",
        )
    if new:
        staging.folder(new)
    index, *shards = model.files
    for shard in shards:
        if shard.size is None:
            raise UnsupportedError("is missing, and would be missing again", path=shard.path)
        target = os.path.join(new, os.path.relpath(shard.path, old or "."))
        if os.path.lexists(target):
            raise PathError("is there already", path=target, hint="write to an empty folder")
        write_file(shard.path, renaming, target, staging)
    gone = sum(v.nbytes or 0 for v in model.variables if v.key in renaming.drops)
    _write_index(index.path, renaming, gone, staging.create(out))


def _write_index(path: str, renaming: Renaming, gone: int, out: str) -> None:
    """The index as it was, with the new names, and with fewer bytes where tensors are gone."""
    index = shard_index.read(path)
    with open(path, "rb") as file:
        document = json.load(file)
    document["weight_map"] = {
        renaming.of(key): shard
        for key, shard in index.weight_map.items()
        if key not in renaming.drops
    }
    metadata = document.get("metadata")
    if gone and isinstance(metadata, dict) and type(metadata.get(_TOTAL)) is int:
        metadata[_TOTAL] = max(metadata[_TOTAL] - gone, 0)
    with open(out, "w", encoding="utf-8") as file:
        json.dump(document, file, indent=2)
        file.write("\n")
