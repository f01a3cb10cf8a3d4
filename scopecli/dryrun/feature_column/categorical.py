"""Columns of categories: a feature as numbers that a table of rows is read by.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/feature_column/feature_column_v2.py
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from scopecli.dryrun.feature_column.features import (
    Categories,
    Features,
    Numbers,
    check_category_type,
    check_key,
    of_type,
    sparse_of,
)
from scopecli.dryrun.ops.applying import apply, convert_to_tensor
from scopecli.dryrun.ops.arithmetic import cast
from scopecli.dryrun.ops.arrays import shape
from scopecli.dryrun.ops.filled import fill
from scopecli.dryrun.ops.indexing import where_v2
from scopecli.dryrun.program.parsing import VarLenFeature
from scopecli.dryrun.sparse.combining import sparse_cross_hashed
from scopecli.dryrun.sparse.tensor import SparseTensor
from scopecli.dryrun.values.dtypes import as_dtype, float32, int64, string


@dataclass(frozen=True)
class HashedCategoricalColumn(Categories):
    """Texts or numbers, by a hash."""

    key: str
    hash_bucket_size: int
    dtype: Any

    @property
    def num_buckets(self) -> int:
        """How many categories there are."""
        return self.hash_bucket_size

    def transformed(self, features: Features) -> SparseTensor:
        """The numbers of the categories."""
        given = of_type(self, sparse_of(features.get(self.key)))
        texts = given.values if self.dtype.name == "string" else apply("AsString", given.values)
        return given.with_values(apply("StringToHashBucketFast", texts, name="lookup"))


@dataclass(frozen=True)
class IdentityCategoricalColumn(Categories):
    """Numbers as they are."""

    key: str
    number_buckets: int
    default_value: int | None

    @property
    def example_type(self) -> Any:
        """Of an example's numbers."""
        return int64

    @property
    def num_buckets(self) -> int:
        """How many categories there are."""
        return self.number_buckets

    def transformed(self, features: Features) -> SparseTensor:
        """The numbers of the categories.

        Raises:
            ValueError: the feature is no numbers.
        """
        given = sparse_of(features.get(self.key))
        if not given.dtype.is_integer:
            raise ValueError(f"Invalid input, not integer. key: {self.key} dtype: {given.dtype}")
        values: Any = given.values
        if values.dtype != int64:
            values = cast(values, int64, name="values")
        if self.default_value is not None:
            values = cast(given.values, int64, name="values")
            size = cast(self.num_buckets, int64, name="num_buckets")
            zero = cast(0, int64, name="zero")
            outside = apply("LogicalOr", values < zero, values >= size, name="out_of_range")
            sizes, default = shape(values), cast(self.default_value, int64)
            values = where_v2(outside, fill(sizes, default, name="default_values"), values)
        return given.with_values(values)


@dataclass(frozen=True)
class WeightedCategoricalColumn:
    """Another column, with weights that are a feature of their own."""

    categorical_column: Any
    weight_feature_key: str
    dtype: Any

    @property
    def name(self) -> str:
        """Of the column and its weights."""
        return f"{self.categorical_column.name}_weighted_by_{self.weight_feature_key}"

    @property
    def num_buckets(self) -> int:
        """How many categories there are."""
        return self.categorical_column.num_buckets  # type: ignore[no-any-return]

    @property
    def parse_example_spec(self) -> dict[str, Any]:
        """What it reads of an example."""
        weights = {self.weight_feature_key: VarLenFeature(self.dtype)}
        return {**self.categorical_column.parse_example_spec, **weights}

    def transformed(self, features: Features) -> Numbers:
        """The numbers of the categories, and their weights.

        Raises:
            ValueError: the weights have another type.
        """
        weights = features.get(self.weight_feature_key)
        if not isinstance(weights, SparseTensor):
            weights = convert_to_tensor(weights)
        if self.dtype != weights.dtype.base_dtype:
            raise ValueError(f"Bad dtype, expected {self.dtype}, but got {weights.dtype}.")
        found: Any = sparse_of(weights, 0.0)
        if not found.dtype.is_floating:
            found = cast(found, float32)
        return Numbers(features.get(self.categorical_column), found)

    def numbers(self, features: Features) -> Numbers:
        """The numbers of the categories, and their weights."""
        return features.get(self)  # type: ignore[no-any-return]


@dataclass(frozen=True)
class CrossedColumn:
    """All pairs of categories of other columns, by a hash."""

    keys: tuple[Any, ...]
    hash_bucket_size: int
    hash_key: int | None

    @property
    def leaves(self) -> list[Any]:
        """The features and columns that are crossed, through all levels."""
        found: list[Any] = []
        for key in self.keys:
            found += key.leaves if isinstance(key, CrossedColumn) else [key]
        return found

    @property
    def name(self) -> str:
        """Of all that is crossed."""
        return "_X_".join(sorted(getattr(leaf, "name", leaf) for leaf in self.leaves))

    @property
    def num_buckets(self) -> int:
        """How many categories there are."""
        return self.hash_bucket_size

    @property
    def parse_example_spec(self) -> dict[str, Any]:
        """What it reads of an example."""
        found: dict[str, Any] = {}
        for key in self.keys:
            found.update(
                {key: VarLenFeature(string)} if isinstance(key, str) else key.parse_example_spec
            )
        return found

    def transformed(self, features: Features) -> SparseTensor:
        """The numbers of the categories.

        Raises:
            ValueError: categories have weights.
        """
        parts = []
        for leaf in self.leaves:
            if isinstance(leaf, str):
                parts.append(features.get(leaf))
                continue
            numbers = leaf.numbers(features)
            if numbers.weights is not None:
                raise ValueError(
                    "crossed_column does not support weight_tensor, but the given column populates "
                    f"weight_tensor. Given column: {leaf.name}"
                )
            parts.append(numbers.ids)
        return sparse_cross_hashed(parts, self.hash_bucket_size, self.hash_key)

    def numbers(self, features: Features) -> Numbers:
        """The numbers of the categories."""
        return Numbers(features.get(self), None)


def categorical_column_with_hash_bucket(
    key: Any, hash_bucket_size: Any, dtype: Any = string
) -> HashedCategoricalColumn:
    """Texts or numbers, by a hash.

    Raises:
        ValueError: there are no buckets.
    """
    if hash_bucket_size is None:
        raise ValueError(f"hash_bucket_size must be set. key: {key}")
    if hash_bucket_size < 1:
        raise ValueError(
            f"hash_bucket_size must be at least 1. hash_bucket_size: {hash_bucket_size}, key: {key}"
        )
    check_key(key)
    check_category_type(dtype, f"column_name: {key}")
    return HashedCategoricalColumn(key, hash_bucket_size, dtype)


def categorical_column_with_identity(
    key: Any, num_buckets: int, default_value: Any = None
) -> IdentityCategoricalColumn:
    """Numbers as they are.

    Raises:
        ValueError: there are none, or the default is not among them.
    """
    if num_buckets < 1:
        raise ValueError(f"num_buckets {num_buckets} < 1, column_name {key}")
    if default_value is not None and not 0 <= default_value < num_buckets:
        raise ValueError(
            f"default_value {default_value} not in range [0, {num_buckets}), column_name {key}"
        )
    check_key(key)
    return IdentityCategoricalColumn(key, num_buckets, default_value)


def weighted_categorical_column(
    categorical_column: Any, weight_feature_key: Any, dtype: Any = float32
) -> WeightedCategoricalColumn:
    """Another column, with weights that are a feature of their own.

    Raises:
        ValueError: such weights cannot be.
    """
    if dtype is None or not (as_dtype(dtype).is_integer or as_dtype(dtype).is_floating):
        raise ValueError(f"dtype {dtype} is not convertible to float.")
    return WeightedCategoricalColumn(categorical_column, weight_feature_key, dtype)


def crossed_column(keys: Any, hash_bucket_size: Any, hash_key: Any = None) -> CrossedColumn:
    """All pairs of categories of other columns, by a hash.

    Raises:
        ValueError: there is nothing to cross, or it cannot be crossed.
    """
    if not hash_bucket_size or hash_bucket_size < 1:
        raise ValueError(f"hash_bucket_size must be > 1. hash_bucket_size: {hash_bucket_size}")
    if not keys or len(keys) < 2:
        raise ValueError(f"keys must be a list with length > 1. Given: {keys}")
    for key in keys:
        if not isinstance(key, str) and not hasattr(key, "numbers"):
            raise ValueError(
                "Unsupported key type. All keys must be either string, or categorical column "
                f"except HashedCategoricalColumn. Given: {key}"
            )
        if isinstance(key, HashedCategoricalColumn):
            raise ValueError(
                "categorical_column_with_hash_bucket is not supported for crossing. Hashing before "
                "crossing will increase probability of collision. Instead, use the feature name "
                f"as a string. Given: {key}"
            )
    return CrossedColumn(tuple(keys), hash_bucket_size, hash_key)
