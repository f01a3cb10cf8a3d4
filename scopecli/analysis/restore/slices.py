"""Slices of partitioned variables: what a saver asks for, and whether what is stored covers it.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/framework/tensor_slice.h
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from scopecli.model.records import NamedTuple
from scopecli.model.variable import Slice

if TYPE_CHECKING:
    from scopecli.model.variable import Variable

_WHOLE_AXIS = "-"
_LONG = 20  # digits; no tensor has so many rows


class Part(NamedTuple):
    """A part of a tensor.

    Attributes:
        full: shape of the whole tensor.
        starts: first index on each axis.
        lengths: extent on each axis.
        text: the slice as TensorFlow writes it.
    """

    full: tuple[int, ...]
    starts: tuple[int, ...]
    lengths: tuple[int, ...]
    text: str


def parsed(spec: str) -> Part | None:
    """Parse `10 2 0,5:0,2` or `10 2 0,5:-`; None where the text is not of that form."""
    *sizes, text = spec.split(" ")
    extents = text.split(":") if text else []
    if len(sizes) != len(extents):
        return None
    full, starts, lengths = [], [], []
    for size, extent in zip(sizes, extents, strict=True):
        start, _, length = ("0", "", size) if extent == _WHOLE_AXIS else extent.partition(",")
        if not all(map(_is_number, (size, start, length))):
            return None
        full.append(int(size))
        starts.append(int(start))
        lengths.append(int(length))
    return Part(tuple(full), tuple(starts), tuple(lengths), text)


def _is_number(text: str) -> bool:
    return text.isdecimal() and len(text) < _LONG


def whole(shape: tuple[int, ...]) -> Part:
    """A whole tensor as a part."""
    return Part(shape, (0,) * len(shape), shape, ":".join(_WHOLE_AXIS for _ in shape))


def is_covered(part: Part, stored: Variable) -> bool:
    """Whether a checkpoint has every element of a part, given that its slices do not overlap."""
    slices = stored.attributes.get("slices")
    if not isinstance(slices, tuple):
        return True
    there = sum(_overlap(part, one) for one in slices if isinstance(one, Slice))
    return there >= prod(part.lengths)


def _overlap(part: Part, other: Slice) -> int:
    """How many elements two parts of one tensor have in common."""
    return prod(
        max(0, min(a + n, b + m) - max(a, b))
        for a, n, b, m in zip(part.starts, part.lengths, other.starts, other.lengths, strict=False)
    )
