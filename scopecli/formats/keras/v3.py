"""Format `keras-v3`: the `.keras` archive, a zip of `config.json`, `metadata.json` and weights.

`keras/src/saving/saving_lib.py`. The weights are read where they are in the archive, or in memory
where someone has compressed them; nothing is unpacked to disk.
"""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from scopecli.binary import zipdir
from scopecli.binary.hdf5.reader import Place
from scopecli.binary.source import Source
from scopecli.errors import DuplicateNameError, UnsupportedError
from scopecli.formats.hdf5 import listing as hdf5_listing
from scopecli.formats.hdf5 import structure as hdf5_structure
from scopecli.formats.hdf5.driver import InMemory
from scopecli.formats.hdf5.structure import Content
from scopecli.formats.hdf5.tensors import Hdf5Tensors
from scopecli.formats.keras import config as keras_config
from scopecli.formats.keras import model as keras_model
from scopecli.formats.keras import store as keras_store
from scopecli.formats.zip_archive import CONFIG, METADATA, WEIGHTS_H5, WEIGHTS_NPZ
from scopecli.model.model import File, Model, Note
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from scopecli.formats.hdf5.file import Hdf5File
    from scopecli.formats.hdf5.listing import Listing
    from scopecli.formats.hdf5.protocol import Structure
    from scopecli.formats.keras.config import ModelConfig
    from scopecli.model.variable import Variable

FORMAT = "keras-v3"

MAX_JSON = 1 << 28
MAX_UNPACKED = 1 << 30
_METADATA_KEYS = ("keras_version", "date_saved")


class Contents(NamedTuple):
    """What the archive has beside the weights."""

    config: ModelConfig | None
    metadata: dict[str, object]
    notes: list[Note]
    has_weights: bool
    size: int


def read(path: str) -> Model:
    """Read the structure of a `.keras` archive.

    Raises:
        ScopecliError: whatever is wrong with the file.
    """
    with Source(path) as source:
        contents = _contents(source)
    config, notes = contents.config, contents.notes
    variables: Sequence[Variable] = ()
    weights: Sequence[keras_model.Weight] = ()
    if contents.has_weights:
        with Source(path) as source:
            listing, store = hdf5_structure.described(_weights(source), partial(_read, config))
        variables, weights = store
        notes += listing.notes
    return Model(
        path=path,
        format=FORMAT,
        variables=variables,
        metadata=contents.metadata,
        collections=keras_model.collections(weights) if config and config.layers else {},
        reuse=keras_model.reuse(config) if config else (),
        layers=keras_model.layers(config),
        layer_weights=(
            keras_model.layer_weights(config, weights) if config and config.layers else ()
        ),
        notes=notes,
        files=(File(path, contents.size, "model"),),
        tensors=Hdf5Tensors(partial(_opened_weights, path)) if contents.has_weights else None,
    )


def _contents(source: Source) -> Contents:
    members = members_of(source)
    notes: list[Note] = []
    document = _json(source, members, CONFIG, notes)
    about = _json(source, members, METADATA, notes)
    metadata: dict[str, object] = {
        key: about[key] for key in _METADATA_KEYS if isinstance(about.get(key), str)
    }
    config = None
    if document:
        config = keras_config.walk(document, str(metadata.get("keras_version", "")))
    metadata |= keras_model.metadata(config)
    metadata |= keras_model.training(document.get("compile_config"))
    has_weights = WEIGHTS_H5 in members
    if not has_weights:
        if WEIGHTS_NPZ in members:
            raise UnsupportedError(
                "has its weights as pickled Python objects, which are not read",
                path=source.name,
                where=WEIGHTS_NPZ,
            )
        notes.append(Note("no-weights", "the archive has no weights", WEIGHTS_H5))
    return Contents(config, metadata, notes, has_weights, source.size)


def members_of(source: Source) -> dict[str, zipdir.Member]:
    """The archive's members by name, each of which must be there once.

    Readers differ in which of two they take, so that a file can show one model to a checker and
    another to the one who loads it.

    Raises:
        DamagedFileError: one is there twice, or the directory cannot be read.
    """
    members = zipdir.members(source)
    for name in zipdir.duplicates(members):
        raise DuplicateNameError(f"has two members called {name}", path=source.name)
    return {member.name: member for member in members}


def _json(
    source: Source, members: Mapping[str, zipdir.Member], name: str, notes: list[Note]
) -> dict[str, object]:
    """A JSON object of the archive; empty, with a note, where there is none."""
    if name not in members:
        notes.append(Note("no-config", f"the archive has no {name}", name))
        return {}
    zipdir.refuse_bomb(source, members[name])
    try:
        document = json.loads(zipdir.read_member(source, members[name], MAX_JSON))
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        notes.append(Note("bad-config", "is not a readable JSON object", name))
        return {}
    return document


def _read(config: ModelConfig | None, file: Structure) -> tuple[Listing, keras_store.Store]:
    listing = hdf5_listing.datasets(file)
    return listing, keras_store.describe(file, listing.variables, config)


def _weights(source: Source) -> Content:
    member = members_of(source)[WEIGHTS_H5]
    if member.method == zipdir.STORED:
        return hdf5_structure.content_of(zipdir.open_member(source, member))
    zipdir.refuse_bomb(source, member)
    data = zipdir.read_member(source, member, MAX_UNPACKED)
    place = Place(os.path.basename(source.path), None)
    return Content(InMemory(data, f"{source.name}:{WEIGHTS_H5}"), place)


@contextmanager
def _opened_weights(path: str) -> Iterator[Hdf5File]:
    with Source(path) as source, hdf5_structure.opened(_weights(source)) as file:
        yield file
