"""Shapes of slices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.dryrun.ops.constant_values import vector

if TYPE_CHECKING:
    from scopecli.dryrun.ops.shape_functions import Attributes, Inputs
    from scopecli.dryrun.values.shapes import Dims


def slice_(inputs: Inputs, _: Attributes) -> Dims:
    """A block of the input."""
    dims, begin, size = inputs[0].dims, vector(inputs[1]), vector(inputs[2])
    if size is None:
        return None if dims is None else (None,) * len(dims)
    if None in size:  # a partly known vector is read as a shape, where -1 is not known either
        return tuple(None if extent is None or extent < 0 else extent for extent in size)
    found: list[int | None] = []
    for axis, extent in enumerate(size):
        if extent is not None and extent >= 0:
            found.append(extent)
            continue
        whole = None if dims is None else dims[axis]
        start = None if begin is None else begin[axis]
        found.append(None if whole is None or start is None else whole - start)
    return tuple(found)


def strided_slice(inputs: Inputs, attributes: Attributes) -> Dims:
    """A block with steps; axes may be added and dropped."""
    dims = inputs[0].dims
    begin, end, step = (vector(tensor) for tensor in inputs[1:])
    if dims is None or begin is None or end is None or step is None:
        return None
    if None in begin or None in end:  # TensorFlow takes the places as a whole, or not at all
        begin, end = [None] * len(begin), [None] * len(end)
    masks = {key: attributes.get(f"{key}_mask", 0) for key in _MASKS}
    used = sum(
        1
        for i in range(len(begin))
        if not masks["new_axis"] >> i & 1 and not masks["ellipsis"] >> i & 1
    )
    found: list[int | None] = []
    axis = 0
    for i in range(len(begin)):
        if masks["ellipsis"] >> i & 1:
            count = len(dims) - used
            found += dims[axis : axis + count]
            axis += count
        elif masks["new_axis"] >> i & 1:
            found.append(1)
        else:
            if axis >= len(dims):
                raise ValueError(
                    f"Index out of range using input dim {axis}; input has only {len(dims)} dims"
                )
            if masks["shrink_axis"] >> i & 1:
                _check_index(begin[i], dims[axis])
            else:
                bounds = (
                    None if masks["begin"] >> i & 1 else (begin[i],),
                    None if masks["end"] >> i & 1 else (end[i],),
                )
                found.append(_length(dims[axis], bounds, step[i]))
            axis += 1
    return (*found, *dims[axis:])


_MASKS = ("begin", "end", "ellipsis", "new_axis", "shrink_axis")


def _check_index(index: int | None, size: int | None) -> None:
    if index is not None and size is not None and not -size <= index < size:
        raise ValueError(f"slice index {index} of dimension 0 out of bounds.")


def _length(
    size: int | None,
    bounds: tuple[tuple[int | None] | None, tuple[int | None] | None],
    step: int | None,
) -> int | None:
    """How many elements a slice takes; a bound is None where it is left out."""
    first, last = bounds
    if step is None or None in (first or ()) or None in (last or ()):
        return None
    start, stop = first[0] if first else None, last[0] if last else None
    if size is None:
        return None
    return len(range(*slice(start, stop, step).indices(size)))
