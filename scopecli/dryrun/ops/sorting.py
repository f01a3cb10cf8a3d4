"""Tensors in order, places in what is in order, and rows several times.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/ops/sort_ops.py
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.scopes import name_scope
from scopecli.dryrun.ops.applying import apply, apply_op, convert_to_tensor
from scopecli.dryrun.ops.arrays import (
    concat,
    expand_dims,
    rank,
    reshape,
    shape,
    shape_node,
    stack,
    transpose,
)
from scopecli.dryrun.ops.constant_values import number
from scopecli.dryrun.ops.constants import constant
from scopecli.dryrun.ops.indexing import boolean_mask, sequence_mask
from scopecli.dryrun.values.dtypes import as_dtype, int32

if TYPE_CHECKING:
    from scopecli.dryrun.graph.nodes import Tensor


def sort(
    values: Any, axis: Any = -1, direction: str = "ASCENDING", name: str | None = None
) -> Tensor:
    """The elements along an axis in order."""
    with name_scope(name, "sort"):
        return _sorted(values, axis, direction, 0)  # type: ignore[no-any-return]


def argsort(
    values: Any,
    axis: Any = -1,
    direction: str = "ASCENDING",
    stable: bool = False,
    name: str | None = None,
) -> Tensor:
    """Where the elements along an axis are in the order of their values."""
    with name_scope(name, "argsort"):
        return _sorted(values, axis, direction, 1)  # type: ignore[no-any-return]


def _sorted(values: Any, axis: Any, direction: str, output: int) -> Any:
    """The elements, which are output 0 of a search for the largest, or their places, output 1."""
    if direction not in {"ASCENDING", "DESCENDING"}:
        raise ValueError(
            "Argument `direction` should be one of ASCENDING, DESCENDING. "
            f"Received: direction={direction}"
        )
    place = convert_to_tensor(axis, name="axis")
    known = number(place)
    if known is None:
        raise ValueError(f"Argument `axis` must be a constant scalar. Received: axis={place}.")
    values = convert_to_tensor(values, name="values")
    if direction == "DESCENDING":
        return _largest_first(values, known, output)
    if values.dtype.is_integer:
        found: Any = _largest_first(-values - 1, known, output)
        return found if output else -found - 1
    found = _largest_first(-values, known, output)
    return found if output else -found


def _largest_first(values: Any, axis: int, output: int) -> Any:
    sizes: Any = shape(values)
    count = sizes[axis]
    rank(values)  # TensorFlow makes the node and does not use it
    axes = len(values.dims)
    if axis in {-1, axes - 1}:
        return apply_op("TopKV2", values, count).outputs[output]
    order = [*range(axes)]
    order[axis % axes], order[-1] = axes - 1, axis % axes
    swapped = constant(order, "int64", name="transposition")
    op = apply_op("TopKV2", transpose(values, swapped), count)
    return transpose(op.outputs[output], swapped)


def searchsorted(
    sorted_sequence: Any,
    values: Any,
    side: str = "left",
    out_type: Any = int32,
    name: str | None = None,
) -> Tensor:
    """Where values would have to stand.

    Raises:
        ValueError: there is no such side.
    """
    if side not in {"left", "right"}:
        raise ValueError(
            f"Argument `side` must be either 'right' or 'left'. Received: `side` = '{side}'."
        )
    edges: Any = shape_node(sorted_sequence, None, None, optimize=True)
    edges = edges[-1]
    wanted: Any = shape_node(values, None, None, optimize=True)
    wanted = wanted[-1]
    matrices = reshape(sorted_sequence, [-1, edges]), reshape(values, [-1, wanted])
    type_ = "UpperBound" if side == "right" else "LowerBound"
    found = apply(type_, *matrices, name=name, out_type=as_dtype(out_type))
    return reshape(found, shape_node(values, None, None, optimize=True))


def repeat(input: Any, repeats: Any, axis: Any = None, name: str | None = None) -> Any:
    """Rows several times each.

    Raises:
        TypeError: the axis is no number.
    """
    if axis is None:
        input, axis = reshape(input, [-1]), 0
    if not isinstance(axis, int):
        raise TypeError(
            f"Argument `axis` must be an int. Received `axis` = {axis} of type "
            f"{type(axis).__name__}"
        )
    with name_scope(name, "Repeat", [input, repeats]):
        data = convert_to_tensor(input, name="data")
        given: Any = apply("Cast", convert_to_tensor(repeats, name="repeats"), DstT=int32)
        if data.dims == ():
            data = stack([data])
        sizes: Any = shape(data)
        axis %= len(data.dims or (0,))
        if given.shape.num_elements() == 1:
            given = reshape(given, [])
            tiled = _tiled(expand_dims(data, axis + 1), axis + 1, given)
            parts = [sizes[:axis], [given * sizes[axis]], sizes[axis + 1 :]]
            return reshape(tiled, concat(parts, axis=0))
        return _each(data, given, axis, sizes)


def _each(data: Any, repeats: Any, axis: int, sizes: Any) -> Any:
    """Rows as often as each of them says."""
    repeats = own = apply("BroadcastTo", repeats, [sizes[axis]])
    if axis:
        counts, axes = shape(repeats), rank(repeats)
        below = sizes[: axis + 1 - axes]
        repeats = apply("BroadcastTo", repeats, concat([below, counts], axis=0))
        repeats.set_shape([None] * (axis + 1))
    largest = apply("Max", repeats, constant([*range(axis + 1)], int32))
    largest = apply("Maximum", convert_to_tensor(0, largest.dtype, name="zero"), largest)
    mask = sequence_mask(repeats, largest)
    found: Any = boolean_mask(_tiled(expand_dims(data, axis + 1), axis + 1, largest), mask)
    if axis:
        total = apply("Sum", own, apply("Range", 0, rank(own), 1))
        found = reshape(found, concat([sizes[:axis], [total], sizes[axis + 1 :]], axis=0))
    found.set_shape(data.shape[:axis].concatenate([None]).concatenate(data.shape[axis + 1 :]))
    return found


def _tiled(data: Any, axis: int, times: Any) -> Tensor:
    multiples: list[Any] = [1] * len(data.dims)
    multiples[axis] = times
    return apply("Tile", data, multiples)
