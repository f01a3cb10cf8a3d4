"""Where the parts of a Keras 3 model are: in a `.keras` archive, or in a folder of its own."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from scopecli.binary import zipdir
from scopecli.binary.hdf5.reader import Place
from scopecli.binary.source import Source
from scopecli.errors import DuplicateNameError, UnsupportedError
from scopecli.formats.hdf5 import structure as hdf5_structure
from scopecli.formats.hdf5.driver import InMemory
from scopecli.formats.hdf5.structure import Content
from scopecli.formats.zip_archive import CONFIG, METADATA, WEIGHTS_H5
from scopecli.model.model import File

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

MAX_JSON = 1 << 28
MAX_UNPACKED = 1 << 30


class Parts(Protocol):
    """The parts of a model, by their names.

    Attributes:
        kind: what has them, for people.
    """

    kind: str

    def has(self, name: str, /) -> bool:
        """Whether there is one of this name."""

    def read(self, name: str, /) -> bytes:
        """A small one.

        Raises:
            ScopecliError: it cannot be read, or is not small.
        """

    def weights(self) -> AbstractContextManager[Content]:
        """The HDF5 file of the weights.

        Raises:
            ScopecliError: it cannot be read.
        """

    def files(self) -> tuple[File, ...]:
        """The files that they are in."""


class InArchive:
    """The members of a zip archive. Weights are read in place, or in memory where compressed."""

    __slots__ = ("_members", "_path", "_size")
    kind = "archive"

    def __init__(self, path: str) -> None:
        """Read the directory.

        Raises:
            ScopecliError: a member is there twice, or the directory cannot be read.
        """
        self._path = path
        with Source(path) as source:
            self._members = members_of(source)
            self._size = source.size

    def has(self, name: str) -> bool:
        """Whether there is a member of this name."""
        return name in self._members

    def read(self, name: str) -> bytes:
        """A small member.

        Raises:
            ScopecliError: it cannot be read, or is not small.
        """
        with Source(self._path) as source:
            zipdir.refuse_bomb(source, self._members[name])
            return zipdir.read_member(source, self._members[name], MAX_JSON)

    @contextmanager
    def weights(self) -> Iterator[Content]:
        """The HDF5 file of the weights.

        Raises:
            ScopecliError: it cannot be read.
        """
        with Source(self._path) as source:
            yield weights_in(source, self._members[WEIGHTS_H5])

    def files(self) -> tuple[File, ...]:
        """The archive."""
        return (File(self._path, self._size, "model"),)


class InFolder:
    """The files of a folder, as `save(..., zipped=False)` and an unpacked archive have them."""

    __slots__ = ("_path",)
    kind = "folder"

    def __init__(self, path: str) -> None:
        self._path = path

    def has(self, name: str) -> bool:
        """Whether there is a file of this name."""
        return os.path.isfile(os.path.join(self._path, name))

    def read(self, name: str) -> bytes:
        """A small file.

        Raises:
            ScopecliError: it cannot be read, or is not small.
        """
        with Source(os.path.join(self._path, name)) as source:
            if source.size > MAX_JSON:
                raise UnsupportedError(f"has {source.size} bytes", path=source.name)
            return source.read(0, source.size)

    @contextmanager
    def weights(self) -> Iterator[Content]:
        """The HDF5 file of the weights.

        Raises:
            ScopecliError: it cannot be read.
        """
        with Source(os.path.join(self._path, WEIGHTS_H5)) as source:
            yield hdf5_structure.content_of(source)

    def files(self) -> tuple[File, ...]:
        """Those that are a part of the model."""
        roles = {WEIGHTS_H5: "model", CONFIG: "config", METADATA: "config"}
        paths = {os.path.join(self._path, name): role for name, role in roles.items()}
        return tuple(
            File(path, os.path.getsize(path), role)
            for path, role in paths.items()
            if os.path.isfile(path)
        )


def of(path: str) -> Parts:
    """The parts of the model at a path.

    Raises:
        ScopecliError: it is an archive that cannot be read.
    """
    return InFolder(path) if os.path.isdir(path) else InArchive(path)


def members_of(source: Source) -> dict[str, zipdir.Member]:
    """An archive's members by name, each of which must be there once.

    Readers differ in which of two they take, so that a file can show one model to a checker and
    another to the one who loads it.

    Raises:
        DamagedFileError: one is there twice, or the directory cannot be read.
    """
    members = zipdir.members(source)
    for name in zipdir.duplicates(members):
        raise DuplicateNameError(f"has two members called {name}", path=source.name)
    return {member.name: member for member in members}


def weights_in(source: Source, member: zipdir.Member) -> Content:
    """The weights in an archive: in place, or in memory where somebody has compressed them.

    Raises:
        ScopecliError: they cannot be read.
    """
    if member.method == zipdir.STORED:
        return hdf5_structure.content_of(zipdir.open_member(source, member))
    zipdir.refuse_bomb(source, member)
    data = zipdir.read_member(source, member, MAX_UNPACKED)
    place = Place(os.path.basename(source.path), None)
    return Content(InMemory(data, f"{source.name}:{WEIGHTS_H5}"), place)
