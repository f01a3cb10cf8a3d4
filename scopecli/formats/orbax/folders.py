"""Orbax's folders: of a training run, of one of its steps, of an item in a step.

https://orbax.readthedocs.io/en/latest/guides/checkpoint/checkpoint_format.html

A run has a folder for each step, called `200`, `ckpt_00000200` or what else ends in the number. A
step has its arrays directly in it, or those of each item in a folder of their own.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from scopecli.binary import ocdbt
from scopecli.errors import PathError
from scopecli.formats.orbax.zarr_header import V2_HEADER, V3_HEADER

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

ITEM, CHECKPOINT = "_METADATA", "_CHECKPOINT_METADATA"
HEADERS = (V2_HEADER, V3_HEADER)
V2_GROUP = ".zgroup"
MARKS = frozenset({ITEM, CHECKPOINT, ocdbt.MANIFEST, V2_GROUP, *HEADERS})

# A save that did not come to its end has more behind the number.
_STEP = re.compile(r"(?:.*[_-])?([0-9]{1,18})")
_UNFINISHED = ".orbax-checkpoint-tmp"


def is_folder(names: Collection[str]) -> bool:
    """Whether a folder with these names in it is a checkpoint, or an array."""
    return not MARKS.isdisjoint(names)


def latest_step(path: str, names: Iterable[str]) -> str | None:
    """The folder of the last step of the run in a folder; None where that has no steps.

    Raises:
        PathError: a folder cannot be listed.
    """
    numbers = ((_STEP.fullmatch(name), name) for name in names)
    steps = sorted((int(match[1]), name) for match, name in numbers if match)
    for _, name in reversed(steps):
        step = os.path.join(path, name)
        if os.path.isdir(step) and (is_folder(listing(step)) or any(_inner_items(step))):
            return step
    return None


def items(path: str) -> list[str]:
    """The folders that have arrays in them, below a checkpoint's own; empty for itself.

    Raises:
        PathError: a folder cannot be listed.
    """
    found = set(listing(path))
    return list(_inner_items(path)) if found & MARKS <= {CHECKPOINT} else []


def is_group(path: str) -> bool:
    """Whether a folder is a group of Zarr's that Orbax knows nothing of.

    Raises:
        PathError: it cannot be listed.
    """
    found = MARKS.intersection(listing(path))
    return bool(found) and found <= {V2_GROUP, V3_HEADER}


def is_unfinished(path: str) -> bool:
    """Whether a folder is what an interrupted save left."""
    return _UNFINISHED in os.path.basename(os.path.abspath(path))


def _inner_items(path: str) -> Iterator[str]:
    """The items in a folder, and those that are a folder deeper, as an item's own parts are."""
    for name in listing(path):
        inner = os.path.join(path, name)
        if os.path.isdir(inner):
            if _is_item(listing(inner)):
                yield name
                continue
            for part in listing(inner):
                deeper = os.path.join(inner, part)
                if os.path.isdir(deeper) and _is_item(listing(deeper)):
                    yield f"{name}/{part}"


def _is_item(names: Collection[str]) -> bool:
    return ITEM in names or ocdbt.MANIFEST in names


def listing(folder: str) -> list[str]:
    """The names in a folder, sorted.

    Raises:
        PathError: it cannot be listed.
    """
    try:
        return sorted(os.listdir(folder))
    except OSError as error:
        raise PathError(f"cannot be listed: {error.strerror}", path=folder) from error
