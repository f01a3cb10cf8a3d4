"""The structure of an HDF5 file: groups, datasets and attributes, whoever reads them.

Our own reader is asked first, which needs no h5py, and h5py where that one gives up. Who wants to
know something passes a function that asks for it, and need not know which of the two answers.
"""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

from scopecli.binary.hdf5.pages import LibraryNeededError
from scopecli.binary.hdf5.reader import Hdf5Reader, Place
from scopecli.binary.source import Source
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from scopecli.binary.readable import Readable
    from scopecli.formats.hdf5.file import Hdf5File
    from scopecli.formats.hdf5.protocol import Described, Structure

Answer = TypeVar("Answer")

_MAX_ATTRIBUTE_PARTS = 10_000
_MAX_PROBED = 1000


class Content(NamedTuple):
    """The bytes of an HDF5 file, and where they are.

    Attributes:
        data: the bytes.
        place: where they are.
        whole: whether they are all of a file on disk, so that libhdf5 can open it by itself.
    """

    data: Readable
    place: Place
    whole: bool = False


def content_of(source: Source) -> Content:
    """A file, or a part of one in place."""
    place = Place(os.path.basename(source.path), source.base)
    return Content(source, place, whole=source.name == source.path)


def described(content: Content, describe: Callable[[Structure], Answer]) -> Answer:
    """What a function finds out about a file.

    Raises:
        ScopecliError: whatever is wrong with the file.
    """
    try:
        return describe(Hdf5Reader(content.data, content.place))
    except LibraryNeededError:
        with suppress(LibraryNeededError):
            Hdf5Reader(content.data, content.place).check_heaps()
        with opened(content) as file:
            return describe(file)


def read(path: str, describe: Callable[[Structure], Answer]) -> Answer:
    """What a function finds out about the file at a path.

    Raises:
        ScopecliError: whatever is wrong with the file.
    """
    with Source(path) as source:
        return described(content_of(source), describe)


@contextmanager
def opened(content: Content) -> Iterator[Hdf5File]:
    """A file through h5py, which is imported only now: for its values, and for what is odd."""
    from scopecli.formats.hdf5 import file as hdf5_file

    with hdf5_file.opened_content(content.data, content.place, whole=content.whole) as file:
        yield file


@contextmanager
def opened_path(path: str) -> Iterator[Hdf5File]:
    """The file at a path through h5py."""
    with Source(path) as source, opened(content_of(source)) as file:
        yield file


def attribute(file: Described, owner: Any, name: str) -> Any:
    """An attribute as `str`, `int`, `float`, a list of those, or None.

    None stands for an absent one, an empty one, and one of another type. One that is split into
    `name0`, `name1`, ... because of HDF5's limit of 64 kB is put together:
    `keras/src/legacy/saving/legacy_h5_format.py`, `load_attributes_from_hdf5_group`.

    Raises:
        DamagedFileError: it cannot be read, or claims more bytes than the file has.
    """
    if file.has_attribute(owner, name):
        return file.one_attribute(owner, name)
    parts: list[object] = []
    for number in range(_MAX_ATTRIBUTE_PARTS):
        if not file.has_attribute(owner, f"{name}{number}"):
            break
        part = file.one_attribute(owner, f"{name}{number}")
        parts += part if isinstance(part, list) else [part]
    return parts or None


def strings(file: Structure, owner: Any, name: str) -> list[str]:
    """An attribute's strings; none where it is absent or of another type."""
    value = attribute(file, owner, name)
    items = value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, str)]


# Attributes and groups by which Keras's files are known, each as the version wrote them:
# `keras/engine/topology.py` (1.x, 2.x: layer_names), `keras/models.py` (0.x: nb_layers).
_KERAS_ATTRIBUTES = ("layer_names", "layer_names0", "nb_layers", "model_config")
# What `keras/src/saving/saving_lib.py` calls the group of a layer's own variables (Keras 3).
_KERAS3_VARS = b"vars"


def identify(source: Source) -> str:
    """`keras-h5`, `keras-weights-h5` or `hdf5`, by what attributes and groups say.

    Raises:
        ScopecliError: it is no HDF5 file, damaged, or marked as open for writing.
    """
    return described(content_of(source), _kind)


def _kind(file: Structure) -> str:
    root = file.group("")
    for group in (root, file.group("model_weights")):
        if group is not None and any(file.has_attribute(group, n) for n in _KERAS_ATTRIBUTES):
            return "keras-h5"
    return "keras-weights-h5" if _has_vars(file, root) else "hdf5"


def _has_vars(file: Structure, root: Any) -> bool:
    """Whether a group holds variables as Keras 3 writes them: they are near any path's end."""
    pending, entered = [root], {root}
    probed = 0
    while pending:
        for name, group in file.inside(pending.pop()):
            probed += 1
            if probed > _MAX_PROBED:
                return False
            if group is not None:
                if name == _KERAS3_VARS:
                    return True
                if group not in entered:  # links may lead back
                    entered.add(group)
                    pending.append(group)
    return False
