"""Batch normalization over smaller batches than there are: `virtual_batch_size`.

https://github.com/tensorflow/tensorflow/blob/v1.15.5/tensorflow/python/keras/layers/normalization.py
"""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.ops.arrays import concat, reshape, shape
from scopecli.dryrun.ops.constants import constant
from scopecli.dryrun.ops.reductions import reduce_mean


def checked(size: Any, adjustment: Any) -> GhostBatches | None:
    """The smaller batches, where there are any.

    Raises:
        ValueError: it cannot be together with what else is asked for.
    """
    if size is None:
        return None
    if size <= 0:
        raise ValueError(
            "`virtual_batch_size` must be a positive integer that divides the true batch size of "
            f"the input tensor. Received: virtual_batch_size={size}"
        )
    if adjustment is not None:
        raise ValueError("When using `virtual_batch_size`, adjustment cannot be specified")
    return GhostBatches(size)


class GhostBatches:
    """Batches of one size, side by side along a second axis.

    Attributes:
        size: how many examples each has.
    """

    def __init__(self, size: int) -> None:
        self.size = size

    def places(
        self, axes: tuple[int, ...], depths: dict[int, Any], rank: int
    ) -> tuple[tuple[int, ...], tuple[Any, ...]]:
        """Where the axes of a layer are behind the second, and the shape of its variables.

        Raises:
            ValueError: the examples are one of the axes.
        """
        if 0 in axes:
            raise ValueError(
                "When using `virtual_batch_size`, the batch dimension must be 0 and thus axis "
                f"cannot include 0. Received axis={list(axes)}"
            )
        sizes = [depths.get(axis, 1) for axis in range(rank)]
        return tuple(axis + 1 for axis in axes), (sizes[0], 1, *sizes[1:])

    def apart(self, inputs: Any) -> tuple[Any, Any]:
        """The smaller batches, and the shape of the whole."""
        sizes: Any = shape(inputs)
        original: Any = concat([constant([-1]), sizes[1:]], axis=0)
        expanded = concat([constant([self.size, -1]), original[1:]], axis=0)
        return reshape(inputs, expanded), original

    def together(self, mean: Any, variance: Any) -> tuple[Any, Any]:
        """What moves the averages."""
        return reduce_mean(mean, 1, keepdims=True), reduce_mean(variance, 1, keepdims=True)
