"""The superblock of an HDF5 file: where its structures begin.

https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html, section II.A.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from scopecli.binary.hdf5.pages import CHECKSUM, UNDEFINED, LibraryNeededError
from scopecli.errors import DamagedFileError, NotAModelError, TruncatedError
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from scopecli.binary.readable import Readable

MAGIC = b"\x89HDF\r\n\x1a\n"
_FIRST_USER_BLOCK = 512
_LARGEST = 128  # bytes that are looked at; version 1 with its root entry has 100

# Versions of superblock, free space, root group entry; reserved; of shared headers; sizes of
# offsets and lengths; reserved; two of a B-tree; flags. Then, in version 1 only, one more B-tree.
_FIXED_0 = struct.Struct("<8s8B2HI")
_EXTRA_1 = 4
_SIZES = (8, 8)  # bytes of offsets and of lengths
# Base, free space, end of file, driver information; root group: name, header.
_ADDRESSES_0 = struct.Struct("<6Q")
# Version, sizes, flags; base, extension, end of file, root group; checksum.
_FIELDS_2 = struct.Struct("<8s4B4QI")
_SIZES_2, _ADDRESSES_2 = 9, 12  # where they are


class Superblock(NamedTuple):
    """What it says.

    Attributes:
        version: its own.
        user_block: bytes in front of it.
        root: address of the root group's header.
        extension: that of a header which says more; `UNDEFINED` where there is none.
    """

    version: int
    user_block: int
    root: int
    extension: int


def read(content: Readable) -> Superblock:
    """Find and read the superblock.

    Raises:
        NotAModelError: there is none.
        DamagedFileError: its checksum is wrong, or the file is shorter than it says.
        LibraryNeededError: it says something that is not read here.
    """
    at = _find(content)
    data = content.read(at, min(_LARGEST, content.size - at))
    version = data[8] if len(data) > 8 else -1
    extension = UNDEFINED
    if version in (0, 1):
        base, root, end, unusual = _version_0(data, version)
    elif version in (2, 3):
        base, root, end, extension, unusual = _version_2(data, content.name, at)
    else:
        raise LibraryNeededError
    if base != at or unusual:
        raise LibraryNeededError
    if content.size < end:
        problem = f"truncated: has {content.size} bytes of {end}"
        raise TruncatedError(problem, path=content.name, hint="copy the file again")
    return Superblock(version, at, root, extension)


def _find(content: Readable) -> int:
    at = 0
    while at + len(MAGIC) <= content.size:
        if content.read(at, len(MAGIC)) == MAGIC:
            return at
        at = at * 2 or _FIRST_USER_BLOCK
    raise NotAModelError("is not an HDF5 file", path=content.name)


def _version_0(data: bytes, version: int) -> tuple[int, int, int, bool]:
    """Base, root, end, and whether there is anything unusual."""
    addresses = _FIXED_0.size + _EXTRA_1 * version
    if len(data) < addresses + _ADDRESSES_0.size:
        raise LibraryNeededError
    fields = _FIXED_0.unpack_from(data)
    sizes, versions, flags = fields[6:8], (*fields[2:4], fields[5]), fields[-1]
    base, _, end, driver, _, root = _ADDRESSES_0.unpack_from(data, addresses)
    unusual = sizes != _SIZES or any(versions) or bool(flags) or driver != UNDEFINED
    return base, root, end, unusual


def _version_2(data: bytes, name: str, at: int) -> tuple[int, int, int, int, bool]:
    """Base, root, end, extension, and whether there is anything unusual."""
    from scopecli.binary.hdf5.checksum import lookup3

    if len(data) < _FIELDS_2.size:
        raise LibraryNeededError
    end = _ADDRESSES_2 + 4 * data[_SIZES_2]
    checksum = data[end : end + CHECKSUM]
    if lookup3(data[:end]) != int.from_bytes(checksum, "little") and len(checksum) == CHECKSUM:
        raise DamagedFileError(
            "has a superblock with another checksum than it says",
            path=name,
            where=f"offset {at}",
            hint="the file is damaged: copy it again",
        )
    fields = _FIELDS_2.unpack_from(data)
    if fields[2:4] != _SIZES:  # nothing is where these fields are
        raise LibraryNeededError
    flags = fields[4]
    base, extension, end, root = fields[5:9]
    # A flag says that the file is open for writing, or was when its writer was stopped.
    return base, root, end, extension, bool(flags)
