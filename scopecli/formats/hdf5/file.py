"""One HDF5 file open in h5py: how it is opened, its groups and attributes.

h5py's low-level API is used throughout: it says what a link is before following it, and makes no
Python object of every group and dataset. Nothing outside the file is ever opened: soft and external
links are only read, virtual datasets and external storage only recognised, filter plugins are off.

Specification: https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html
"""

from __future__ import annotations

import os
import re
import threading
from contextlib import contextmanager
from math import prod
from typing import TYPE_CHECKING, Any

from scopecli.errors import (
    DamagedFileError,
    NotAModelError,
    PathError,
    ScopecliError,
    TruncatedError,
)

# Filter plugins are shared libraries, which a file can ask for by number. This must be set before
# libhdf5 is loaded: https://support.hdfgroup.org/documentation/hdf5/latest/_h5_p_l__u_g.html
os.environ.setdefault("HDF5_PLUGIN_PRELOAD", "::")
import numpy as np
from h5py import _objects, h5a, h5f, h5fd, h5g, h5i, h5l, h5o, h5p, h5s, h5t

from scopecli.formats.hdf5 import objects as hdf5_objects
from scopecli.formats.hdf5.driver import GuardedFile
from scopecli.formats.hdf5.names import decoded, encoded
from scopecli.formats.hdf5.overlay import Overlay, OverlayFile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.binary.hdf5.attributes import Value
    from scopecli.binary.hdf5.reader import Object, Place
    from scopecli.binary.readable import Readable

# Two threads in libhdf5 at once crash the process.
LIBRARY_LOCK = _objects.phil

_METADATA_CACHE = 1 << 18
# Who changes a file comes back to the same places.
_EDITING_CACHE = 1 << 24

_TROUBLE = (
    OSError,
    RuntimeError,
    LookupError,
    ValueError,
    TypeError,
    ArithmeticError,
    MemoryError,
    SystemError,
)
# h5py's message: `Unable to synchronously open file (truncated file: eof = 96, ...)`.
_DETAIL = re.compile(r"[^(]*\((.*)\)", re.DOTALL)
_TRUNCATED = re.compile(r"truncated file: eof = (\d+).*stored_eof = (\d+)")
_OTHER_LOCKING = "file locking flag values don't match"
_COPY_AGAIN = "the file is damaged: copy it again"


class Hdf5File:
    """An HDF5 file, which is opened when it is first needed.

    Attributes:
        name: how errors name it.
        size: bytes in the file.
        place: where it is.
    """

    __slots__ = ("_content", "_direct", "_guarded", "_turn", "_whole", "name", "place", "size")

    def __init__(self, content: Readable, place: Place, *, whole: bool = False) -> None:
        """Get ready to open a file.

        Args:
            content: its bytes; an `Overlay` is opened for changes.
            place: where they are.
            whole: whether they are all of a file on disk, so that libhdf5 can open it by itself.
        """
        self.name = content.name
        self.size = content.size
        self.place = place
        self._content = content
        self._whole = whole
        self._direct: Any = None
        self._guarded: Any = None
        self._turn = threading.Lock()

    @property
    def file_id(self) -> Any:
        """h5py's `FileID` for structure, which libhdf5 reads twice as fast by itself.

        Raises:
            NotAModelError: it is not HDF5.
            ScopecliError: it is damaged, or marked as open for writing.
        """
        if self._direct is None and self._whole:
            access = _access(_METADATA_CACHE)
            access.set_fapl_sec2()
            # No lock, which may need permission to write; and no plain failure where this process
            # has the file open with one.
            access.set_file_locking(False, True)  # noqa: FBT003
            try:
                self._direct = h5f.open(os.fsencode(self.name), h5f.ACC_RDONLY, access)
            except _TROUBLE as error:
                if _OTHER_LOCKING not in str(error):
                    raise _explained(error, self.name, None) from error
        return self._direct or self.guarded_id

    @property
    def guarded_id(self) -> Any:
        """A `FileID` for values and strings of variable length: see `driver`.

        Raises:
            ScopecliError: as `file_id`.
        """
        with self._turn:  # a second one would close what was opened through the first
            if self._guarded is None:
                self._guarded = self._open_guarded()
            return self._guarded

    def _open_guarded(self) -> Any:
        driver, flags, cache = GuardedFile(self._content), h5f.ACC_RDONLY, _METADATA_CACHE
        if isinstance(self._content, Overlay):
            driver, flags, cache = OverlayFile(self._content), h5f.ACC_RDWR, _EDITING_CACHE
        access = _access(cache)
        access.set_fileobj_driver(h5fd.fileobj_driver, driver)
        with translated(self.name):
            opened_id = h5f.open(os.fsencode(self.name), flags, access)
            driver.length_size = opened_id.get_create_plist().get_sizes()[1]
        return opened_id

    def read(self, offset: int, length: int) -> bytes:
        """Bytes of the file as they are, without libhdf5.

        Raises:
            ScopecliError: they are not there.
        """
        return self._content.read(offset, length)

    def close(self) -> None:
        """Close the file and all that was opened in it."""
        with translated(self.name):
            for file_id in filter(None, (self._direct, self._guarded)):
                file_id.close()

    def container(self) -> dict[str, object]:
        """Version of the superblock, and size of the user block where there is one."""
        with translated(self.name):
            creation = self.file_id.get_create_plist()
            facts: dict[str, object] = {"superblock": creation.get_version()[0]}
            if creation.get_userblock():
                facts["user_block"] = creation.get_userblock()
            return facts

    def group(self, path: str, below: Any = None) -> Any:
        """A group's `GroupID`, from the root or another; None where there is no such group.

        No link on the way is followed, unless it is a hard one.
        """
        with translated(self.name, path):
            group = h5g.open(self.file_id, b"/") if below is None else below
            for part in filter(None, encoded(path).split(b"/")):
                links = group.links
                if not links.exists(part) or links.get_info(part).type != h5l.TYPE_HARD:
                    return None
                group = h5o.open(group, part)
                if not isinstance(group, h5g.GroupID):
                    return None
            return group

    def dataset(self, path: str) -> Any:
        """What has the attributes of the dataset at a path; None where no hard link leads there."""
        around, _, name = path.rpartition("/")
        group = self.group(around)
        with translated(self.name, path):
            part = encoded(name)
            if group is None or not group.links.exists(part):
                return None
            is_hard = group.links.get_info(part).type == h5l.TYPE_HARD
            return h5o.open(group, part) if is_hard else None

    def inside(self, group: Any) -> Iterator[tuple[bytes, Any]]:
        """For each link of a group its name, and the group that it leads to, if it does."""
        with translated(self.name):
            names: list[bytes] = []
            group.links.iterate(names.append)
            for name in names:
                found = None
                if group.links.get_info(name).type == h5l.TYPE_HARD:
                    found = h5o.open(group, name)
                yield name, found if isinstance(found, h5g.GroupID) else None

    def objects(self) -> Iterator[Object]:
        """All datasets, and all links that are not followed, by path, depth first and by name."""
        with translated(self.name):
            yield from hdf5_objects.objects(h5g.open(self.file_id, b"/"), self.name)

    def has_attribute(self, owner: Any, name: str) -> bool:
        """Whether a group or dataset has an attribute."""
        with translated(self.name, f"attribute {name}"):
            return bool(h5a.exists(owner, name.encode()))

    def one_attribute(self, owner: Any, name: str) -> Value:
        """The value of an attribute that is there; None for an empty one or another type's.

        Raises:
            DamagedFileError: it cannot be read, or claims more bytes than the file has.
        """
        with translated(self.name, f"attribute {name}"):
            value: Value = self._read_attribute(owner, name)
            return value

    def _read_attribute(self, owner: Any, name: str) -> Any:
        attribute = h5a.open(owner, name.encode())
        if attribute.get_space().get_simple_extent_type() == h5s.NULL:
            return None
        kind = attribute.get_type()
        claimed = prod(attribute.shape) * kind.get_size()
        if claimed > self.size:
            raise TruncatedError(
                f"claims {claimed} bytes, and the file has {self.size}",
                path=self.name,
                where=f"attribute {name}",
            )
        if kind.get_class() not in {h5t.STRING, h5t.INTEGER, h5t.FLOAT}:
            return None
        if kind.get_class() == h5t.STRING and kind.is_variable_str():
            owner = h5o.open(self.guarded_id, h5i.get_name(owner))
            attribute = h5a.open(owner, name.encode())
        values = np.empty(attribute.shape, attribute.dtype)
        attribute.read(values)
        plain = [_text(value) for value in values.ravel().tolist()]
        return plain if values.shape else plain[0]


def _access(cache_size: int) -> Any:
    access = h5p.create(h5p.FILE_ACCESS)
    access.set_fclose_degree(h5f.CLOSE_STRONG)
    # libhdf5 would let its cache of metadata grow to 32 MB, and hardly anything is read twice.
    cache = access.get_mdc_config()
    cache.set_initial_size = True
    cache.initial_size = cache.min_size = cache.max_size = cache_size
    access.set_mdc_config(cache)
    # What is new in a changed file can be read by all that could read the file: libhdf5 2.0 would
    # otherwise use what version 1.8 brought.
    access.set_libver_bounds(h5f.LIBVER_EARLIEST, h5f.LIBVER_LATEST)
    return access


@contextmanager
def opened_content(content: Readable, place: Place, *, whole: bool = False) -> Iterator[Hdf5File]:
    """A file in any bytes; an `Overlay` has the changes when the file is closed."""
    file = Hdf5File(content, place, whole=whole)
    try:
        yield file
    finally:
        file.close()


@contextmanager
def translated(name: str, where: str | None = None) -> Iterator[None]:
    """Turn whatever h5py raises into a `ScopecliError`: the one place that knows its exceptions."""
    try:
        yield
    except ScopecliError:
        raise
    except _TROUBLE as error:
        raise _explained(error, name, where) from error


def _explained(error: BaseException, name: str, where: str | None) -> ScopecliError:
    """What h5py's message means for the one who opened the file."""
    message = str(error)
    truncated = _TRUNCATED.search(message)
    if truncated:
        problem = f"truncated: has {truncated[1]} bytes of {truncated[2]}"
        return TruncatedError(problem, path=name, hint="copy the file again")
    if "file signature not found" in message:
        return NotAModelError("is not an HDF5 file", path=name)
    if "already open for write" in message or "file consistency flags" in message:
        return DamagedFileError(
            "is marked as open for writing: its writer is still running or was stopped",
            path=name,
            hint=f"if it was stopped, clear the mark with `h5clear -s {name}`",
        )
    if isinstance(error, (PermissionError, FileNotFoundError)):
        return PathError(f"cannot be opened: {error.strerror or 'no such file'}", path=name)
    if isinstance(error, MemoryError):
        return DamagedFileError("asks for more memory than there is", path=name, where=where)
    detail = _DETAIL.fullmatch(message)
    words = " ".join((detail[1] if detail else message).split())
    problem = f"libhdf5 cannot read it: {words or type(error).__name__}"
    return DamagedFileError(problem, path=name, where=where, hint=_COPY_AGAIN)


def _text(value: object) -> object:
    return decoded(value) if isinstance(value, bytes) else value
