"""Whether files hold the bytes that their checksums are of, read in parts."""

from __future__ import annotations

import os
import zlib
from typing import TYPE_CHECKING

from scopecli.binary import member_bytes, zipdir
from scopecli.binary.source import Source
from scopecli.errors import ScopecliError
from scopecli.formats.tensorflow.checkpoints import bundle_checks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from scopecli.model.model import Model

# The formats that are zip archives, or may be.
_ARCHIVES = frozenset({"keras-v3", "npz", "torch"})
_ZIP = b"PK"
_CHUNK_BYTES = 4 << 20


def bytes_to_read(model: Model) -> int:
    """How much `mismatches` will read."""
    if bundle_checks.is_bundle(model):
        return sum(file.size or 0 for file in model.files if file.role == "data")
    total = 0
    for path in _archives(model):
        with Source(path) as source:
            total += sum(member.size for member in _checked(source, model))
    return total


def mismatches(model: Model, progress: Callable[[int], None]) -> Iterator[tuple[str, str]]:
    """What does not have the bytes that its checksum is of, and what is wrong with it.

    Nothing of a format whose values have no checksums. `progress` gets the bytes of each step.
    """
    if bundle_checks.is_bundle(model):
        yield from bundle_checks.mismatches(model, progress)
    for path in _archives(model):
        with Source(path) as source:
            for member in _checked(source, model):
                problem = _problem(source, member, progress)
                if problem:
                    subjects = _variables(model, source, member) or [member.name]
                    yield from ((subject, problem) for subject in subjects)


def _archives(model: Model) -> Iterator[str]:
    """The files of a model that are zip archives."""
    if model.format in _ARCHIVES:
        for file in model.files:
            if file.size:
                with Source(file.path) as source:
                    is_zip = source.head(len(_ZIP)) == _ZIP
                if is_zip:
                    yield file.path


def _checked(source: Source, model: Model) -> Iterator[zipdir.Member]:
    """The members with a checksum, which PyTorch can be told to leave out."""
    for member in zipdir.members(source):
        if member.crc or model.format != "torch":
            yield member


def _variables(model: Model, source: Source, member: zipdir.Member) -> list[str]:
    """The variables whose values a member of one of PyTorch's archives has."""
    if model.format != "torch":
        return []
    try:
        begin = zipdir.data_offset(source, member)
    except ScopecliError:
        return []
    shard, end = os.path.basename(source.path), begin + member.compressed_size
    return [
        variable.name
        for variable in model.variables
        if variable.storage is not None
        and variable.storage.shard == shard
        and variable.storage.offset in range(begin, end)
    ]


def _problem(source: Source, member: zipdir.Member, progress: Callable[[int], None]) -> str:
    """What is wrong with a member of an archive, or nothing."""
    found = 0
    try:
        data = member_bytes.of_member(source, member)
        for at in range(0, data.size, _CHUNK_BYTES):
            chunk = data.read(at, min(_CHUNK_BYTES, data.size - at))
            found = zlib.crc32(chunk, found)
            progress(len(chunk))
    except ScopecliError as error:
        return error.problem
    if found == member.crc:
        return ""
    return f"does not have the bytes that were saved: checksum {found:08x}, stored {member.crc:08x}"
