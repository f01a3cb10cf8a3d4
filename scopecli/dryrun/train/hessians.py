"""`tf.hessians`: the gradients of gradients, a row at a time.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/ops/gradients_impl.py
"""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.ops.arrays import concat, reshape, shape, size
from scopecli.dryrun.ops.constants import constant
from scopecli.dryrun.ops.control_flow.loops import while_loop
from scopecli.dryrun.ops.control_flow.tensor_array import TensorArray
from scopecli.dryrun.train.gradients import gradients


def hessians(ys: Any, xs: Any, name: str = "hessians", **options: Any) -> list[Any]:
    """The second derivatives by each target."""
    targets = list(xs) if isinstance(xs, (list, tuple)) else [xs]
    first = gradients(ys, targets, **options)
    return [_of_one(x, gradient) for x, gradient in zip(targets, first, strict=True)]


def _of_one(x: Any, gradient: Any) -> Any:
    flat: Any = reshape(gradient, [-1])
    count = size(x)

    def row(place: Any, rows: Any) -> Any:
        following = place + 1
        return following, rows.write(place, gradients(flat[place], x)[0])

    start = [constant(0, "int32"), TensorArray(x.dtype.base_dtype, count)]
    _, rows = while_loop(lambda place, _: place < count, row, start)
    sizes = shape(x)
    return reshape(rows.stack(), concat((sizes, sizes), 0))
