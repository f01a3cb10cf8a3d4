"""Format `keras-v3`: `config.json`, `metadata.json` and weights, in a zip archive or in a folder.

`keras/src/saving/saving_lib.py`. The weights are read where they are, or in memory where someone
has compressed them; nothing is unpacked to disk.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from scopecli.errors import UnsupportedError
from scopecli.formats.hdf5 import listing as hdf5_listing
from scopecli.formats.hdf5 import structure as hdf5_structure
from scopecli.formats.hdf5.tensors import Hdf5Tensors
from scopecli.formats.keras import config as keras_config
from scopecli.formats.keras import model as keras_model
from scopecli.formats.keras import parts as keras_parts
from scopecli.formats.keras import store as keras_store
from scopecli.formats.zip_archive import CONFIG, METADATA, WEIGHTS_H5, WEIGHTS_NPZ
from scopecli.model.model import Model, Note
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scopecli.formats.hdf5.file import Hdf5File
    from scopecli.formats.hdf5.listing import Listing
    from scopecli.formats.hdf5.protocol import Structure
    from scopecli.formats.keras.config import ModelConfig
    from scopecli.formats.keras.parts import Parts
    from scopecli.model.variable import Variable

FORMAT = "keras-v3"

_METADATA_KEYS = ("keras_version", "date_saved")


class Contents(NamedTuple):
    """What there is beside the weights."""

    config: ModelConfig | None
    metadata: dict[str, object]
    notes: list[Note]
    has_weights: bool


def read(path: str) -> Model:
    """Read the structure of a `.keras` archive, or of a folder that has what is in one.

    Raises:
        ScopecliError: whatever is wrong with the files.
    """
    parts = keras_parts.of(path)
    contents = _contents(parts, path)
    config, notes = contents.config, contents.notes
    variables: Sequence[Variable] = ()
    weights: Sequence[keras_model.Weight] = ()
    if contents.has_weights:
        with parts.weights() as content:
            listing, store = hdf5_structure.described(content, partial(_read, config))
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
        files=parts.files(),
        tensors=Hdf5Tensors(partial(_opened_weights, parts)) if contents.has_weights else None,
    )


def _contents(parts: Parts, path: str) -> Contents:
    notes: list[Note] = []
    document = _json(parts, CONFIG, notes)
    about = _json(parts, METADATA, notes)
    metadata: dict[str, object] = {
        key: about[key] for key in _METADATA_KEYS if isinstance(about.get(key), str)
    }
    config = None
    if document:
        config = keras_config.walk(document, str(metadata.get("keras_version", "")))
    metadata |= keras_model.metadata(config)
    metadata |= keras_model.training(document.get("compile_config"))
    has_weights = parts.has(WEIGHTS_H5)
    if not has_weights:
        if parts.has(WEIGHTS_NPZ):
            raise UnsupportedError(
                "has its weights as pickled Python objects, which are not read",
                path=path,
                where=WEIGHTS_NPZ,
            )
        notes.append(Note("no-weights", f"the {parts.kind} has no weights", WEIGHTS_H5))
    return Contents(config, metadata, notes, has_weights)


def _json(parts: Parts, name: str, notes: list[Note]) -> dict[str, object]:
    """One of the JSON objects; empty, with a note, where there is none."""
    if not parts.has(name):
        notes.append(Note("no-config", f"the {parts.kind} has no {name}", name))
        return {}
    try:
        document = json.loads(parts.read(name))
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        notes.append(Note("bad-config", "is not a readable JSON object", name))
        return {}
    return document


def _read(config: ModelConfig | None, file: Structure) -> tuple[Listing, keras_store.Store]:
    listing = hdf5_listing.datasets(file)
    return listing, keras_store.describe(file, listing.variables, config)


@contextmanager
def _opened_weights(parts: Parts) -> Iterator[Hdf5File]:
    with parts.weights() as content, hdf5_structure.opened(content) as file:
        yield file
