"""The folder that `torch.distributed.checkpoint` writes: what its `.metadata` says.

A pickle with the shape and type of every tensor and the parts that the ranks wrote, each of which
is somewhere in a `.distcp` file. Those are not opened: the structure is shown, and no values.
`torch/distributed/checkpoint/metadata.py`.
"""

from __future__ import annotations

import os
from math import prod
from typing import TYPE_CHECKING

from scopecli.binary.pickle import opcodes
from scopecli.binary.pickle.contents import mapping, path_of, sequence
from scopecli.binary.pickle.values import Object
from scopecli.binary.source import Source
from scopecli.errors import DamagedFileError, UnsupportedError
from scopecli.formats.some_notes import some
from scopecli.formats.torch import globals as torch_globals
from scopecli.formats.torch.marks import METADATA
from scopecli.formats.torch.tensors import element_type, numbers
from scopecli.model.model import File, Model
from scopecli.model.variable import NO_ATTRIBUTES, Slice, Variable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from scopecli.model.variable import Kind

_OWN = "torch.distributed.checkpoint."
_PLAIN = frozenset({"pathlib.PosixPath", "pathlib.PurePosixPath", "pathlib.WindowsPath"})
_DATA = ".distcp"
_LARGEST = 1 << 28


def read(path: str, format_id: str) -> Model:
    """Read the structure of a checkpoint, by its folder or its metadata.

    Raises:
        ScopecliError: whatever is wrong with the file.
    """
    file = os.path.join(path, METADATA) if os.path.isdir(path) else path
    with Source(file) as source:
        size = source.size
        if size > _LARGEST:
            raise UnsupportedError(f"has {size} bytes of metadata", path=file)
        pickle = opcodes.walk(source.head(size), file)
    entries = mapping(_attributes(pickle.value).get("state_dict_metadata"))
    if entries is None:
        raise DamagedFileError("is not the metadata of a distributed checkpoint", path=file)
    groups = {key.partition("param_groups")[0] for key in map(str, entries) if _is_group(key)}
    listing = torch_globals.listing(pickle.imports)
    return Model(
        path=path,
        format=format_id,
        variables=list(_variables(entries, groups)),
        separator=".",
        metadata={"container": "distributed checkpoint", "globals": listing},
        notes=some(torch_globals.notes(_foreign(listing))),
        files=tuple(_files(file, size)),
    )


def _is_group(key: str) -> bool:
    return "param_groups." in key


def _foreign(listing: tuple[str, ...]) -> tuple[str, ...]:
    """What is no class of such metadata: `weights_only` does not know those, and they are meant."""
    return tuple(path for path in listing if not path.startswith(_OWN) and path not in _PLAIN)


def _variables(entries: Mapping[object, object], groups: set[str]) -> Iterator[Variable]:
    for key, entry in entries.items():
        if type(key) is not str or not path_of(entry).endswith("TensorStorageMetadata"):
            continue
        attributes = _attributes(entry)
        element = element_type(_element_type(attributes.get("properties")))
        shape = numbers(attributes.get("size"))
        parts = sequence(attributes.get("chunks")) or ()
        kind: Kind = "variable"
        extra: dict[str, object] = {}
        if any(key.startswith(f"{group}state.") for group in groups):
            name = key.rpartition(".")[2]
            kind = "bookkeeping" if name == "step" else "slot"
            extra = {"slot_name": name} if kind == "slot" else {}
        if len(parts) > 1:
            extra["slices"] = tuple(map(_slice, parts))
        yield Variable(
            key,
            key,
            shape,
            element.dtype,
            prod(shape) * element.size if element.size else None,
            kind,
            attributes=extra or NO_ATTRIBUTES,
        )


def _slice(part: object) -> Slice:
    attributes = _attributes(part)
    return Slice(numbers(attributes.get("offsets")), numbers(attributes.get("sizes")), None)


def _attributes(value: object) -> Mapping[object, object]:
    """What is set on an object; empty for anything else."""
    return (mapping(value.state) if type(value) is Object else None) or {}


def _element_type(properties: object) -> object:
    """The type: the first of a tuple, or by its name in files of the first versions."""
    state = properties.state if type(properties) is Object else None
    if type(state) is tuple and state:
        return state[0]
    return (mapping(state) or {}).get("dtype")


def _files(file: str, size: int) -> Iterator[File]:
    yield File(file, size, "index")
    folder = os.path.dirname(file) or "."
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        if name.endswith(_DATA) and os.path.isfile(path):
            yield File(path, os.path.getsize(path), "data")
