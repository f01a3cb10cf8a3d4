"""Format `keras-weights-h5`: what Keras 3's `model.save_weights("x.weights.h5")` writes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from scopecli.formats import hdf5_listing, hdf5_structure, keras_model, keras_store
from scopecli.formats.hdf5_tensors import Hdf5Tensors
from scopecli.model.model import File, Model

if TYPE_CHECKING:
    from scopecli.formats.hdf5_listing import Listing
    from scopecli.formats.hdf5_protocol import Structure
    from scopecli.formats.keras_store import Store

FORMAT = "keras-weights-h5"


def read(path: str) -> Model:
    """Read the structure of a Keras 3 weights file.

    Raises:
        ScopecliError: whatever is wrong with the file.
    """
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
