"""Categories as numbers for a network: rows of a table, or a place for each.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/feature_column/feature_column_v2.py
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scopecli.dryrun.feature_column.features import Features, OfCategories
from scopecli.dryrun.graph.keys import GraphKeys
from scopecli.dryrun.graph.scopes import add_to_collection, get_collection, name_scope
from scopecli.dryrun.nn.sparse_embeddings import (
    embedding_lookup_sparse,
    safe_embedding_lookup_sparse,
)
from scopecli.dryrun.ops.indexing import one_hot, scatter_nd
from scopecli.dryrun.ops.reductions import reduce_sum
from scopecli.dryrun.sparse.changes import sparse_merge, sparse_slice
from scopecli.dryrun.sparse.tensor import sparse_tensor_to_dense
from scopecli.dryrun.values.dtypes import float32
from scopecli.dryrun.values.shapes import TensorShape
from scopecli.dryrun.variables.getting import get_variable
from scopecli.dryrun.variables.initializers import truncated_normal_initializer

if TYPE_CHECKING:
    from scopecli.dryrun.feature_column.features import Numbers


@dataclass(frozen=True)
class EmbeddingColumn(OfCategories):
    """Categories as rows of a table that is learned."""

    categorical_column: Any
    dimension: int
    combiner: str
    initializer: Any
    ckpt_to_load_from: Any
    tensor_name_in_ckpt: Any
    max_norm: Any
    trainable: bool
    use_safe_embedding_lookup: bool = True

    @property
    def name(self) -> str:
        """The categories', and that they are embedded."""
        return f"{self.categorical_column.name}_embedding"

    @property
    def variable_shape(self) -> TensorShape:
        """Of an example's numbers."""
        return TensorShape([self.dimension])

    def dense(self, features: Features, collections: Any, trainable: Any) -> Any:
        """The rows of the categories, combined."""
        numbers = self.categorical_column.numbers(features)
        return _rows(self, _table(self, collections, trainable), numbers)


@dataclass(frozen=True)
class SharedEmbeddingColumn(OfCategories):
    """Categories as rows of a table that several columns share."""

    categorical_column: Any
    dimension: int
    combiner: str
    initializer: Any
    shared_embedding_collection_name: str
    ckpt_to_load_from: Any
    tensor_name_in_ckpt: Any
    max_norm: Any
    trainable: bool
    use_safe_embedding_lookup: bool = True

    @property
    def name(self) -> str:
        """The categories', and that they share a table."""
        return f"{self.categorical_column.name}_shared_embedding"

    @property
    def scope_name(self) -> str:
        """Of the variable scope."""
        return self.shared_embedding_collection_name

    @property
    def variable_shape(self) -> TensorShape:
        """Of an example's numbers."""
        return TensorShape([self.dimension])

    def dense(self, features: Features, collections: Any, trainable: Any) -> Any:
        """The rows of the categories, combined.

        Raises:
            ValueError: what is in the collection is not the table.
        """
        with name_scope(None, self.name):
            numbers = self.categorical_column.numbers(features)
            shared = get_collection(self.shared_embedding_collection_name)
            if len(shared) > 1:
                raise ValueError(f"Collection {shared} can only contain one variable. {_OWN_NAME}")
            if not shared:
                table = _table(self, collections, trainable)
                add_to_collection(self.shared_embedding_collection_name, table)
                return _rows(self, table, numbers)
            wanted = (self.categorical_column.num_buckets, self.dimension)
            if shared[0].get_shape().as_list() != list(wanted):
                raise ValueError(
                    f"Shared embedding collection {self.shared_embedding_collection_name} contains "
                    f"variable {shared[0].name} of unexpected shape {shared[0].get_shape()}. "
                    f"Expected shape is {wanted}. {_OWN_NAME}"
                )
            return _rows(self, shared[0], numbers)


_OWN_NAME = (
    "Suggested fix A: Choose a unique name for this collection. Suggested fix B: Do not add any "
    "variables to this collection. The feature_column library already adds a variable under the "
    "hood."
)


def _table(column: Any, collections: Any, trainable: Any) -> Any:
    """The rows of the categories."""
    if collections and GraphKeys.GLOBAL_VARIABLES not in collections:
        collections.append(GraphKeys.GLOBAL_VARIABLES)
    return get_variable(
        "embedding_weights",
        (column.categorical_column.num_buckets, column.dimension),
        dtype=float32,
        initializer=column.initializer,
        trainable=column.trainable and trainable,
        collections=collections,
    )


def _rows(column: Any, table: Any, numbers: Numbers) -> Any:
    """The rows of the categories of each example, combined."""
    axes = numbers.ids.dense_shape.dims
    rank = axes[0] if axes else None
    safe = column.use_safe_embedding_lookup or rank is None or rank > 2
    lookup = safe_embedding_lookup_sparse if safe else embedding_lookup_sparse
    return lookup(
        table,
        numbers.ids,
        numbers.weights,
        combiner=column.combiner,
        name=f"{column.name}_weights",
        max_norm=column.max_norm,
    )


@dataclass(frozen=True)
class IndicatorColumn(OfCategories):
    """Categories as a row with how often each is there."""

    categorical_column: Any

    @property
    def name(self) -> str:
        """The categories', and that each has a place."""
        return f"{self.categorical_column.name}_indicator"

    @property
    def variable_shape(self) -> TensorShape:
        """Of an example's numbers: one for each category."""
        return TensorShape([1, self.categorical_column.num_buckets])

    def transformed(self, features: Features) -> Any:
        """How often each category is there."""
        numbers = self.categorical_column.numbers(features)
        size = self.categorical_column.num_buckets
        if numbers.weights is not None:
            merged = sparse_merge(numbers.ids, numbers.weights, size)
            whole = sparse_slice(merged, [0, 0], merged.dense_shape)
            return scatter_nd(whole.indices, whole.values, whole.dense_shape)
        ids = sparse_tensor_to_dense(numbers.ids, default_value=-1)
        return reduce_sum(one_hot(ids, size, on_value=1.0, off_value=0.0), axis=[-2])

    def dense(self, features: Features, _: Any, __: Any) -> Any:
        """How often each category is there."""
        return features.get(self)


def _initializer(dimension: Any, given: Any, checkpoint: Any, tensor: Any, of_what: str) -> Any:
    """What the rows of a table begin with.

    Raises:
        ValueError: the table cannot be.
    """
    if dimension is None or dimension < 1:
        raise ValueError(f"Invalid dimension {dimension}.")
    if (checkpoint is None) != (tensor is None):
        raise ValueError(
            "Must specify both `ckpt_to_load_from` and `tensor_name_in_ckpt` or none of them."
        )
    if given is None:
        return truncated_normal_initializer(mean=0.0, stddev=1 / math.sqrt(dimension))
    if not callable(given):
        raise ValueError(f"initializer must be callable if specified.{of_what}")
    return given


def embedding_column(
    categorical_column: Any,
    dimension: Any,
    combiner: str = "mean",
    initializer: Any = None,
    ckpt_to_load_from: Any = None,
    tensor_name_in_ckpt: Any = None,
    max_norm: Any = None,
    trainable: bool = True,
    use_safe_embedding_lookup: bool = True,
) -> EmbeddingColumn:
    """Categories as rows of a table that is learned."""
    of_what = f" Embedding of column_name: {getattr(categorical_column, 'name', '')}"
    return EmbeddingColumn(
        categorical_column,
        dimension,
        combiner,
        _initializer(dimension, initializer, ckpt_to_load_from, tensor_name_in_ckpt, of_what),
        ckpt_to_load_from,
        tensor_name_in_ckpt,
        max_norm,
        trainable,
        use_safe_embedding_lookup,
    )


def _without_weights(column: Any) -> Any:
    while hasattr(column, "weight_feature_key"):
        column = column.categorical_column
    return column


def shared_embedding_columns(
    categorical_columns: Any,
    dimension: Any,
    combiner: str = "mean",
    initializer: Any = None,
    shared_embedding_collection_name: Any = None,
    ckpt_to_load_from: Any = None,
    tensor_name_in_ckpt: Any = None,
    max_norm: Any = None,
    trainable: bool = True,
    use_safe_embedding_lookup: bool = True,
) -> list[SharedEmbeddingColumn]:
    """Categories as rows of a table that all columns share.

    Raises:
        ValueError: the columns are of different kinds or sizes.
    """
    start = _initializer(dimension, initializer, ckpt_to_load_from, tensor_name_in_ckpt, "")
    in_order = sorted(categorical_columns, key=lambda column: column.name)
    first, size = _without_weights(in_order[0]), in_order[0].num_buckets
    for other in map(_without_weights, in_order[1:]):
        if type(other) is not type(first):
            raise ValueError(
                "To use shared_embedding_column, all categorical_columns must have the same type, "
                "or be weighted_categorical_column or sequence column of the same type. Given "
                f"column: {first} of type: {type(first)} does not match given column: {other} of "
                f"type: {type(other)}"
            )
        if other.num_buckets != size:
            raise ValueError(
                "To use shared_embedding_column, all categorical_columns must have the same number "
                f"of buckets. ven column: {first} with buckets: {size} does  not match column: "
                f"{other} with buckets: {other.num_buckets}"
            )
    name = shared_embedding_collection_name
    name = name or "_".join([*(column.name for column in in_order), "shared_embedding"])
    return [
        SharedEmbeddingColumn(
            column,
            dimension,
            combiner,
            start,
            name,
            ckpt_to_load_from,
            tensor_name_in_ckpt,
            max_norm,
            trainable,
            use_safe_embedding_lookup,
        )
        for column in categorical_columns
    ]


def indicator_column(categorical_column: Any) -> IndicatorColumn:
    """Categories as a row with how often each is there.

    Raises:
        ValueError: they are no categories.
    """
    if not hasattr(categorical_column, "numbers"):
        raise ValueError(
            "Unsupported input type. Input must be a CategoricalColumn. "
            f"Given: {categorical_column}"
        )
    return IndicatorColumn(categorical_column)
