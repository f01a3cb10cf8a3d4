"""Format `npz`: a zip archive of `.npy` files, as `numpy.savez` and `savez_compressed` write it.

Names are scopes at `/` where any has one (as Flax and TensorFlow write them), else at `.`, as
PyTorch does. The zip's checksum of a member is of the array with its header, so it can be compared
where dtype, shape, order and length of the header are the same, which is to say the header is.
"""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING

from scopecli.binary import member_bytes, zipdir
from scopecli.binary.source import Source
from scopecli.formats.numpy import arrays as numpy_arrays
from scopecli.formats.numpy import npy_header
from scopecli.formats.numpy.npy_values import Array, NpyTensors
from scopecli.formats.some_notes import some
from scopecli.model.model import File, Model, Note
from scopecli.model.names import separator_of
from scopecli.model.variable import Checksum, StoredAt

if TYPE_CHECKING:
    from scopecli.model.variable import Storage, Variable

FORMAT = "npz"
SUFFIX = ".npy"


def read(path: str) -> Model:
    """Read the headers of all arrays.

    Raises:
        ScopecliError: whatever is wrong with the file.
    """
    arrays: dict[str, Array] = {}
    variables: dict[str, Variable] = {}
    notes: list[Note] = []
    shard = os.path.basename(path)
    with Source(path) as source:
        members = zipdir.members(source)
        for name in zipdir.duplicates(members):
            message = "is in the archive more than once: the last one counts, as for numpy"
            notes.append(Note("duplicate-key", message, name.removesuffix(SUFFIX)))
        for member in {member.name: member for member in members}.values():
            if not member.name.endswith(SUFFIX):
                notes.append(Note("not-an-array", "is not a .npy file", member.name))
                continue
            key = member.name.removesuffix(SUFFIX)
            arrays[key], begin = _array(source, member)
            storage = _storage(member, shard, arrays[key].header, begin)
            variables[key] = numpy_arrays.variable(key, arrays[key], storage)
            notes += numpy_arrays.notes(key, arrays[key])
        size = source.size
    return Model(
        path=path,
        format=FORMAT,
        variables=list(variables.values()),
        separator=separator_of(variables),
        metadata={"compressed": any(member.method != zipdir.STORED for member in members)},
        notes=some(notes),
        files=(File(path, size, "model"),),
        tensors=NpyTensors(arrays),
    )


def _array(source: Source, member: zipdir.Member) -> tuple[Array, int | None]:
    """A member, and where its values begin in the file; a compressed one has no plain run."""
    if member.method == zipdir.STORED:  # the header is read from the file that is open already
        window = zipdir.open_member(source, member)
        header = npy_header.read(window)
        return Array(header, member_bytes.PlainBytes(window)), window.base + header.start
    data = member_bytes.of_member(source, member)
    array = Array(npy_header.read(data), data)
    data.close()
    return array, None


def _storage(
    member: zipdir.Member, shard: str, header: npy_header.ArrayHeader, begin: int | None
) -> Storage:
    kind = _checksum_kind("F" if header.fortran_order else "C", header.start)
    length = member.compressed_size if begin is None else member.size - header.start
    return StoredAt(shard, begin, length, Checksum(kind, member.crc))


@lru_cache  # an archive has one for nearly all of its members
def _checksum_kind(order: str, start: int) -> str:
    return f"crc32-npy-{order}{start}"
