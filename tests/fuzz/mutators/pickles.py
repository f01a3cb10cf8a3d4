"""Pickles: an operation that is gone, repeated, moved, or has another argument."""

from __future__ import annotations

import pickletools
from typing import TYPE_CHECKING

from tests.fuzz.mutators.numbers import integers
from tests.fuzz.mutators.texts import DEEP, LONG

if TYPE_CHECKING:
    from random import Random


def pickle(data: bytes, random: Random) -> bytes:
    """An operation that is dropped, repeated, moved, or has another argument."""
    starts, end = [], 0
    try:
        for _, _, at in pickletools.genops(data):
            starts.append(at or 0)
        end = (starts[-1] + 1) if starts else 0
    except Exception:  # noqa: BLE001 - whatever pickletools says of what is no pickle any more
        end = len(data)
    if not starts:
        return data
    ends = [*starts[1:], end]
    i, j = random.randrange(len(starts)), random.randrange(len(starts))
    one, other = data[starts[i] : ends[i]], data[starts[j] : ends[j]]
    kind = random.randrange(6)
    if kind == 0:
        one = b""
    elif kind == 1:
        one = one * random.choice((2, 3, 1000))
    elif kind == 2:
        one = other
    elif kind == 3:
        one = other + one
    elif kind == 4:
        one = random.choice(_PICKLE) + one
    elif len(one) > 1:
        one = one[:1] + integers(one[1:], random)
    return data[: starts[i]] + one + data[ends[i] :]


_PICKLE = (
    b"(" * DEEP,
    b"]\x94" * 1000,
    b"]h\0a",
    b"h\xff",
    b"j\xff\xff\xff\xff",
    b"r\xff\xff\xff\xff",
    b"\x8b\xff\xff\xff\x7f",
    b"B\xff\xff\xff\xff",
    b"\x8e" + b"\xff" * 8,
    b"\x95" + b"\xff" * 8,
    b"I" + b"9" * LONG + b"\n",
    b"L" + b"9" * LONG + b"L\n",
    b"F1e999\n",
    b"S'\\x'\n",
    b"Vx\\ud800\n",
    b"cos\nsystem\n",
    b"\x80\xff",
    b"2\x85" * 200,
    b"}h\0h\0s",
    b"0" * 10,
    b"Q",
    b".",
)
