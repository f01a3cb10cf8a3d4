"""A changed copy of an HDF5 file: the file with some pages replaced, or one made anew.

Made anew where something was dropped: libhdf5 gives no space back inside a file.
"""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

from scopecli.binary.hdf5.reader import Place
from scopecli.binary.source import Source
from scopecli.errors import PathError, UnsupportedError
from scopecli.formats.hdf5 import file as hdf5_file
from scopecli.formats.hdf5.file import translated
from scopecli.formats.hdf5.overlay import Overlay

import numpy as np  # isort: skip
from h5py import h5a, h5f, h5fd, h5g, h5o, h5p  # isort: skip - after plugins are off

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from scopecli.binary.readable import Readable
    from scopecli.formats.hdf5.file import Hdf5File

    Edit = Callable[[Hdf5File], None]

_PIECE = 1 << 20
_MOVED_ROOT = b".scopecli-root"


def edited_copy(path: str, target: str, edit: Edit) -> None:
    """Copy a file and change the copy.

    Raises:
        ScopecliError: the file cannot be changed, or the copy not written.
    """
    with Source(path) as source:
        overlay = edited(source, edit)
        with writing(target):
            shutil.copyfile(path, target)
            with open(target, "r+b") as copy:
                for offset, data in overlay.changes():
                    copy.seek(offset)
                    copy.write(data)
                copy.truncate(overlay.size)


def smaller_copy(path: str, target: str, edit: Edit) -> None:
    """Write what a change leaves of a file, without the space that the rest took.

    Raises:
        ScopecliError: as `edited_copy`.
    """
    with Source(path) as source, writing(target), open(target, "w+b") as copy:
        rebuild(source, copy, edit)


def edited(content: Readable, edit: Edit) -> Overlay:
    """The bytes of a file, changed.

    Raises:
        ScopecliError: the file cannot be changed.
    """
    overlay = Overlay(content)
    with hdf5_file.opened_content(overlay, _place(content)) as file:
        edit(file)
    return overlay


def rebuild(content: Readable, target: IO[bytes], edit: Edit) -> None:
    """Change a file, and write all that its root then leads to into a new one.

    Raises:
        ScopecliError: the file cannot be changed, or the copy not written.
    """
    with hdf5_file.opened_content(Overlay(content), _place(content)) as file:
        edit(file)
        with translated(file.name):
            creation = file.file_id.get_create_plist()
            with _created(target, file.name, creation) as new:
                _copy_all(file, new)
        start = creation.get_userblock()
    if start:
        target.seek(0)
        target.write(content.read(0, start))


def _place(content: Readable) -> Place:
    return Place(os.path.basename(content.name), None)


@contextmanager
def _created(target: IO[bytes], name: str, creation: Any) -> Iterator[Any]:
    """A new file with the properties of another, and no newer than it."""
    access = h5p.create(h5p.FILE_ACCESS)
    access.set_fclose_degree(h5f.CLOSE_STRONG)
    access.set_fileobj_driver(h5fd.fileobj_driver, target)
    lowest = (h5f.LIBVER_EARLIEST, h5f.LIBVER_EARLIEST, h5f.LIBVER_V18, h5f.LIBVER_V110)
    access.set_libver_bounds(lowest[min(creation.get_version()[0], 3)], h5f.LIBVER_LATEST)
    new = h5f.create(os.fsencode(name), h5f.ACC_TRUNC, creation, access)
    try:
        yield new
    finally:
        new.close()


def _copy_all(file: Hdf5File, new: Any) -> None:
    """Copy the root in one go, so that hard links and references inside stay what they are."""
    root = h5g.open(new, b"/")
    properties = h5p.create(h5p.OBJECT_COPY)
    properties.set_copy_object(h5o.COPY_EXPAND_REFERENCE_FLAG)
    h5o.copy(file.group(""), b".", root, _MOVED_ROOT, properties)
    if root.get_num_objs() > 1:  # libhdf5 found something else through a reference
        raise UnsupportedError(
            "has references to what would be dropped",
            path=file.name,
            hint="drop what holds the references, too",
        )
    moved = h5g.open(root, _MOVED_ROOT)
    names: list[bytes] = []
    moved.links.iterate(names.append)
    for name in names:
        link = h5p.create(h5p.LINK_CREATE)
        link.set_char_encoding(moved.links.get_info(name).cset)
        moved.links.move(name, root, name, link)
    for number in range(h5a.get_num_attrs(moved)):
        attribute = h5a.open(moved, index=number)
        space, kind = attribute.get_space(), attribute.get_type()
        copy = h5a.create(root, attribute.name, kind, space)
        if attribute.shape is not None and attribute.get_storage_size():
            values = np.empty(attribute.shape, attribute.dtype)
            attribute.read(values)
            copy.write(values)
    root.unlink(_MOVED_ROOT)


@contextmanager
def writing(target: str) -> Iterator[None]:
    """Turn what the system says of writing into a `ScopecliError`.

    Raises:
        PathError: the target cannot be written.
    """
    try:
        yield
    except OSError as error:
        raise PathError(f"cannot be written: {error.strerror or error}", path=target) from error
