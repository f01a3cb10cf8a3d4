"""HDF5: one field of a heap, of a B-tree, of an index of chunks or of an object's header.

Checksums are left as they are: what is reached behind them is what the target makes of it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.fuzz.mutators.numbers import number

if TYPE_CHECKING:
    from random import Random

# Bytes in each field behind the magic; the last ones are there again and again.
_FIELDS: dict[bytes, tuple[tuple[int, ...], tuple[int, ...]]] = {
    b"FRHP": (
        (1, 2, 2, 1, 4, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 2, 8, 8, 2, 2, 8, 2),
        (1,),
    ),
    b"FHIB": ((1, 8, 4), (8,)),
    b"FHDB": ((1, 8, 4, 4), (1,)),
    b"BTHD": ((1, 1, 4, 2, 2, 1, 1, 8, 2, 8), (1,)),
    b"BTIN": ((1, 1), (4, 1, 4, 2)),
    b"BTLF": ((1, 1), (4, 1, 4, 2)),
    b"FAHD": ((1, 1, 1, 1, 8, 8), (1,)),
    b"FADB": ((1, 1, 8), (8,)),
    b"EAHD": ((1, 1, 1, 1, 1, 1, 1, 1, 8, 8, 8, 8, 8, 8, 8), (1,)),
    b"EAIB": ((1, 1, 8), (8,)),
    b"EASB": ((1, 1, 8, 4), (8,)),
    b"EADB": ((1, 1, 8, 4), (8,)),
    b"OHDR": ((1, 1, 1), (1, 2, 1, 1, 1, 8, 8)),
    b"OCHK": ((), (1, 2, 1, 1, 1, 8, 8)),
    b"TREE": ((1, 1, 2, 8, 8), (8, 8)),
    b"SNOD": ((1, 1, 2), (8, 8, 4, 4, 8, 8)),
}
_MAGIC = re.compile(b"|".join(_FIELDS))
_MOST_REPEATED = 12


def field(data: bytes, random: Random) -> bytes:
    """Another number in a field, or where it leads to: to any structure that there is."""
    places = [match.start() for match in _MAGIC.finditer(data)]
    if not places:
        return data
    start = random.choice(places)
    once, repeated = _FIELDS[data[start : start + 4]]
    widths = (*once, *repeated * random.randrange(_MOST_REPEATED))
    chosen = random.randrange(len(widths)) if widths else 0
    width = (widths or (1,))[chosen]
    at = start + 4 + sum(widths[:chosen])
    value = int.from_bytes(data[at : at + width], "little")
    changed = number(value, len(data), random)
    if width == 8 and random.random() < 0.6:
        changed = random.choice(places)
    elif random.random() < 0.2:
        changed = value ^ 1 << random.randrange(8 * width)
    return data[:at] + (changed % (1 << 8 * width)).to_bytes(width, "little") + data[at + width :]
