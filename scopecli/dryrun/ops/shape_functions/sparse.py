"""Shapes of the parts of sparse tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.dryrun.ops.constant_values import number, vector

if TYPE_CHECKING:
    from scopecli.dryrun.ops.shape_functions import Attributes, Inputs
    from scopecli.dryrun.values.shapes import Dims


def _axes(shape: Dims) -> int | None:
    """How many axes the whole has, by the shape of its shape."""
    return shape[0] if shape else None


def unknown(_: Inputs, __: Attributes) -> list[Dims]:
    """Places, values and the shape of the whole, of which nothing is known."""
    return [None, None, None]


def matrix(_: Inputs, __: Attributes) -> list[Dims]:
    """Places, values and the shape of a matrix."""
    return [(None, 2), (None,), (2,)]


def added(inputs: Inputs, _: Attributes) -> list[Dims]:
    """Places, values and the shape of a sum."""
    places = inputs[0].dims
    return [(None, places[1] if places else None), (None,), inputs[2].dims]


def concatenated(inputs: Inputs, _: Attributes) -> list[Dims]:
    """Places, values and the shape of several together."""
    rows: int | None = 0
    axes = None
    for places, values in zip(inputs[0], inputs[1], strict=True):
        own = (places.dims or values.dims or (None,))[0]
        rows = None if rows is None or own is None else rows + own
        axes = places.dims[1] if places.dims else axes
    for shape in inputs[2]:
        axes = axes or _axes(shape.dims)
    return [(rows, axes), (rows,), (axes,)]


def in_order(inputs: Inputs, _: Attributes) -> list[Dims]:
    """Places and values of the same elements."""
    return [inputs[0].dims, inputs[1].dims]


def sliced(inputs: Inputs, _: Attributes) -> list[Dims]:
    """Places, values and the shape of a part."""
    return [(None, _axes(inputs[2].dims)), (None,), inputs[2].dims]


def set_of_rows(inputs: Inputs, _: Attributes) -> list[Dims]:
    """Places, values and the shape of sets of elements."""
    axes = None if inputs[0].dims is None else len(inputs[0].dims)
    return [(None, axes), (None,), (axes,)]


def set_of_sparse(inputs: Inputs, _: Attributes) -> list[Dims]:
    """Places, values and the shape of sets of elements of sparse tensors."""
    axes = _axes(inputs[2].dims) or _axes(inputs[5].dims)
    return [(None, axes), (None,), (axes,)]


def united(_: Inputs, __: Attributes) -> list[Dims]:
    """Places and values of elements that either has."""
    return [(None, None), (None,)]


def reduced(inputs: Inputs, attributes: Attributes) -> Dims:
    """What is left when axes are summed up, which is known where the whole is."""
    sizes = vector(inputs[2])
    axes = vector(inputs[3]) if inputs[3].dims else [number(inputs[3])]
    if sizes is None or axes is None or None in axes:
        return None
    gone = {axis % len(sizes) for axis in axes if axis is not None}
    if attributes.get("keep_dims"):
        return tuple(1 if axis in gone else size for axis, size in enumerate(sizes))
    return tuple(size for axis, size in enumerate(sizes) if axis not in gone)


def fourth(inputs: Inputs, _: Attributes) -> Dims:
    """Of the fourth input."""
    return inputs[3].dims  # type: ignore[no-any-return]


def exported(_: Inputs, __: Attributes) -> list[Dims]:
    """The keys of a table and their values."""
    return [None, None]
