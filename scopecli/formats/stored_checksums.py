"""Whether files hold the bytes that their checksums are of, read in parts."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from scopecli.binary import member_bytes, zipdir
from scopecli.binary.source import Source
from scopecli.errors import ScopecliError
from scopecli.formats import tf_bundle_checks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from scopecli.model.model import Model

# The formats that are zip archives.
_ARCHIVES = frozenset({"keras-v3", "npz"})
_CHUNK_BYTES = 4 << 20


def bytes_to_read(model: Model) -> int:
    """How much `mismatches` will read."""
    if tf_bundle_checks.is_bundle(model):
        return sum(file.size or 0 for file in model.files if file.role == "data")
    if model.format not in _ARCHIVES:
        return 0
    with Source(model.files[0].path) as source:
        return sum(member.size for member in zipdir.members(source))


def mismatches(model: Model, progress: Callable[[int], None]) -> Iterator[tuple[str, str]]:
    """What does not have the bytes that its checksum is of, and what is wrong with it.

    Nothing of a format whose values have no checksums. `progress` gets the bytes of each step.
    """
    if tf_bundle_checks.is_bundle(model):
        yield from tf_bundle_checks.mismatches(model, progress)
    elif model.format in _ARCHIVES:
        with Source(model.files[0].path) as source:
            for member in zipdir.members(source):
                problem = _problem(source, member, progress)
                if problem:
                    yield member.name, problem


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
