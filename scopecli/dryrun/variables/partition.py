"""Partitioners: how a variable is cut into parts."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from scopecli.dryrun.values.dtypes import as_dtype
from scopecli.dryrun.values.shapes import TensorShape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


def fixed_size_partitioner(num_shards: int, axis: int = 0) -> Callable[..., list[int]]:
    """So many parts along an axis."""

    def partitioner(shape: Any, **_: Any) -> list[int]:
        parts = [1] * len(shape)
        parts[axis] = min(num_shards, shape.dims[axis].value)
        return parts

    return partitioner


def variable_axis_size_partitioner(
    max_shard_bytes: int,
    axis: int = 0,
    bytes_per_string_element: int = 16,
    max_shards: int | None = None,
) -> Callable[..., list[int]]:
    """Parts of at most so many bytes.

    Raises:
        ValueError: a number is not positive.
    """
    if max_shard_bytes < 1 or bytes_per_string_element < 1:
        raise ValueError(
            "Both max_shard_bytes and bytes_per_string_element must be positive. Currently, "
            f"max_shard_bytes is {max_shard_bytes} andbytes_per_string_element is "
            f"{bytes_per_string_element}"
        )
    if max_shards and max_shards < 1:
        raise ValueError("max_shards must be positive.")

    def partitioner(shape: Any, dtype: Any) -> list[int]:
        if not isinstance(shape, TensorShape):
            raise ValueError(f"shape is not a TensorShape: {shape}")
        if not shape.is_fully_defined():
            raise ValueError(f"shape is not fully defined: {shape}")
        sizes = [extent or 0 for extent in shape.as_list()]
        element = _element_bytes(dtype, bytes_per_string_element)
        bytes_per_slice = 1.0 * (shape.num_elements() or 0) / sizes[axis] * element
        slices_per_shard = max(1, math.floor(max_shard_bytes / bytes_per_slice))
        shards = math.ceil(1.0 * sizes[axis] / slices_per_shard)
        parts = [1] * len(sizes)
        parts[axis] = min(max_shards, shards) if max_shards else shards
        return parts

    return partitioner


def min_max_variable_partitioner(
    max_partitions: int = 1,
    axis: int = 0,
    min_slice_size: int = 256 << 10,
    bytes_per_string_element: int = 16,
) -> Callable[..., list[int]]:
    """At most so many parts of at least so many bytes."""

    def partitioner(shape: Any, dtype: Any) -> list[int]:
        if axis >= len(shape):
            raise ValueError(
                f"Cannot partition variable along axis {axis} when shape is only {shape}"
            )
        element = _element_bytes(dtype, bytes_per_string_element)
        wanted = math.ceil(shape.num_elements() * element / min_slice_size)
        parts = [1] * len(shape)
        parts[axis] = max(1, min(shape.dims[axis].value, max_partitions, wanted))
        return parts

    return partitioner


def _element_bytes(dtype: Any, string: int) -> int:
    kind = as_dtype(dtype).base_dtype
    return string if kind.name == "string" else kind.size or 1


def call_partitioner(partitioner: Any, shape: TensorShape, dtype: Any) -> list[int]:
    """What a partitioner says of a shape.

    Raises:
        ValueError: it says something impossible.
    """
    if not shape.is_fully_defined():
        raise ValueError(
            f"Shape of a new partitioned variable must be fully defined, but instead was {shape}."
        )
    rank = len(shape)
    if rank < 1:
        raise ValueError(f"A partitioned Variable must have rank at least 1, shape: {shape}")
    parts = partitioner(shape=shape, dtype=dtype)
    if not isinstance(parts, (list, tuple)):
        raise ValueError(f"Partitioner must return a sequence, but saw: {parts}")
    if len(parts) != rank:
        raise ValueError(
            "Partitioner returned a partition list that does not match the Variable's rank: "
            f"{parts} vs. {shape}"
        )
    if any(count < 1 for count in parts):
        raise ValueError(f"Partitioner returned zero partitions for some axes: {parts}")
    if sum(count > 1 for count in parts) > 1:
        raise ValueError(
            f"Can only slice a variable along one dimension: shape: {shape}, partitioning: {parts}"
        )
    return list(parts) if isinstance(parts, list) else parts  # type: ignore[return-value]


def cut(parts: Sequence[int]) -> tuple[int, int]:
    """The axis that is cut, and into how many parts."""
    return next(((axis, count) for axis, count in enumerate(parts) if count > 1), (0, 1))


def slices(shape: list[int], axis: int, count: int) -> Iterator[tuple[list[int], list[int]]]:
    """Offset and shape of each part; the first ones are longer where it does not come out even."""
    least, longer = divmod(shape[axis], count)
    offset = [0] * len(shape)
    for number in range(count):
        extent = list(shape)
        extent[axis] = least + (number < longer)
        yield list(offset), extent
        offset[axis] += extent[axis]


class PartitionInfo:
    """What an initializer is told of the part that it makes.

    Attributes:
        full_shape: of the whole.
        var_offset: where the part begins.
    """

    def __init__(self, full_shape: list[int], var_offset: list[int]) -> None:
        self.full_shape = full_shape
        self.var_offset = var_offset

    def single_slice_dim(self, shape: Sequence[int]) -> int | None:
        """The axis that is cut."""
        axes = [i for i, extent in enumerate(shape) if extent != self.full_shape[i]]
        return axes[0] if axes else None

    def single_offset(self, shape: Sequence[int]) -> int:
        """Where the part begins on the axis that is cut."""
        axis = self.single_slice_dim(shape)
        return 0 if axis is None else self.var_offset[axis]
