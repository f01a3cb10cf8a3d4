"""One file of PyTorch's as variables, and where the values of each are."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple, Protocol

from scopecli.binary.source import Source
from scopecli.errors import NotAModelError, ScopecliError
from scopecli.formats import torch_globals, torch_marks, torch_tree
from scopecli.formats.some_notes import some
from scopecli.formats.torch_archive import Archive
from scopecli.formats.torch_stream import Stream
from scopecli.formats.torch_tree import Found
from scopecli.formats.torch_values import Place, TorchTensors
from scopecli.model.model import Note
from scopecli.model.variable import NO_ATTRIBUTES, Checksum, Variable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from scopecli.binary.member_bytes import Bytes
    from scopecli.binary.pickle_values import Pickle
    from scopecli.formats.torch_tensors import Tensor
    from scopecli.model.model import TensorReader

# What a file that is one tensor and no dictionary is called: the same in every file.
KEY = "tensor"

_ZIP = b"PK"
_HEAD = 64
_MOST_ALIASES = 32
_CONSTANTS = "constants"
_SCRIPT = "__torch__."
_MEANINGFUL = frozenset(
    {
        "byte_order",
        "container",
        "functions",
        "globals",
        "has_config",
        "keras_version",
        "layers",
        "nodes",
        "object_based",
        "optimizer",
        "saver_keys",
        "signatures",
        "version",
    }
)


class Container(Protocol):
    """A file with a pickle and storages: a zip archive or a stream."""

    pickle: Pickle
    pickle_size: int
    constants: Pickle | None
    others: list[Pickle]
    byte_order: str
    facts: dict[str, object]
    notes: list[Note]

    def size(self, key: str, /) -> int | None:
        """Bytes of a storage; None where it is missing."""

    def checksum(self, key: str, /) -> int | None:
        """CRC-32 of a storage; None where there is none."""

    def offset(self, key: str, /) -> int | None:
        """Where a storage starts in the file; None where it is compressed or not to be found."""

    def open(self, key: str, /) -> Bytes:
        """The bytes of a storage."""


class Contents(NamedTuple):
    """What is in a file.

    Attributes:
        variables: in the file's order.
        metadata: facts about it.
        imports: what its pickles would import, the most dangerous first.
        notes: oddities.
        size: its bytes.
        tensors: reads values.
    """

    variables: list[Variable]
    metadata: dict[str, object]
    imports: tuple[str, ...]
    notes: list[Note]
    size: int
    tensors: TensorReader


class StoredView:
    """A `Storage` whose offset is looked up when it is asked for."""

    __slots__ = ("_container", "_tensor", "length", "shard")

    def __init__(self, container: Container, tensor: Tensor, shard: str) -> None:
        self._container = container
        self._tensor = tensor
        self.shard = shard
        is_run = tensor.is_contiguous and tensor.type.size
        stored = tensor.stored
        self.length = (tensor.nbytes if is_run else stored.nbytes if stored else 0) or 0

    @property
    def offset(self) -> int | None:
        """First byte in the file; None where the bytes are not one plain run."""
        tensor = self._tensor
        if tensor.stored is None or not tensor.is_contiguous:
            return None
        begin = self._container.offset(tensor.stored.key)
        if begin is None:
            return None
        return begin + tensor.stored.skipped + tensor.offset * tensor.type.size

    @property
    def checksum(self) -> Checksum | None:
        """The archive's own, where it is of this tensor and of nothing else."""
        tensor, container = self._tensor, self._container
        stored = tensor.stored
        if stored is None or tensor.conjugate or tensor.negative or not tensor.is_contiguous:
            return None
        if tensor.nbytes != container.size(stored.key):  # so it is at the start, too
            return None
        value = container.checksum(stored.key)
        return Checksum(f"crc32-{container.byte_order}", value) if value is not None else None


def read(path: str) -> Contents:
    """Read the structure of a file.

    Raises:
        ScopecliError: whatever is wrong with the file.
    """
    with Source(path) as source:
        container = _container(source, path)
        size = source.size
    try:
        tree = torch_tree.collect(container.pickle.value, container.pickle_size)
        found = [*tree.tensors, *_constants(container)]
    except ScopecliError as error:
        error.path = error.path or path
        raise
    return _contents(container, tree, found, path, size)


def _container(source: Source, path: str) -> Container:
    head = source.head(_HEAD)
    if head.startswith(_ZIP):
        return Archive(source, path)
    if torch_marks.is_stream(head):
        return Stream(source, path)
    raise NotAModelError("is no file of PyTorch's", path=path)


def _constants(container: Container) -> Iterator[Found]:
    """The tensors that the code of a TorchScript archive refers to."""
    if container.constants is None:
        return
    held = torch_tree.collect(container.constants.value, container.pickle_size)
    for found in held.tensors:
        tensor = found.tensor
        if tensor.stored is not None:
            stored = tensor.stored._replace(key=f"{_CONSTANTS}/{tensor.stored.key}")
            tensor = tensor._replace(stored=stored)
        yield Found(f"{_CONSTANTS}.{found.path}", tensor, "constant")


def _contents(
    container: Container, tree: torch_tree.Tree, found: list[Found], path: str, size: int
) -> Contents:
    shard = os.path.basename(path)
    aliases = _aliases(found)
    places: dict[str, Place] = {}
    variables: dict[str, Variable] = {}
    notes = [*container.notes]
    for item in found:
        key, tensor = item.path or KEY, item.tensor
        if key in variables:
            key = _free_key(key, variables)
            notes.append(Note("repeated-name", "has a name that another entry has, too", key))
        stored = tensor.stored
        if stored is not None:
            places[key] = Place(tensor, container)
            notes += _shortness(container, tensor, key)
        variables[key] = Variable(
            key,
            item.path or KEY,
            tensor.shape,
            tensor.type.dtype,
            tensor.nbytes,
            item.kind,
            tensor.trainable,
            None if stored is None else StoredView(container, tensor, shard),
            _attributes(item, container, aliases),
        )
    imports = [*container.pickle.imports]
    if container.constants is not None:
        imports += container.constants.imports
    listing = torch_globals.listing(imports)
    said = torch_globals.notes([*_foreign(container, listing), *_hidden(container, listing)])
    return Contents(
        list(variables.values()),
        _metadata(container, tree, listing),
        listing,
        some(notes) + some(said),
        size,
        TorchTensors(places, path),
    )


def _foreign(container: Container, listing: tuple[str, ...]) -> Iterator[str]:
    """What is imported from elsewhere: the classes of TorchScript are in the archive itself."""
    is_script = container.constants is not None
    return (path for path in listing if not (is_script and path.startswith(_SCRIPT)))


def _hidden(container: Container, listing: tuple[str, ...]) -> Iterator[str]:
    """What is hostile in pickles that PyTorch itself does not read."""
    found = torch_globals.listing(one for pickle in container.others for one in pickle.imports)
    return (path for path in found if torch_globals.is_hostile(path) and path not in listing)


def _metadata(
    container: Container, tree: torch_tree.Tree, listing: tuple[str, ...]
) -> dict[str, object]:
    facts = {**container.facts, "globals": listing}
    if tree.optimizers:
        facts["optimizer"] = tree.optimizers
    is_script = container.constants is not None  # its objects have the settings of every layer
    if is_script:
        return facts
    return {_own_name(path): fact for path, fact in tree.facts.items()} | facts


def _own_name(path: str) -> str:
    """The name of a fact, other than those that mean something to scopecli."""
    return f"checkpoint.{path}" if path in _MEANINGFUL else path


def _free_key(key: str, taken: Mapping[str, object]) -> str:
    number = 2
    while f"{key} ({number})" in taken:
        number += 1
    return f"{key} ({number})"


def _aliases(found: Iterable[Found]) -> dict[str, tuple[str, ...]]:
    """By name, the other names of the same part of the same storage."""
    places: dict[tuple[object, ...], list[str]] = {}
    for path, tensor, _ in found:
        if tensor.stored is not None and tensor.nbytes:
            place = (tensor.stored.key, tensor.offset, tensor.shape, tensor.strides)
            places.setdefault(place, []).append(path)
    return {
        path: tuple(other for other in paths[: _MOST_ALIASES + 1] if other != path)
        for paths in places.values()
        if len(paths) > 1
        for path in paths
    }


def _attributes(
    item: Found, container: Container, aliases: Mapping[str, tuple[str, ...]]
) -> Mapping[str, object]:
    tensor = item.tensor
    attributes: dict[str, object] = {}
    if item.kind == "slot":
        attributes["slot_name"] = item.path.rpartition(torch_tree.SEPARATOR)[2]
    if tensor.type.written:
        attributes["stored_dtype"] = tensor.type.written
    if tensor.layout:
        attributes["layout"] = tensor.layout
    if tensor.is_fortran:
        attributes["memory_order"] = "fortran"
    if container.byte_order == "big" and tensor.stored is not None:
        attributes["byte_order"] = "big"
    if item.path in aliases:
        attributes["aliases"] = aliases[item.path]
    return attributes or NO_ATTRIBUTES


def _shortness(container: Container, tensor: Tensor, key: str) -> Iterator[Note]:
    """What every loader refuses: a storage that is missing, or shorter than its views reach."""
    stored = tensor.stored
    if stored is None:
        return
    there = container.size(stored.key)
    needed = stored.skipped + tensor.end * tensor.type.size
    if there is None:
        yield Note("short-data", f"has no values: storage {stored.key!r} is missing", key)
    elif needed > there:
        message = f"needs {needed} bytes of storage {stored.key!r}, which has {there}"
        yield Note("short-data", message, key)
