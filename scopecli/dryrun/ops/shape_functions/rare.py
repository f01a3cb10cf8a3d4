"""Shapes of what few programs use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.dryrun.ops.constant_values import number, vector

if TYPE_CHECKING:
    from scopecli.dryrun.ops.shape_functions import Attributes, Inputs
    from scopecli.dryrun.values.shapes import Dims


def counts(inputs: Inputs, _: Attributes) -> Dims:
    """As many as the second input says, for each row of the first."""
    rows = inputs[0].dims
    return None if rows is None else (*rows[:-1], number(inputs[1]))


def dilation(inputs: Inputs, attributes: Attributes) -> Dims:
    """Of windows with a filter."""
    value, kernel = inputs[0].dims, inputs[1].dims
    if value is None or kernel is None:
        return (None,) * 4
    found = list(value)
    for axis in (1, 2):
        size, window = value[axis], kernel[axis - 1]
        step = attributes["strides"][axis]
        if size is None or window is None:
            found[axis] = None
        elif attributes["padding"] == "SAME":
            found[axis] = -(-size // step)
        else:
            found[axis] = (size - (window - 1) * attributes["dilations"][axis] - 1) // step + 1
    return tuple(found)


def fractional(inputs: Inputs, attributes: Attributes) -> list[Dims]:
    """Of a pooling by fractions, and of the edges of its windows."""
    dims = inputs[0].dims or (None,) * 4
    pairs = zip(dims, attributes["ratio"], strict=True)
    found = tuple(None if size is None else int(size / ratio) for size, ratio in pairs)
    return [found, *((size,) for size in found[1:3])]


def factors(inputs: Inputs, _: Attributes) -> list[Dims]:
    """Of two triangular matrices in one, and of the order of the rows."""
    dims = inputs[0].dims
    return [dims, None if dims is None else dims[:-1]]


def all_steps(inputs: Inputs, _: Attributes) -> list[Dims]:
    """Of a long short-term memory, at every step."""
    given, before = inputs[1].dims, inputs[2].dims
    outer = (None, None) if given is None else given[:2]
    return [(*outer, before[-1] if before else None)] * 7


def memory(inputs: Inputs, _: Attributes) -> list[Dims]:
    """Of one step of a long short-term memory."""
    given, before = inputs[0].dims, inputs[1].dims
    return [(given[0] if given else None, before[-1] if before else None)] * 7


def gates(inputs: Inputs, _: Attributes) -> list[Dims]:
    """Of one step of a gated recurrent unit."""
    return memory(inputs, {})[:4]


def key_and_counter(_: Inputs, __: Attributes) -> list[Dims]:
    """What a seed becomes."""
    return [(1,), (2,)]


def segments(inputs: Inputs, _: Attributes) -> Dims:
    """As many rows as the fourth input says."""
    dims = inputs[0].dims
    return None if dims is None else (number(inputs[3]), *dims[1:])


def transformed(inputs: Inputs, attributes: Attributes) -> Dims:
    """Of a Fourier transform: of real numbers the last axis has about half as many."""
    dims, sizes = inputs[0].dims, vector(inputs[1])
    if dims is None or sizes is None:
        return dims  # type: ignore[no-any-return]
    last = sizes[-1]
    if attributes["kind"].name.startswith("complex"):
        last = None if last is None else last // 2 + 1
    return (*dims[: len(dims) - len(sizes)], *sizes[:-1], last)


def unravelled(inputs: Inputs, _: Attributes) -> Dims:
    """A column of coordinates for each index."""
    indices, sizes = inputs[0].dims, inputs[1].dims
    axes = sizes[0] if sizes else None
    return None if indices is None else (axes, *indices)
