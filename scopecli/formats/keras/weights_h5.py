"""Format `keras-weights-h5`: what Keras 3's `model.save_weights("x.weights.h5")` writes.

Or an index of several such files, which `max_shard_size` asks for.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from scopecli.binary.source import Source
from scopecli.formats.hdf5 import listing as hdf5_listing
from scopecli.formats.hdf5 import structure as hdf5_structure
from scopecli.formats.hdf5.tensors import Hdf5Tensors
from scopecli.formats.keras import model as keras_model
from scopecli.formats.keras import store as keras_store
from scopecli.model.model import File, Model

if TYPE_CHECKING:
    from scopecli.formats.hdf5.listing import Listing
    from scopecli.formats.hdf5.protocol import Structure
    from scopecli.formats.keras.store import Store

FORMAT = "keras-weights-h5"


def read(path: str) -> Model:
    """Read the structure of a Keras 3 weights file, or of all that an index names.

    Raises:
        ScopecliError: whatever is wrong with the file.
    """
    with Source(path) as source:
        is_index = source.head(1) == b"{"
    if is_index:
        from scopecli.formats.keras import sharded

        return sharded.read(path, FORMAT)
    listing, store, size = hdf5_structure.read(path, _read)
    return Model(
        path=path,
        format=FORMAT,
        variables=store.variables,
        metadata=keras_model.metadata(None),
        notes=listing.notes,
        files=(File(path, size, "model"),),
        tensors=Hdf5Tensors(partial(hdf5_structure.opened_path, path)),
    )


def _read(file: Structure) -> tuple[Listing, Store, int]:
    listing = hdf5_listing.datasets(file)
    return listing, keras_store.describe(file, listing.variables, None), file.size
