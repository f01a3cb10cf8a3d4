"""Zip archives: another number in a record, or another member."""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from typing import TYPE_CHECKING

from tests.fuzz.mutators.numbers import number

if TYPE_CHECKING:
    from random import Random

    from tests.fuzz.mutators import Mutator


# Where the numbers of a zip archive stand behind the signature of a record: (offset, width).
# https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
_ZIP_FIELDS = {
    b"PK\x03\x04": ((4, 2), (6, 2), (8, 2), (14, 4), (18, 4), (22, 4), (26, 2), (28, 2)),
    b"PK\x01\x02": (
        *((6, 2), (8, 2), (10, 2), (16, 4), (20, 4), (24, 4), (28, 2), (30, 2), (32, 2)),
        *((34, 2), (38, 4), (42, 4)),
    ),
    b"PK\x05\x06": ((4, 2), (6, 2), (8, 2), (10, 2), (12, 4), (16, 4), (20, 2)),
    b"PK\x06\x06": ((4, 8), (12, 2), (14, 2), (16, 4), (20, 4), (24, 8), (32, 8), (40, 8), (48, 8)),
    b"PK\x06\x07": ((4, 4), (8, 8), (16, 4)),
}


def records(data: bytes, random: Random) -> bytes:
    """Another count, size, offset, flag or name length in one record of an archive."""
    found = list(re.finditer(rb"PK(?:\x03\x04|\x01\x02|\x05\x06|\x06\x06|\x06\x07)", data))
    if not found:
        return data
    record = random.choice(found)
    offset, width = random.choice(_ZIP_FIELDS[record[0]])
    at = record.start() + offset
    value = int.from_bytes(data[at : at + width], "little")
    changed = number(value, len(data), random) % (1 << 8 * width)
    return data[:at] + changed.to_bytes(width, "little") + data[at + width :]


def member(pattern: str, mutator: Mutator) -> Mutator:
    """Change what a member holds, in an archive that is well formed in every other way."""

    def mutate(data: bytes, random: Random) -> bytes:
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                members = [(info.filename, archive.read(info)) for info in archive.infolist()]
        except Exception:  # noqa: BLE001 - whatever zipfile says of what is no archive any more
            return data
        chosen = [i for i, (name, _) in enumerate(members) if re.search(pattern, name)]
        if not chosen:
            return data
        i = random.choice(chosen)
        name, contents = members[i]
        members[i] = (name, mutator(contents, random))
        out = io.BytesIO()
        method = random.choice((zipfile.ZIP_STORED, zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
        with warnings.catch_warnings(), zipfile.ZipFile(out, "w", method) as archive:
            warnings.simplefilter("ignore")  # of a name that is there twice
            for name, contents in members:
                archive.writestr(zipfile.ZipInfo(name), contents, method)
        return out.getvalue()

    return mutate
