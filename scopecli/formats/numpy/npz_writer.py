"""npz archives under new names: the same members, called otherwise.

A member's bytes are those of the old one, header and all, so its checksum stays. A deflated one is
unpacked, verified and deflated again.
"""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

from scopecli.binary import member_bytes, zipdir
from scopecli.binary.source import Source
from scopecli.errors import UnsupportedError
from scopecli.formats.numpy.npz import SUFFIX
from scopecli.model.renaming import Subject

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scopecli.formats.staging import Staging
    from scopecli.model.model import Model
    from scopecli.model.renaming import Renaming

_CHUNK = 4 << 20
_LONGEST = 0xFFFF - len(SUFFIX)  # bytes, of a name in a zip archive


def subjects(model: Model) -> Sequence[Subject]:
    """The names of the arrays."""
    return [Subject(variable.key, variable.kind) for variable in model.variables]


def complaints(names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Names that no member can have."""
    for name in names:
        if "\0" in name:
            yield name, "has a zero in it, which a name in an archive cannot have"
        elif len(name.encode("utf-8", "surrogateescape")) > _LONGEST:
            yield name, "is longer than a name in an archive can be"


def write(model: Model, renaming: Renaming, out: str, staging: Staging) -> None:
    """Write the renamed archive.

    Raises:
        UnsupportedError: values and names are in one file, so data cannot be linked; or a name is
            no UTF-8.
        ScopecliError: the archive is damaged, or the target cannot be written.
    """
    staging.refuse_to_share(model.path)
    (archive,) = model.files
    with Source(archive.path) as source, zipfile.ZipFile(staging.create(out), "w") as new:
        for member in {member.name: member for member in zipdir.members(source)}.values():
            key = member.name.removesuffix(SUFFIX)
            if key in renaming.drops:
                continue
            name = renaming.of(key) + SUFFIX if member.name.endswith(SUFFIX) else member.name
            _copy(source, member, name, new, staging)


def _copy(
    source: Source, member: zipdir.Member, name: str, new: zipfile.ZipFile, staging: Staging
) -> None:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError as error:
        raise UnsupportedError("is not UTF-8", path=source.name, where=member.name) from error
    entry = zipfile.ZipInfo(name)
    entry.compress_type = member.method
    entry.external_attr = 0o600 << 16  # as numpy's members have it
    data = member_bytes.of_member(source, member)
    with new.open(entry, "w", force_zip64=True) as file:
        for begin in range(0, data.size, _CHUNK):
            chunk = data.read(begin, min(_CHUNK, data.size - begin))
            file.write(chunk)
            staging.advance(len(chunk))
    data.close()
