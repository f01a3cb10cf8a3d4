"""A copy of a zip archive in which some members have other bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.binary import zipdir
from scopecli.errors import DamagedFileError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from scopecli.binary.source import Source

_PIECE = 1 << 20
_MAX_UNPACKED = 1 << 30
# Beyond this a member's size needs the zip64 fields, which are written before the member is.
_MAX_PLAIN = 1 << 31


def copy(source: Source, target: str, replaced: Mapping[str, tuple[int, Iterable[bytes]]]) -> None:
    """Write the members in their order, with their times, permissions and compression.

    Args:
        source: the archive.
        target: path of the new one.
        replaced: for members that change, their new size and bytes.

    Raises:
        DamagedFileError: a member cannot be read.
        UnsupportedError: a member that is kept is encrypted, or compressed in another way.
    """
    import zipfile

    members = zipdir.members(source)
    try:
        with zipfile.ZipFile(source.path) as old:
            infos, comment = old.infolist(), old.comment
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise DamagedFileError(
            f"is not a readable zip archive: {error}", path=source.name
        ) from error
    if len(infos) != len(members):
        raise DamagedFileError("has two directories that contradict each other", path=source.name)
    with zipfile.ZipFile(target, "w") as new:
        new.comment = comment
        for member, info in zip(members, infos, strict=True):
            size, pieces = replaced.get(member.name) or (member.size, _pieces(source, member))
            permissions = info.external_attr
            info.file_size = size
            with new.open(info, "w", force_zip64=size >= _MAX_PLAIN) as writer:
                for piece in pieces:
                    writer.write(piece)
            info.external_attr = permissions  # zipfile sets what is 0


def _pieces(source: Source, member: zipdir.Member) -> Iterator[bytes]:
    """A member's bytes, as they are unpacked."""
    if member.method != zipdir.STORED:
        yield zipdir.read_member(source, member, _MAX_UNPACKED)
        return
    window = zipdir.open_member(source, member)
    for offset in range(0, window.size, _PIECE):
        yield window.read(offset, min(_PIECE, window.size - offset))
