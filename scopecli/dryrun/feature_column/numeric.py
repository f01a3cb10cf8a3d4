"""Columns of numbers, as they are and by the range that they are in.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/feature_column/feature_column_v2.py
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from scopecli.dryrun.feature_column.features import Features, Numbers, check_key
from scopecli.dryrun.ops.applying import apply
from scopecli.dryrun.ops.arithmetic import cast
from scopecli.dryrun.ops.arithmetic import range as range_
from scopecli.dryrun.ops.arrays import expand_dims, reshape, shape, stack, transpose
from scopecli.dryrun.ops.indexing import one_hot
from scopecli.dryrun.program.parsing import FixedLenFeature
from scopecli.dryrun.sparse.tensor import SparseTensor
from scopecli.dryrun.values.dtypes import float32
from scopecli.dryrun.values.shapes import TensorShape


@dataclass(frozen=True)
class NumericColumn:
    """Numbers as they are."""

    key: str
    shape: tuple[int, ...]
    default_value: Any
    dtype: Any
    normalizer_fn: Any

    @property
    def name(self) -> str:
        """The feature's."""
        return self.key

    @property
    def variable_shape(self) -> TensorShape:
        """Of an example's numbers."""
        return TensorShape(self.shape)

    @property
    def parse_example_spec(self) -> dict[str, Any]:
        """What it reads of an example."""
        return {self.key: FixedLenFeature(self.shape, self.dtype, self.default_value)}

    def transformed(self, features: Features) -> Any:
        """The numbers.

        Raises:
            ValueError: the feature is sparse.
        """
        given = features.get(self.key)
        if isinstance(given, SparseTensor):
            raise ValueError(
                "The corresponding Tensor of numerical column must be a Tensor. SparseTensor is "
                f"not supported. key: {self.key}"
            )
        if self.normalizer_fn is not None:
            given = self.normalizer_fn(given)
        return cast(given, float32)

    def dense(self, features: Features, _: Any, __: Any) -> Any:
        """The numbers."""
        return features.get(self)


@dataclass(frozen=True)
class BucketizedColumn:
    """Numbers by the range that they are in."""

    source_column: Any
    boundaries: tuple[Any, ...]

    @property
    def name(self) -> str:
        """The feature's, and that there are ranges."""
        return f"{self.source_column.name}_bucketized"

    @property
    def variable_shape(self) -> TensorShape:
        """Of an example's numbers: one for each range."""
        return TensorShape((*self.source_column.shape, len(self.boundaries) + 1))

    @property
    def num_buckets(self) -> int:
        """How many categories there are."""
        return (len(self.boundaries) + 1) * int(self.source_column.shape[0])

    @property
    def parse_example_spec(self) -> dict[str, Any]:
        """What it reads of an example."""
        return self.source_column.parse_example_spec  # type: ignore[no-any-return]

    def transformed(self, features: Features) -> Any:
        """The numbers of the ranges."""
        return apply("Bucketize", features.get(self.source_column), boundaries=self.boundaries)

    def dense(self, features: Features, _: Any, __: Any) -> Any:
        """A row of ranges with a 1 for the one that a number is in."""
        return one_hot(
            cast(features.get(self), "int64"),
            len(self.boundaries) + 1,
            on_value=1.0,
            off_value=0.0,
        )

    def numbers(self, features: Features) -> Numbers:
        """The numbers of the ranges, all different from those of other elements."""
        given = features.get(self)
        rows: Any = shape(given)[0]
        width = self.source_column.shape[0]
        row_numbers = expand_dims(range_(0, rows), 1)
        row_of_each = reshape(apply("Tile", row_numbers, [1, width]), (-1,))
        place_of_each: Any = apply("Tile", range_(0, width), [rows])
        values: Any = reshape(given, (-1,)) + (len(self.boundaries) + 1) * place_of_each
        indices = cast(transpose(stack((row_of_each, place_of_each))), "int64")
        sizes = cast(stack([rows, width]), "int64")
        return Numbers(SparseTensor(indices, values, sizes), None)


def numeric_column(
    key: Any,
    shape: Any = (1,),
    default_value: Any = None,
    dtype: Any = float32,
    normalizer_fn: Any = None,
) -> NumericColumn:
    """Numbers as they are.

    Raises:
        TypeError: the shape or the function are none.
        ValueError: the shape or the type cannot be.
    """
    sizes = tuple(shape) if isinstance(shape, (list, tuple)) else (shape,)
    for size in sizes:
        if not isinstance(size, int):
            raise TypeError(f"shape dimensions must be integer. shape: {sizes}, key: {key}")
        if size < 1:
            raise ValueError(f"shape dimensions must be greater than 0. shape: {sizes}, key: {key}")
    if not (dtype.is_integer or dtype.is_floating):
        raise ValueError(f"dtype must be convertible to float. dtype: {dtype}, key: {key}")
    if isinstance(default_value, (int, float)):
        for size in reversed(sizes):
            default_value = (default_value,) * size
    elif isinstance(default_value, (list, tuple)):
        default_value = tuple(default_value)
    if normalizer_fn is not None and not callable(normalizer_fn):
        raise TypeError(f"normalizer_fn must be a callable. Given: {normalizer_fn}")
    check_key(key)
    return NumericColumn(key, sizes, default_value, dtype, normalizer_fn)


def bucketized_column(source_column: Any, boundaries: Any) -> BucketizedColumn:
    """Numbers by the range that they are in.

    Raises:
        ValueError: they are no numbers, or there are no ranges.
    """
    if not isinstance(source_column, NumericColumn):
        raise ValueError(
            "source_column must be a column generated with numeric_column(). "
            f"Given: {source_column}"
        )
    if len(source_column.shape) > 1:
        raise ValueError(f"source_column must be one-dimensional column. Given: {source_column}")
    if not boundaries:
        raise ValueError("boundaries must not be empty.")
    if not isinstance(boundaries, (list, tuple)) or any(
        low >= high for low, high in pairwise(boundaries)
    ):
        raise ValueError("boundaries must be a sorted list.")
    return BucketizedColumn(source_column, tuple(boundaries))
