"""Format `npz`: a zip archive of `.npy` files, as `numpy.savez` and `savez_compressed` write it.

Names are scopes at `/` where any has one (as Flax and TensorFlow write them), else at `.`, as
PyTorch does. The zip's checksum of a member is of the array with its header, so equal ones mean
equal arrays; different ones may still mean the same values under another header.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from scopecli.binary import member_bytes, zipdir
from scopecli.binary.source import Source
from scopecli.formats import npy, npy_header
from scopecli.formats.npy_values import Array, NpyTensors
from scopecli.model.model import File, Model, Note
from scopecli.model.variable import Checksum, StoredAt

if TYPE_CHECKING:
    from scopecli.model.variable import Storage, Variable

FORMAT = "npz"
SUFFIX = ".npy"
CHECKSUM_KIND = "crc32-npy"


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
                notes.append(Note("not-an-array", "is no .npy file", member.name))
                continue
            key = member.name.removesuffix(SUFFIX)
            data = member_bytes.of_member(source, member)
            arrays[key] = Array(npy_header.read(data), data)
            storage = _storage(source, member, shard, arrays[key])
            variables[key] = npy.variable(key, arrays[key], storage)
            notes += npy.notes(key, arrays[key])
        size = source.size
    return Model(
        path=path,
        format=FORMAT,
        variables=list(variables.values()),
        separator="/" if any("/" in key for key in variables) else ".",
        metadata={"compressed": any(member.method != zipdir.STORED for member in members)},
        notes=notes,
        files=(File(path, size, "model"),),
        tensors=NpyTensors(arrays),
    )


def _storage(source: Source, member: zipdir.Member, shard: str, array: Array) -> Storage:
    """Where a member's values are; a compressed one has no plain run of them."""
    checksum = Checksum(CHECKSUM_KIND, member.crc)
    if member.method != zipdir.STORED:
        return StoredAt(shard, None, member.compressed_size, checksum)
    begin = source.base + zipdir.data_offset(source, member) + array.header.start
    return StoredAt(shard, begin, member.size - array.header.start, checksum)
