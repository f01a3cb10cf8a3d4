"""Renaming in `keras-v3`: layers' names in `config.json` and in the weights; the rest is copied."""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import ExitStack
from functools import partial
from typing import IO, TYPE_CHECKING, Any

from scopecli.binary import zipdir
from scopecli.binary.hdf5.reader import Place
from scopecli.binary.source import Source
from scopecli.errors import UnsupportedError
from scopecli.formats import zip_copy
from scopecli.formats.hdf5 import editing
from scopecli.formats.hdf5 import file as hdf5_file
from scopecli.formats.hdf5 import writer as hdf5_writer
from scopecli.formats.hdf5.driver import InMemory
from scopecli.formats.keras import config as keras_config
from scopecli.formats.keras import config_names
from scopecli.formats.keras import parts as keras_parts
from scopecli.formats.keras import store_names as keras_store_names
from scopecli.formats.zip_archive import CONFIG, WEIGHTS_H5
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from scopecli.binary.readable import Readable
    from scopecli.formats.keras.config import ModelConfig
    from scopecli.formats.keras.store_names import Named
    from scopecli.formats.staging import Staging
    from scopecli.model.model import Model
    from scopecli.model.renaming import Renaming, Subject

_PIECE = 1 << 20


class _Described(NamedTuple):
    """What the archive says of its layers; empty where it does not."""

    text: str
    document: dict[str, Any]
    config: ModelConfig | None
    objects: list[Named]


def subjects(model: Model) -> Sequence[Subject]:
    """Layers and what is in them.

    Raises:
        UnsupportedError: it is a folder.
        ScopecliError: the file cannot be read.
    """
    if os.path.isdir(model.path):
        raise UnsupportedError(
            "is a folder, and only an archive can be renamed",
            path=model.path,
            hint="zip what is in it to a .keras",
        )
    with Source(model.path) as source:
        described = _described(source, model)
    return list(keras_store_names.subjects(model, described.objects, described.config))


def complaints(names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Names that cannot be, each with why."""
    return hdf5_writer.unusable(names)


def write(model: Model, renaming: Renaming, out: str, staging: Staging) -> None:
    """Write the archive with other names of layers.

    Raises:
        UnsupportedError: values and names are in one file, so data cannot be linked; or
            what is asked for is more than a change of layers' names.
        ScopecliError: the file cannot be changed, or the copy not written.
    """
    staging.refuse_to_share(model.path)
    with Source(model.path) as source, ExitStack() as stack:
        text, document, config, objects = _described(source, model)
        changed = keras_store_names.changes(model, objects, config, renaming)
        replaced: dict[str, tuple[int, Iterator[bytes]]] = {}
        if config is not None and changed.layers:
            config_names.rename(document, config, changed.layers, model.path)
            config_names.rename_outputs(document, changed.layers, document.get("compile_config"))
            data = config_names.as_written(document, text, model.path).encode()
            replaced[CONFIG] = len(data), iter((data,))
        target = staging.create(out)
        if changed.written or changed.dropped:
            weights = _weights(source, keras_parts.members_of(source))
            edit = partial(keras_store_names.edit, changed=changed)
            if changed.dropped:
                with editing.writing(target):
                    folder = os.path.dirname(os.path.abspath(target))
                    scratch = stack.enter_context(tempfile.TemporaryFile(dir=folder))
                editing.rebuild(weights, scratch, edit)
                replaced[WEIGHTS_H5] = scratch.seek(0, os.SEEK_END), _read(scratch)
            else:
                overlay = editing.edited(weights, edit)
                replaced[WEIGHTS_H5] = overlay.size, overlay.pieces()
        with editing.writing(target):
            zip_copy.copy(source, target, replaced)


def _described(source: Source, model: Model) -> _Described:
    members = keras_parts.members_of(source)
    text, document, config = "", {}, None
    if CONFIG in members:
        data = zipdir.read_member(source, members[CONFIG], keras_parts.MAX_JSON)
        text = data.decode("utf-8", "replace")
        document = _parsed(data)
    if document:
        config = keras_config.walk(document, str(model.metadata.get("keras_version", "")))
    objects: list[Named] = []
    if WEIGHTS_H5 in members:
        weights = _weights(source, members)
        place = Place(os.path.basename(model.path), None)
        with hdf5_file.opened_content(weights, place) as file:
            objects = keras_store_names.named_objects(file, config)
    return _Described(text, document, config, objects)


def _parsed(data: bytes) -> dict[str, Any]:
    """A JSON object; empty where it is not one."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _weights(source: Source, members: Mapping[str, zipdir.Member]) -> Readable:
    """The weights, where they are or unpacked."""
    member = members[WEIGHTS_H5]
    if member.method == zipdir.STORED:
        return zipdir.open_member(source, member)
    data = zipdir.read_member(source, member, keras_parts.MAX_UNPACKED)
    return InMemory(data, f"{source.name}:{WEIGHTS_H5}")


def _read(file: IO[bytes]) -> Iterator[bytes]:
    file.seek(0)
    while piece := file.read(_PIECE):
        yield piece
