"""Keras 3's weights in several files: `save_weights("x.weights.json", max_shard_size=...)`.

Each file is a `.weights.h5` with some of the variables, and those of one object may be in several,
so all are looked at as if they were one. `keras/src/saving/saving_lib.py`, `ShardedH5IOStore`.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any

from scopecli.binary.hdf5.pages import LibraryNeededError
from scopecli.binary.hdf5.reader import Hdf5Reader
from scopecli.binary.inner_paths import joined
from scopecli.binary.source import Source
from scopecli.errors import UnsupportedError
from scopecli.formats import shard_index
from scopecli.formats.hdf5 import listing as hdf5_listing
from scopecli.formats.hdf5 import structure as hdf5_structure
from scopecli.formats.hdf5.tensors import Hdf5Tensors
from scopecli.formats.keras import model as keras_model
from scopecli.formats.keras import store as keras_store
from scopecli.formats.sharded_values import ShardedTensors
from scopecli.formats.some_notes import some
from scopecli.model.model import File, Model, Note
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from scopecli.binary.hdf5.attributes import Value
    from scopecli.formats.hdf5.protocol import Structure
    from scopecli.formats.keras.store import Store

    Open = Callable[[ExitStack, Source], Structure]

_MOST_OPEN = 500


class _Found(NamedTuple):
    """What is in all files.

    Attributes:
        store: the variables.
        shards: by key, where each variable is: the number of a file.
        notes: oddities.
    """

    store: Store
    shards: dict[str, int]
    notes: list[Note]


class _Joined:
    """Several files as one: what is asked for is in one of them."""

    def __init__(self, files: Sequence[Structure]) -> None:
        self._files = files

    def group(self, path: str, below: Any = None) -> Any:
        """A group, with the first file that has it."""
        del below  # nobody asks so
        found = [(file, file.group(path)) for file in self._files]
        return next((pair for pair in found if pair[1] is not None), None)

    def dataset(self, path: str) -> Any:
        """What has the attributes of a dataset, with the file that has it."""
        found = ((file, file.dataset(path)) for file in self._files)
        return next((pair for pair in found if pair[1] is not None), None)

    def has_attribute(self, owner: Any, name: str) -> bool:
        """Whether a group or dataset has an attribute."""
        file, inner = owner
        return bool(file.has_attribute(inner, name))

    def one_attribute(self, owner: Any, name: str) -> Value:
        """The value of an attribute that is there."""
        file, inner = owner
        value: Value = file.one_attribute(inner, name)
        return value


def read(path: str, format_id: str) -> Model:
    """Read the structure of all the files that an index names.

    Raises:
        ScopecliError: whatever is wrong with the index or one of the files.
    """
    index = shard_index.read(path)
    folder = os.path.dirname(path)
    if len(index.shards) > _MOST_OPEN:
        problem = f"has the weights of one model in {len(index.shards)} files"
        raise UnsupportedError(problem, path=path)
    files = [File(path, index.size, "index")]
    missing: list[Note] = []
    there: list[str] = []
    for shard in index.shards:
        shard_path = joined(folder, shard)
        if os.path.isfile(shard_path):
            there.append(shard_path)
            files.append(File(shard_path, os.path.getsize(shard_path), "data"))
        else:
            files.append(File(shard_path, None, "data"))
            missing.append(shard_index.missing(shard))
    found = _found(there)
    readers = [Hdf5Tensors(partial(hdf5_structure.opened_path, one)) for one in there]
    return Model(
        path=path,
        format=format_id,
        variables=found.store.variables,
        metadata={**index.metadata, "num_shards": len(index.shards), **keras_model.metadata(None)},
        notes=[*found.notes, *some(missing)],
        files=tuple(files),
        tensors=ShardedTensors({key: readers[number] for key, number in found.shards.items()}),
    )


def _found(paths: Sequence[str]) -> _Found:
    """What is in files, by our own reader, or by h5py where one of them needs it."""
    try:
        return _described(paths, _by_ourselves)
    except LibraryNeededError:
        return _described(paths, _by_library)


def _described(paths: Sequence[str], open_file: Open) -> _Found:
    with ExitStack() as stack:
        sources = [stack.enter_context(Source(path)) for path in paths]
        files = [open_file(stack, source) for source in sources]
        shards: dict[str, int] = {}
        variables = []
        notes: list[Note] = []
        for number, file in enumerate(files):
            listing = hdf5_listing.datasets(file)
            notes += listing.notes
            for variable in listing.variables:
                first = shards.setdefault(variable.key, number)
                if first == number:
                    variables.append(variable)
                else:
                    where = f"is in {_name(paths[first])} and in {_name(paths[number])}"
                    notes.append(Note("weight-map-disagrees", where, variable.key))
        return _Found(keras_store.describe(_Joined(files), variables, None), shards, some(notes))


def _by_ourselves(_stack: ExitStack, source: Source) -> Structure:
    content = hdf5_structure.content_of(source)
    return Hdf5Reader(content.data, content.place)


def _by_library(stack: ExitStack, source: Source) -> Structure:
    return stack.enter_context(hdf5_structure.opened(hdf5_structure.content_of(source)))


def _name(path: str) -> str:
    return os.path.basename(path)
