"""Numbers: counts, lengths and offsets, in any place and order of bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from random import Random


_POWERS = (7, 8, 15, 16, 31, 32, 53, 63, 64)
_ORDERS: tuple[Literal["little", "big"], ...] = ("little", "little", "big")


def number(value: int, size: int, random: Random) -> int:
    """A number to put in the place of another, in a file of so many bytes."""
    near = (0, 1, -1, value + 1, value - 1, 2 * value, -value, size, size - 1, size + 1)
    limits = ((1 << random.choice(_POWERS)) + random.choice((-1, 0, 1)),)
    return random.choice(near + limits * 3)


def integers(data: bytes, random: Random) -> bytes:
    """Another number in the place of an aligned one, or the same as somewhere else.

    An offset that is copied leads two fields to one place, or a table into itself.
    """
    width = random.choice((1, 2, 4, 4, 8))
    if len(data) < width:
        return data
    order = random.choice(_ORDERS)
    at = _aligned(len(data), width, random)
    value = int.from_bytes(data[at : at + width], order)
    if random.random() < 0.25:
        other = _aligned(len(data), width, random)
        changed = int.from_bytes(data[other : other + width], order)
    else:
        changed = number(value, len(data), random)
    return data[:at] + (changed % (1 << 8 * width)).to_bytes(width, order) + data[at + width :]


def _aligned(size: int, width: int, random: Random) -> int:
    at = random.randrange(size - width + 1)
    return at - at % width if random.random() < 0.7 else at
