"""Format `hdf5`: any HDF5 file. Its groups are the scopes, its datasets the variables."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

from scopecli.formats import hdf5_file, hdf5_listing
from scopecli.formats.hdf5_values import Hdf5Tensors
from scopecli.model.model import File, Model

FORMAT = "hdf5"

# What the layers above HDF5 call themselves: PyTables and pandas, netCDF-4, NeXus, MATLAB, AnnData.
_TELLING_ATTRIBUTES = (
    "CLASS",
    "TITLE",
    "PYTABLES_FORMAT_VERSION",
    "_NCProperties",
    "NX_class",
    "default",
    "creator",
    "encoding-type",
    "encoding-version",
    "version",
)
_MAX_TEXT = 1000


def read(path: str) -> Model:
    """Read the structure of an HDF5 file.

    Raises:
        ScopecliError: whatever is wrong with the file.
    """
    with hdf5_file.opened(path) as file:
        listing = hdf5_listing.datasets(file)
        metadata = _metadata(file)
        size = file.size
    return Model(
        path=path,
        format=FORMAT,
        variables=listing.variables,
        metadata=metadata,
        notes=listing.notes,
        files=(File(path, size, "model"),),
        tensors=Hdf5Tensors(partial(hdf5_file.opened, path)),
    )


def _metadata(file: hdf5_file.Hdf5File) -> dict[str, object]:
    """The version of the container, and what the file says of itself."""
    metadata = file.container()
    root = file.group("/")
    found = ((name, file.attribute(root, name)) for name in _TELLING_ATTRIBUTES)
    metadata |= {name: value for name, value in found if _is_short(value)}
    return metadata


def _is_short(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= _MAX_TEXT
    return isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))
