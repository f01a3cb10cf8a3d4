"""The folder that `torch.distributed.checkpoint` writes: what its `.metadata` says.

A pickle with the shape and type of every tensor and the parts that the ranks wrote, each of which
is an archive of `torch.save` somewhere in a `.distcp` file.
`torch/distributed/checkpoint/metadata.py` and `filesystem.py`.
"""

from __future__ import annotations

import os
from math import prod
from typing import TYPE_CHECKING

from scopecli.binary.inner_paths import is_inside, joined
from scopecli.binary.pickle import opcodes
from scopecli.binary.pickle.contents import mapping, path_of, sequence
from scopecli.binary.pickle.values import Object
from scopecli.binary.source import Source
from scopecli.errors import DamagedFileError, UnsupportedError
from scopecli.formats.some_notes import some
from scopecli.formats.torch import globals as torch_globals
from scopecli.formats.torch.distributed_values import ArchivedPart, DistributedTensors
from scopecli.formats.torch.marks import METADATA
from scopecli.formats.torch.tensors import element_type, numbers
from scopecli.model.model import File, Model
from scopecli.model.variable import NO_ATTRIBUTES, Slice, Variable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from scopecli.model.variable import Kind

    Places = dict[tuple[object, tuple[int, ...]], ArchivedPart]

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
    places = _places(_attributes(pickle.value).get("storage_data"), os.path.dirname(file))
    groups = {key.partition("param_groups")[0] for key in map(str, entries) if _is_group(key)}
    listing = torch_globals.listing(pickle.imports)
    return Model(
        path=path,
        format=format_id,
        variables=list(_variables(entries, groups, places)),
        separator=".",
        metadata={"container": "distributed checkpoint", "globals": listing},
        notes=some(torch_globals.notes(_foreign(listing))),
        files=tuple(_files(file, size)),
        tensors=DistributedTensors(),
    )


def _is_group(key: str) -> bool:
    return "param_groups." in key


def _foreign(listing: tuple[str, ...]) -> tuple[str, ...]:
    """What is no class of such metadata: `weights_only` does not know those, and they are meant."""
    return tuple(path for path in listing if not path.startswith(_OWN) and path not in _PLAIN)


def _places(held: object, folder: str) -> Places:
    """By name and first index, where the parts of tensors are."""
    found: Places = {}
    for index, place in (mapping(held) or {}).items():
        at, said = _attributes(index), _attributes(place)
        name, file = at.get("fqn"), said.get("relative_path")
        start, length = said.get("offset"), said.get("length")
        if not (type(name) is type(file) is str and type(start) is type(length) is int):
            continue
        assert isinstance(file, str)  # noqa: S101 - as was asked for
        offset = at.get("offset")
        starts = () if offset is None else numbers(offset)
        if not is_inside(file) or said.get("transform_descriptors"):
            continue  # elsewhere, or packed: then it has no values
        found[name, starts] = ArchivedPart(joined(folder, file), start, length)
    return found


def _variables(
    entries: Mapping[object, object], groups: set[str], places: Places
) -> Iterator[Variable]:
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
        slices = tuple(_slice(key, part, places) for part in parts)
        if len(slices) > 1:
            extra["slices"] = slices
        yield Variable(
            key,
            key,
            shape,
            element.dtype,
            prod(shape) * element.size if element.size else None,
            kind,
            storage=slices[0].storage if len(slices) == 1 else None,
            attributes=extra or NO_ATTRIBUTES,
        )


def _slice(key: str, part: object, places: Places) -> Slice:
    attributes = _attributes(part)
    starts = numbers(attributes.get("offsets"))
    return Slice(starts, numbers(attributes.get("sizes")), places.get((key, starts)))


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
