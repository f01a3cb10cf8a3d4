"""One file of PyTorch's as variables, and where the values of each are."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Protocol

from scopecli.binary.pickle.contents import SEPARATOR, own_facts
from scopecli.binary.pickle.imports import is_hostile
from scopecli.binary.source import Source
from scopecli.errors import NotAModelError, ScopecliError
from scopecli.formats.some_notes import some
from scopecli.formats.torch import globals as torch_globals
from scopecli.formats.torch import marks as torch_marks
from scopecli.formats.torch import members as torch_members
from scopecli.formats.torch import tree as torch_tree
from scopecli.formats.torch.archive import Archive
from scopecli.formats.torch.values import TorchTensors
from scopecli.model.model import Note
from scopecli.model.records import NamedTuple
from scopecli.model.variable import NO_ATTRIBUTES, Checksum, Variable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from scopecli.binary.member_bytes import Bytes
    from scopecli.binary.pickle.values import Pickle
    from scopecli.formats.torch.tensors import Tensor
    from scopecli.formats.torch.tree import Found
    from scopecli.model.model import TensorReader
    from scopecli.model.variable import Kind

# What a file that is one tensor and no dictionary is called: the same in every file.
KEY = "tensor"

_ZIP = b"PK"
_PICKLE = b"\x80"  # and no stream
_HEAD = 64
_MOST_ALIASES = 32


class Container(Protocol):
    """A file with storages, and a pickle in most: a zip archive or a stream."""

    pickle: Pickle
    constants: Pickle | None
    others: list[Pickle]
    byte_order: str
    facts: dict[str, object]
    notes: list[Note]

    def tree(self) -> torch_tree.Tree:
        """All tensors, and facts.

        Raises:
            ScopecliError: they are not put together as tensors are.
        """

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


class StoredView(NamedTuple):
    """A `Storage` whose facts are looked up when they are asked for.

    Attributes:
        container: what holds the storage.
        tensor: the view of it.
        key: of the storage.
        shard: base name of the file.
    """

    container: Container
    tensor: Tensor
    key: str
    shard: str

    @property
    def length(self) -> int:
        """Bytes of the tensor, where they are one plain run, or of its storage."""
        tensor = self.tensor
        is_run = tensor.is_contiguous and tensor.type.size
        return (tensor.nbytes if is_run else tensor.stored.nbytes if tensor.stored else 0) or 0

    @property
    def offset(self) -> int | None:
        """First byte in the file; None where the bytes are not one plain run."""
        if not self.tensor.is_contiguous:
            return None
        start = self.container.offset(self.key)
        return None if start is None else start + self.tensor.begin

    @property
    def checksum(self) -> Checksum | None:
        """The archive's own, where it is of this tensor and of nothing else."""
        tensor, container = self.tensor, self.container
        if tensor.conjugate or tensor.negative or not tensor.is_contiguous:
            return None
        if tensor.nbytes != container.size(self.key):  # so it is at the start, too
            return None
        value = container.checksum(self.key)
        return Checksum(f"crc32-{container.byte_order}", value) if value is not None else None


def read(path: str) -> Contents:
    """Read the structure of a file.

    Raises:
        ScopecliError: whatever is wrong with the file.
    """
    with Source(path) as source:
        held = container(source, path)
        size = source.size
    try:
        tree = held.tree()
    except ScopecliError as error:
        error.path = error.path or path
        raise
    return _contents(held, tree, path, size)


def container(source: Source, path: str) -> Container:
    """What holds the pickle and the storages.

    Raises:
        ScopecliError: it is not a PyTorch file, or damaged.
    """
    head = source.head(_HEAD)
    if head.startswith(_ZIP):
        members = torch_members.listed(source)
        mark = torch_marks.program_in(members[0].name if members else "")
        if any(member.name == mark for member in members):
            from scopecli.formats.torch.exported import Exported

            return Exported(source, members)
        return Archive(source, members)
    if torch_marks.is_stream(head):
        from scopecli.formats.torch.stream import Stream

        return Stream(source)
    if head.startswith(_PICKLE):
        from scopecli.formats.torch.plain import PlainPickle

        return PlainPickle(source, path)
    raise NotAModelError("is not a PyTorch file", path=path)


def _contents(container: Container, tree: torch_tree.Tree, path: str, size: int) -> Contents:
    shard = os.path.basename(path)
    found = tree.tensors
    aliases = _aliases(found)
    by_key: dict[str, Found] = {}
    variables: list[Variable] = []
    notes = [*container.notes]
    common: dict[int, _Common] = {}
    counts: dict[str, int] = {}  # how often a name was there, where it was more than once
    make = tuple.__new__  # what `Variable(...)` comes to, without the calls in between
    for item in found:
        name, tensor, storage, kind = item
        name = key = name or KEY
        if key in by_key:
            key = _free_key(key, by_key, counts)
            notes.append(Note("repeated-name", "has a name that another entry has, too", key))
        by_key[key] = item
        facts = common.get(id(tensor))
        if facts is None:
            facts = common[id(tensor)] = _common(tensor, container)
        stored = None
        if tensor.stored is not None:
            stored = make(StoredView, (container, tensor, storage, shard))
            there = container.size(storage)
            if there is None or facts.needed > there:
                notes.append(_shortness(facts.needed, storage, there, key))
        attributes = facts.attributes
        if kind == "slot" or name in aliases:
            attributes = _own_attributes(name, kind, attributes, aliases)
        dtype, nbytes = tensor.type.dtype, tensor.nbytes
        row = (key, name, tensor.shape, dtype, nbytes, kind, tensor.trainable, stored, attributes)
        variables.append(make(Variable, row))
    imports = [*container.pickle.imports]
    if container.constants is not None:
        imports += container.constants.imports
    listing = torch_globals.listing(imports)
    said = torch_globals.notes([*_foreign(container, listing), *_hidden(container, listing)])
    return Contents(
        variables,
        _metadata(container, tree, listing),
        listing,
        some(notes) + some(said),
        size,
        TorchTensors(by_key, container, path),
    )


def _foreign(container: Container, listing: tuple[str, ...]) -> Iterator[str]:
    """What is imported from elsewhere: the classes of TorchScript are in the archive itself."""
    is_script = container.constants is not None
    return (path for path in listing if not (is_script and path.startswith(torch_marks.CLASSES)))


def _hidden(container: Container, listing: tuple[str, ...]) -> Iterator[str]:
    """What is hostile in pickles that PyTorch itself does not read."""
    found = torch_globals.listing(one for pickle in container.others for one in pickle.imports)
    return (path for path in found if is_hostile(path) and path not in listing)


def _metadata(
    container: Container, tree: torch_tree.Tree, listing: tuple[str, ...]
) -> dict[str, object]:
    facts = {**container.facts, "globals": listing}
    if tree.optimizers:
        facts["optimizer"] = tree.optimizers
    is_script = container.constants is not None  # its objects have the settings of every layer
    if is_script:
        return facts
    return {**own_facts(tree.facts), **facts}


def _free_key(key: str, taken: Mapping[str, object], counts: dict[str, int]) -> str:
    number = counts.get(key, 1) + 1
    while f"{key} ({number})" in taken:
        number += 1
    counts[key] = number
    return f"{key} ({number})"


def _aliases(found: Sequence[Found]) -> dict[str, tuple[str, ...]]:
    """By name, the other names of the same part of the same storage."""
    keys = [item.storage for item in found if item.storage]
    if len(set(keys)) == len(keys):  # as in most files
        return {}
    places: dict[tuple[object, ...], list[str]] = {}
    for path, tensor, storage, _ in found:
        if tensor.stored is not None and tensor.nbytes:
            place = (storage, tensor.offset, tensor.shape, tensor.strides)
            places.setdefault(place, []).append(path)
    return {
        path: tuple(other for other in paths[: _MOST_ALIASES + 1] if other != path)
        for paths in places.values()
        if len(paths) > 1
        for path in paths
    }


class _Common(NamedTuple):
    """What the tensors of one type, shape and size have in common.

    Attributes:
        needed: bytes that their storages must have.
        attributes: of each.
    """

    needed: int
    attributes: Mapping[str, object]


def _common(tensor: Tensor, container: Container) -> _Common:
    attributes: dict[str, object] = {}
    if tensor.type.written:
        attributes["stored_dtype"] = tensor.type.written
    if tensor.layout:
        attributes["layout"] = tensor.layout
    if tensor.is_fortran:
        attributes["memory_order"] = "fortran"
    if container.byte_order == "big" and tensor.stored is not None:
        attributes["byte_order"] = "big"
    return _Common(tensor.needed, attributes or NO_ATTRIBUTES)


def _own_attributes(
    name: str, kind: Kind, common: Mapping[str, object], aliases: Mapping[str, tuple[str, ...]]
) -> Mapping[str, object]:
    attributes: dict[str, object] = {}
    if kind == "slot":
        attributes["slot_name"] = name.rpartition(SEPARATOR)[2]
    attributes |= common
    if name in aliases:
        attributes["aliases"] = aliases[name]
    return attributes


def _shortness(needed: int, storage: str, there: int | None, key: str) -> Note:
    """What every loader refuses: a storage that is missing, or shorter than its views reach."""
    if there is None:
        return Note("short-data", f"has no values: storage {storage!r} is missing", key)
    message = f"needs {needed} bytes of storage {storage!r}, which has {there}"
    return Note("short-data", message, key)
