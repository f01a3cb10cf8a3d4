"""Windows that take the largest or smallest element, and blocks: rare parts of `tf.nn`.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/ops/nn_ops.py
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.scopes import name_scope
from scopecli.dryrun.ops.applying import apply, apply_op
from scopecli.dryrun.values.python_values import Longs

if TYPE_CHECKING:
    from scopecli.dryrun.graph.nodes import Tensor


def dilation2d(
    input: Any,
    filter: Any = None,
    strides: Any = None,
    rates: Any = None,
    padding: Any = None,
    name: str | None = None,
    filters: Any = None,
    dilations: Any = None,
) -> Tensor:
    """The largest sum of an element and a filter's."""
    filter = filters if filter is None else filter
    how = {"strides": strides, "dilations": rates or dilations, "padding": padding}
    return apply("Dilation2D", input, filter, name=name, **how)


def erosion2d(
    value: Any, kernel: Any, strides: Any, rates: Any, padding: Any, name: str | None = None
) -> Tensor:
    """The smallest difference of an element and a filter's."""
    with name_scope(name, "erosion2d", [value, kernel]) as scope:
        how = {"strides": strides, "dilations": rates, "padding": padding}
        turned = apply("Neg", value), apply("ReverseV2", kernel, [0, 1])
        return apply("Neg", apply("Dilation2D", *turned, name=scope, **how))


def _fractional(type_: str) -> Any:
    def pool(
        value: Any,
        pooling_ratio: Any,
        pseudo_random: bool = False,
        overlapping: bool = False,
        deterministic: bool = False,
        seed: Any = 0,
        seed2: Any = 0,
        name: str | None = None,
    ) -> tuple[Tensor, ...]:
        return tuple(apply_op(type_, value, name=name, ratio=pooling_ratio).outputs)

    return pool


fractional_max_pool = _fractional("FractionalMaxPool")
fractional_avg_pool = _fractional("FractionalAvgPool")


def space_to_batch(
    input: Any,
    paddings: Any,
    block_size: Any = None,
    name: str | None = None,
    block_shape: Any = None,
) -> Tensor:
    """Blocks of a picture as pictures of their own."""
    size = block_size or block_shape
    return apply("SpaceToBatchND", input, _block(size), paddings, name=name)


def batch_to_space(
    input: Any,
    crops: Any,
    block_size: Any = None,
    name: str | None = None,
    block_shape: Any = None,
) -> Tensor:
    """Pictures as blocks of one."""
    return apply("BatchToSpaceND", input, _block(block_size or block_shape), crops, name=name)


def _block(size: int) -> Longs:
    return Longs([size, size])
