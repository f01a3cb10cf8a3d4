"""Format `keras-weights-h5`: what Keras 3's `model.save_weights("x.weights.h5")` writes."""

from __future__ import annotations

from functools import partial

from scopecli.formats import hdf5_file, hdf5_listing, keras_model, keras_store
from scopecli.formats.hdf5_values import Hdf5Tensors
from scopecli.model.model import File, Model

FORMAT = "keras-weights-h5"


def read(path: str) -> Model:
    """Read the structure of a Keras 3 weights file.

    Raises:
        ScopecliError: whatever is wrong with the file.
    """
    with hdf5_file.opened(path) as file:
        listing = hdf5_listing.datasets(file)
        store = keras_store.describe(file, listing.variables, None)
        size = file.size
    return Model(
        path=path,
        format=FORMAT,
        variables=store.variables,
        metadata=keras_model.metadata(None),
        notes=listing.notes,
        files=(File(path, size, "model"),),
        tensors=Hdf5Tensors(partial(hdf5_file.opened, path)),
    )
