"""Format `hdf5`: any HDF5 file. Its groups are the scopes, its datasets the variables."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any

from scopecli.formats.hdf5 import listing as hdf5_listing
from scopecli.formats.hdf5 import structure as hdf5_structure
from scopecli.formats.hdf5.tensors import Hdf5Tensors
from scopecli.model.model import File, Model

if TYPE_CHECKING:
    from scopecli.formats.hdf5.listing import Listing
    from scopecli.formats.hdf5.protocol import Structure

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
    listing, metadata, size = hdf5_structure.read(path, _read)
    return Model(
        path=path,
        format=FORMAT,
        variables=listing.variables,
        metadata=metadata,
        notes=listing.notes,
        files=(File(path, size, "model"),),
        tensors=Hdf5Tensors(partial(hdf5_structure.opened_path, path)),
    )


def _read(file: Structure) -> tuple[Listing, dict[str, object], int]:
    return hdf5_listing.datasets(file), _metadata(file), file.size


def _metadata(file: Structure) -> dict[str, object]:
    """The version of the container, and what the file says of itself."""
    metadata = file.container()
    root = file.group("/")
    found = ((name, hdf5_structure.attribute(file, root, name)) for name in _TELLING_ATTRIBUTES)
    metadata |= {name: value for name, value in found if _is_short(value)}
    return metadata


def _is_short(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= _MAX_TEXT
    return isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))
