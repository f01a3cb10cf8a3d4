"""Columns of categories that are written down, in a list or in a file.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/feature_column/feature_column_v2.py
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scopecli.dryrun.feature_column.features import (
    Categories,
    Features,
    check_category_type,
    check_key,
    of_type,
    sparse_of,
)
from scopecli.dryrun.graph.scopes import init_scope
from scopecli.dryrun.lookup import index_table_from_file, index_table_from_tensor
from scopecli.dryrun.ops.arithmetic import cast
from scopecli.dryrun.values.dtypes import int64, string
from scopecli.dryrun.values.python_values import inferred_dtype

if TYPE_CHECKING:
    from scopecli.dryrun.sparse.tensor import SparseTensor


@dataclass(frozen=True)
class VocabularyListCategoricalColumn(Categories):
    """Texts or numbers, by their place in a list."""

    key: str
    vocabulary_list: tuple[Any, ...]
    dtype: Any
    default_value: int
    num_oov_buckets: int

    @property
    def num_buckets(self) -> int:
        """How many categories there are."""
        return len(self.vocabulary_list) + self.num_oov_buckets

    def transformed(self, features: Features) -> SparseTensor:
        """The numbers of the categories."""

        def table_of(kind: Any) -> Any:
            return index_table_from_tensor(
                self.vocabulary_list,
                self.num_oov_buckets,
                self.default_value,
                dtype=kind,
                name=f"{self.key}_lookup",
            )

        return _found_in(table_of, self, features)


@dataclass(frozen=True)
class VocabularyFileCategoricalColumn(Categories):
    """Texts or numbers, by their place in a file."""

    key: str
    vocabulary_file: str
    vocabulary_size: int
    num_oov_buckets: int
    dtype: Any
    default_value: int
    file_format: Any = None

    @property
    def num_buckets(self) -> int:
        """How many categories there are."""
        return self.vocabulary_size + self.num_oov_buckets

    def transformed(self, features: Features) -> SparseTensor:
        """The numbers of the categories."""

        def table_of(kind: Any) -> Any:
            return index_table_from_file(
                self.vocabulary_file,
                self.num_oov_buckets,
                self.vocabulary_size,
                self.default_value,
                key_dtype=kind,
                name=f"{self.key}_lookup",
            )

        return _found_in(table_of, self, features)


def _found_in(table_of: Any, column: Any, features: Features) -> SparseTensor:
    """What a table says of the categories of a column."""
    given: Any = of_type(column, sparse_of(features.get(column.key)))
    kind = column.dtype
    if given.dtype.is_integer:
        kind, given = int64, cast(given, int64)
    with init_scope():
        table = table_of(kind)
    return table.lookup(given)  # type: ignore[no-any-return]


def _check_unknown_words(key: Any, count: Any, is_given: bool) -> None:
    if count:
        if is_given:
            raise ValueError(f"Can't specify both num_oov_buckets and default_value in {key}.")
        if count < 0:
            raise ValueError(f"Invalid num_oov_buckets {count} in {key}.")


def categorical_column_with_vocabulary_list(
    key: Any,
    vocabulary_list: Any,
    dtype: Any = None,
    default_value: int = -1,
    num_oov_buckets: int = 0,
) -> VocabularyListCategoricalColumn:
    """Texts or numbers, by their place in a list.

    Raises:
        ValueError: the list is empty, or has something twice or of the wrong type.
    """
    words = vocabulary_list
    if words is None or len(words) < 1:
        raise ValueError(f"vocabulary_list {words} must be non-empty, column_name: {key}")
    if len(set(words)) != len(words):
        raise ValueError(f"Duplicate keys in vocabulary_list {words}, column_name: {key}")
    own = inferred_dtype(list(words), None)
    own = int64 if own.is_integer else own
    _check_unknown_words(key, num_oov_buckets, default_value != -1)
    check_category_type(own, f"column_name: {key} vocabulary")
    if dtype is None:
        dtype = own
    elif dtype.is_integer != own.is_integer:
        raise ValueError(
            f"dtype {dtype} and vocabulary dtype {own} do not match, column_name: {key}"
        )
    check_category_type(dtype, f"column_name: {key}")
    check_key(key)
    return VocabularyListCategoricalColumn(key, tuple(words), dtype, default_value, num_oov_buckets)


def categorical_column_with_vocabulary_file(
    key: Any,
    vocabulary_file: Any,
    vocabulary_size: Any = None,
    num_oov_buckets: int = 0,
    default_value: Any = None,
    dtype: Any = string,
) -> VocabularyFileCategoricalColumn:
    """Texts or numbers, by their place in a file.

    Raises:
        ValueError: the file is not there, and its size is not said.
    """
    if not vocabulary_file:
        raise ValueError(f"Missing vocabulary_file in {key}.")
    if vocabulary_size is None:
        path = Path(vocabulary_file)
        if not path.is_file():
            raise ValueError(f"vocabulary_file in {key} does not exist.")
        with path.open("rb") as lines:
            vocabulary_size = sum(1 for _ in lines)
    if vocabulary_size < 1:
        raise ValueError(f"Invalid vocabulary_size in {key}.")
    _check_unknown_words(key, num_oov_buckets, default_value is not None)
    check_category_type(dtype, f"column_name: {key}")
    check_key(key)
    return VocabularyFileCategoricalColumn(
        key,
        vocabulary_file,
        vocabulary_size,
        num_oov_buckets or 0,
        dtype,
        -1 if default_value is None else default_value,
    )
