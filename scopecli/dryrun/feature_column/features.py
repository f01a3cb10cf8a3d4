"""What columns read: features as they were given, and what columns made of them, each once.

A dense column has `dense`, which gives a tensor with a row for each example, and `variable_shape`.
A categorical one has `numbers`, which gives the numbers of its categories, and `num_buckets`. All
have `name`, `parse_example_spec` and `transformed`, which gives what others read of it. Columns are
dataclasses: what is printed of one in an error is what TensorFlow prints.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/feature_column/feature_column.py
"""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.graph.scopes import control_dependencies, name_scope
from scopecli.dryrun.ops.applying import apply, convert_to_tensor
from scopecli.dryrun.ops.arithmetic import cast
from scopecli.dryrun.ops.arrays import expand_dims, rank, shape
from scopecli.dryrun.ops.indexing import gather_nd, where
from scopecli.dryrun.program.parsing import VarLenFeature
from scopecli.dryrun.sparse.tensor import SparseTensor, sparse_reshape
from scopecli.dryrun.values.dtypes import as_dtype
from scopecli.model.records import NamedTuple


class Numbers(NamedTuple):
    """The categories of examples.

    Attributes:
        ids: their numbers, a sparse tensor.
        weights: of each, in the same way; None where all weigh the same.
    """

    ids: SparseTensor
    weights: SparseTensor | None


class Categories:
    """A column of categories that are one feature.

    Attributes:
        key: the feature's.
    """

    key: str

    @property
    def example_type(self) -> Any:
        """Of an example's categories."""
        return self.dtype  # type: ignore[attr-defined]

    @property
    def name(self) -> str:
        """The feature's."""
        return self.key

    @property
    def parse_example_spec(self) -> dict[str, Any]:
        """What it reads of an example."""
        return {self.key: VarLenFeature(self.example_type)}

    def numbers(self, features: Features) -> Numbers:
        """The numbers of the categories."""
        return Numbers(features.get(self), None)


class OfCategories:
    """A dense column that is made of categories.

    Attributes:
        categorical_column: the categories.
    """

    categorical_column: Any

    @property
    def parse_example_spec(self) -> dict[str, Any]:
        """What it reads of an example."""
        return self.categorical_column.parse_example_spec  # type: ignore[no-any-return]


def is_column(value: Any) -> bool:
    """Whether something is a column."""
    return hasattr(value, "parse_example_spec")


class Features:
    """The features of a batch of examples, by key, and what columns have made of them."""

    def __init__(self, features: Any) -> None:
        self._given = dict(features)
        self._made: dict[Any, Any] = {}

    def get(self, key: Any) -> Any:
        """A feature, or what a column makes of it.

        Raises:
            ValueError: there is no such feature.
        """
        if key not in self._made:
            if key in self._given:
                self._made[key] = _with_rows(key, _tensor(self._given[key]))
            elif isinstance(key, str):
                raise ValueError(f"Feature {key} is not in features dictionary.")
            else:
                self._made[key] = key.transformed(self)
        return self._made[key]


def _tensor(value: Any) -> Any:
    return value if isinstance(value, SparseTensor) else convert_to_tensor(value)


def _with_rows(key: str, feature: Any) -> Any:
    """A feature with a row for each example: a vector becomes a column."""
    dims = feature.shape.dims
    no_rank = f"Feature (key: {key}) cannot have rank 0. Given: {feature}"
    if dims is None:
        from scopecli.dryrun.ops.checks import assert_positive
        from scopecli.dryrun.ops.control_flow.conditionals import cond

        with control_dependencies([assert_positive(rank(feature), message=no_rank)]):
            is_vector = apply("Equal", 1, rank(feature))
            return cond(is_vector, lambda: _column(feature), lambda: feature)
    if not dims:
        raise ValueError(no_rank)
    return _column(feature) if len(dims) == 1 else feature


def _column(feature: Any) -> Any:
    if isinstance(feature, SparseTensor):
        return sparse_reshape(feature, [shape(feature)[0], 1])
    return expand_dims(feature, -1)


def sparse_of(feature: Any, ignored: Any = None) -> SparseTensor:
    """A feature as a sparse tensor, without the elements that stand for nothing."""
    feature = _tensor(feature)
    if isinstance(feature, SparseTensor):
        return feature
    with name_scope(None, "to_sparse_input", [feature, ignored]):
        kind = as_dtype(feature.dtype)
        if ignored is None:
            ignored = "" if kind.name == "string" else -1 if kind.is_integer else 0.0
        ignored = cast(ignored, kind, name="ignore_value")
        indices = where(apply("NotEqual", feature, ignored), name="indices")
        values = gather_nd(feature, indices, name="values")
        return SparseTensor(indices, values, shape(feature, "dense_shape", "int64"))


def check_key(key: Any) -> None:
    """Refuse a key that is no text."""
    if not isinstance(key, str):
        raise ValueError(f"key must be a string. Got: type {type(key)}. Given key: {key}.")


def check_category_type(dtype: Any, prefix: str) -> None:
    """Refuse a type that categories cannot have."""
    if dtype.name != "string" and not dtype.is_integer:
        raise ValueError(f"{prefix} dtype must be string or integer. dtype: {dtype}.")


def of_type(column: Any, given: SparseTensor) -> SparseTensor:
    """What a column is given, which must be texts or integers as it says.

    Raises:
        ValueError: it is something else.
    """
    kind = given.dtype
    if column.dtype.is_integer != kind.is_integer:
        raise ValueError(
            f"Column dtype and SparseTensors dtype must be compatible. key: {column.key}, "
            f"column dtype: {column.dtype}, tensor dtype: {kind}"
        )
    check_category_type(kind, f"column_name: {column.key} input_tensor")
    return given
