"""Renaming in `keras-weights-h5`: the layers' names that are written beside their variables."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from scopecli.errors import UnsupportedError
from scopecli.formats.hdf5 import editing
from scopecli.formats.hdf5 import structure as hdf5_structure
from scopecli.formats.hdf5 import writer as hdf5_writer
from scopecli.formats.keras import store_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scopecli.formats.staging import Staging
    from scopecli.model.model import Model
    from scopecli.model.renaming import Renaming, Subject


def subjects(model: Model) -> Sequence[Subject]:
    """Layers and what is in them.

    Raises:
        UnsupportedError: they are several files.
        ScopecliError: the file cannot be read.
    """
    if len(model.files) > 1:
        raise UnsupportedError(
            "is an index of several files, which cannot be renamed as one",
            path=model.path,
            hint="rename each of them",
        )
    with hdf5_structure.opened_path(model.path) as file:
        objects = store_names.named_objects(file, None)
    return list(store_names.subjects(model, objects, None))


def complaints(names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Names that cannot be, each with why."""
    return hdf5_writer.unusable(names)


def write(model: Model, renaming: Renaming, out: str, staging: Staging) -> None:
    """Write the file with other names of layers.

    Raises:
        UnsupportedError: values and names are in one file, so data cannot be linked; or
            what is asked for is more than a change of layers' names.
        ScopecliError: the file cannot be changed, or the copy not written.
    """
    staging.refuse_to_share(model.path)
    with hdf5_structure.opened_path(model.path) as file:
        objects = store_names.named_objects(file, None)
    changed = store_names.changes(model, objects, None, renaming)
    copy = editing.smaller_copy if changed.dropped else editing.edited_copy
    copy(model.path, staging.create(out), partial(store_names.edit, changed=changed))
