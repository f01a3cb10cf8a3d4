"""Numbers with the same distance between them, and grids of them: `tf.linspace`, `tf.meshgrid`.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/ops/math_ops.py
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.scopes import name_scope
from scopecli.dryrun.ops.applying import apply, convert_to_tensor
from scopecli.dryrun.ops.arithmetic import cast
from scopecli.dryrun.ops.arithmetic import range as range_
from scopecli.dryrun.ops.arrays import (
    broadcast_dynamic_shape,
    concat,
    expand_dims,
    reshape,
    shape,
    size,
    stack,
)
from scopecli.dryrun.ops.filled import ones, zeros_like
from scopecli.dryrun.ops.indexing import slice, where_v2
from scopecli.dryrun.values.dtypes import int32

if TYPE_CHECKING:
    from scopecli.dryrun.graph.nodes import Tensor


def linspace(start: Any, stop: Any, num: Any, name: str | None = None, axis: int = 0) -> Tensor:
    """Numbers with the same distance between them."""
    with name_scope(name, "linspace"):
        start = convert_to_tensor(start, name="start")
        stop = convert_to_tensor(stop, start.dtype, name="stop")
        number = convert_to_tensor(num, name="num")
        count: Any = apply("Cast", number, DstT=int32)
        cast(count, start.dtype)
        together = broadcast_dynamic_shape(shape(start), shape(stop))
        start = apply("BroadcastTo", start, together)
        stop = apply("BroadcastTo", stop, together)
        first: Any = expand_dims(start, axis)
        last: Any = expand_dims(stop, axis)
        sizes: Any = shape(first)
        rank = shape(sizes)[0]
        place: Any = where_v2(axis >= 0, axis, rank + axis)
        between = apply("Maximum", count - 2, 0)
        steps = apply("Maximum", count - 1, 1)
        delta = (last - first) / cast(steps, last.dtype)
        end = where_v2(count >= 0, steps, -1)
        numbers: Any = cast(range_(1, end, dtype="int64"), delta.dtype)
        mask = apply("Equal", place, range_(rank))
        numbers = reshape(numbers, where_v2(mask, between, 1))
        inner = first + delta * numbers
        every = concat([first, inner, last], place)
        begin = zeros_like(sizes)
        length = concat([sizes[0:place], reshape(count, [1]), sizes[place + 1 :]], 0)
        found = slice(every, begin, length)
        if isinstance(num, int) and not start.dims:
            found.set_shape((num,))
        return found


def meshgrid(*args: Any, indexing: str = "xy", name: str = "meshgrid") -> list[Any]:
    """The coordinates of all points of a grid.

    Raises:
        ValueError: it is not said how the axes stand.
    """
    if indexing not in {"xy", "ij"}:
        raise ValueError(
            f"Argument `indexing` parameter must be either 'xy' or 'ij', got '{indexing}'"
        )
    with name_scope(name, "meshgrid"):
        count = len(args)
        if not count:
            return []
        found = []
        for axis, values in enumerate(args):
            wide = (1,) * axis + (-1,) + (1,) * (count - axis - 1)
            found.append(reshape(stack(values), wide))
        sizes = [size(values) for values in args]
        kind = convert_to_tensor(args[0]).dtype.base_dtype
        if indexing == "xy" and count > 1:
            rest = (1,) * (count - 2)
            found[0] = reshape(found[0], (1, -1, *rest))
            found[1] = reshape(found[1], (-1, 1, *rest))
            sizes[0], sizes[1] = sizes[1], sizes[0]
        whole = ones(sizes, kind)
        return [values * whole for values in found]
