"""Format `orbax`: a folder of Zarr arrays, each in a folder of its own or all in a database.

https://orbax.readthedocs.io/en/latest/guides/checkpoint/checkpoint_format.html

An array's name is its place in the tree, joined with `.`. A checkpoint with several items has a
folder for each, whose name then stands before those of its arrays.
"""

from __future__ import annotations

import json
import os
from math import prod
from typing import TYPE_CHECKING

from scopecli.binary import ocdbt
from scopecli.binary.source import Source, read_small_text
from scopecli.errors import DamagedFileError, NotAModelError, ScopecliError
from scopecli.formats.flax.state import Kinds
from scopecli.formats.orbax import folders as orbax_folders
from scopecli.formats.orbax import zarr_header
from scopecli.formats.orbax.folders import CHECKPOINT, HEADERS, ITEM, MARKS
from scopecli.formats.orbax.zarr_header import V3_HEADER
from scopecli.formats.orbax.zarr_values import Array, ZarrTensors
from scopecli.model.dtypes import nbytes
from scopecli.model.model import File, Model, Note
from scopecli.model.variable import Variable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from scopecli.binary.ocdbt import Value
    from scopecli.formats.orbax.zarr_values import Store

FORMAT = "orbax"
SEPARATOR = "."

_STRINGS = "_strings.json"
_AGGREGATE = "checkpoint"  # MessagePack; of T5X, and of Orbax before every value was an array
_LARGEST_JSON = 1 << 26
_LARGEST_HEADER = 1 << 20
_GROUP = b'"group"'  # what the `node_type` of one is
_FACTS = ("item_handlers", "metrics", "custom_metadata", "use_ocdbt", "use_zarr3")


class _Folder:
    """A `Store` in which every name is a file."""

    __slots__ = ("_path",)

    def __init__(self, path: str) -> None:
        self._path = path

    def get(self, name: str) -> bytes | None:
        path = os.path.join(self._path, name)
        if not os.path.isfile(path):
            return None
        with Source(path) as source:
            return source.read(0, source.size)

    def headers(self) -> Iterator[str]:
        """The names of all headers of arrays."""
        for folder, inner, names in os.walk(self._path):
            inner.sort()
            found = next((name for name in HEADERS if name in names), None)
            if found is not None:
                relative = os.path.relpath(folder, self._path).replace(os.sep, "/")
                name = found if relative == "." else f"{relative}/{found}"
                yield name
                if not self._is_group(name):
                    inner.clear()

    def _is_group(self, name: str) -> bool:
        """Whether a header is of a group, with arrays in folders of its own."""
        if not name.endswith(V3_HEADER):
            return False  # in Zarr 2, a group has a header of another name
        size = os.path.getsize(os.path.join(self._path, name))
        return size <= _LARGEST_HEADER and _GROUP in (self.get(name) or b"")


class _Database:
    """A `Store` that is an OCDBT database."""

    __slots__ = ("_entries", "_path")

    def __init__(self, path: str) -> None:
        self._path = path
        self._entries: dict[str, Value] = {
            key.decode("utf-8", "surrogateescape"): value
            for key, value in ocdbt.entries(path).items()
        }

    def get(self, name: str) -> bytes | None:
        value = self._entries.get(name)
        return None if value is None else ocdbt.read(self._path, value)

    def headers(self) -> Iterator[str]:
        """The names of all headers of arrays."""
        for key in self._entries:
            if key.rpartition("/")[2] in HEADERS:
                yield key


def read(path: str) -> Model:
    """Read the structure of a checkpoint.

    Raises:
        ScopecliError: whatever is wrong with the folder.
    """
    try:
        arrays = dict(_arrays(path))
        metadata = {**_facts(path), **_strings(path)}
    except ScopecliError as error:
        error.path = error.path or path
        raise
    if not arrays:
        raise NotAModelError(
            "is an Orbax folder without an array", path=path, hint="name the folder of an item"
        )
    separator = "/" if orbax_folders.is_group(path) else SEPARATOR
    kinds = Kinds(arrays, separator)
    return Model(
        path=path,
        format=FORMAT,
        variables=[_variable(key, array, kinds) for key, array in arrays.items()],
        separator=separator,
        metadata=metadata,
        notes=list(_notes(path)),
        files=list(_files(path)),
        tensors=ZarrTensors(arrays),
    )


def _variable(key: str, array: Array, kinds: Kinds) -> Variable:
    header = array.header
    kind, attributes = kinds.of(key)
    return Variable(
        key,
        key,
        header.shape,
        header.dtype,
        nbytes(header.dtype, prod(header.shape)),
        kind,
        attributes={**attributes, "byte_order": "big"} if header.big_endian else attributes,
    )


def _arrays(path: str) -> Iterator[tuple[str, Array]]:
    items = orbax_folders.items(path)
    for item in items or [""]:
        prefix = item.replace("/", SEPARATOR) if len(items) > 1 else ""
        folder = os.path.join(path, item)
        is_database = os.path.isfile(os.path.join(folder, ocdbt.MANIFEST))
        store = _Database(folder) if is_database else _Folder(folder)
        for name in store.headers():
            array = _array(store, name)
            if array is not None:
                own = array.name or ("" if prefix else os.path.basename(folder.rstrip("/")))
                yield SEPARATOR.join(filter(None, (prefix, own))), array


def _array(store: Store, header_name: str) -> Array | None:
    data = store.get(header_name) or b""
    if len(data) > _LARGEST_HEADER:
        raise DamagedFileError(f"has a header of {len(data)} bytes", where=header_name)
    header = zarr_header.parse(data, header_name)
    name = header_name.rpartition("/")[0]
    return None if header is None else Array(header, name, store)


def _notes(path: str) -> Iterator[Note]:
    if orbax_folders.is_unfinished(path):
        yield Note("unfinished", "is what an interrupted save left: Orbax does not restore it")
    if os.path.isfile(os.path.join(path, _AGGREGATE)):
        yield Note("aggregate", "has the small values of the tree, which are not read", _AGGREGATE)


def _facts(path: str) -> dict[str, object]:
    found: dict[str, object] = {}
    for name in (CHECKPOINT, ITEM):
        fields = _json(os.path.join(path, name))
        found |= {key: fields[key] for key in _FACTS if fields.get(key) not in (None, {}, [])}
    return found


def _strings(path: str) -> Mapping[str, object]:
    """Leaves of the tree that are texts."""
    return {
        key: text
        for key, text in _json(os.path.join(path, _STRINGS)).items()
        if isinstance(text, str)
    }


def _json(path: str) -> dict[str, object]:
    """The object in a file; empty where there is no file."""
    if not os.path.isfile(path):
        return {}
    try:
        fields = json.loads(read_small_text(path, _LARGEST_JSON))
    except (ValueError, RecursionError) as error:
        raise DamagedFileError("is not valid JSON", path=path) from error
    if not isinstance(fields, dict):
        raise DamagedFileError("is not a JSON object", path=path)
    return fields


def _files(path: str) -> Iterator[File]:
    for name in orbax_folders.listing(path):
        file = os.path.join(path, name)
        if os.path.isfile(file):
            yield File(file, os.path.getsize(file), "index" if name in MARKS else "other")
