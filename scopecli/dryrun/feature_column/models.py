"""What is built on columns: the input of a network, and a linear model.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/feature_column/feature_column.py
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from scopecli.dryrun.feature_column.features import Features, is_column
from scopecli.dryrun.graph.keys import GraphKeys
from scopecli.dryrun.graph.scopes import add_to_collection, get_collection, name_scope
from scopecli.dryrun.nn.activations import bias_add
from scopecli.dryrun.nn.sparse_embeddings import safe_embedding_lookup_sparse
from scopecli.dryrun.ops.arithmetic import add_n
from scopecli.dryrun.ops.arrays import concat, reshape, shape
from scopecli.dryrun.ops.products import matmul
from scopecli.dryrun.sparse.tensor import sparse_reshape
from scopecli.dryrun.variables.getting import get_variable
from scopecli.dryrun.variables.initializers import zeros_initializer
from scopecli.dryrun.variables.opening import variable_scope
from scopecli.dryrun.variables.scope import get_variable_scope

if TYPE_CHECKING:
    from scopecli.dryrun.graph.nodes import Tensor


def input_layer(
    features: Any,
    feature_columns: Any,
    weight_collections: Any = None,
    trainable: bool = True,
    cols_to_vars: Any = None,
    cols_to_output_tensors: Any = None,
) -> Tensor:
    """All dense columns side by side, in the order of their names.

    Raises:
        ValueError: something is no dense column.
    """
    columns = _columns(feature_columns)
    for column in columns:
        if not hasattr(column, "dense"):
            raise ValueError(
                "Items of feature_columns must be a _DenseColumn. You can wrap a categorical "
                f"column with an embedding_column or indicator_column. Given: {column}"
            )
    collections = _collections(weight_collections)
    found = []
    with variable_scope(None, "input_layer", list(features.values())):
        given = Features(features)
        for column in columns:
            with variable_scope(None, _scope_name(column)):
                flat = _flat(column, given, collections, trainable)
                found.append(flat)
                if cols_to_vars is not None:
                    cols_to_vars[column] = get_collection(
                        GraphKeys.GLOBAL_VARIABLES, get_variable_scope().name
                    )
                if cols_to_output_tensors is not None:
                    cols_to_output_tensors[column] = flat
        _check_rows(found, columns)
        return concat(found, 1)


def _columns(given: Any) -> list[Any]:
    """Columns in the order of their names.

    Raises:
        ValueError: there are none, something is none, or two have one name.
    """
    if is_column(given):
        given = [given]
    if isinstance(given, Iterator):
        given = list(given)
    if isinstance(given, dict):
        raise ValueError("Expected feature_columns to be iterable, found dict.")
    by_name: dict[str, Any] = {}
    for column in given:
        if not is_column(column):
            raise ValueError(
                "Items of feature_columns must be a _FeatureColumn. "
                f"Given (type {type(column)}): {column}."
            )
    if not given:
        raise ValueError("feature_columns must not be empty.")
    for column in given:
        if column.name in by_name:
            raise ValueError(
                f"Duplicate feature column name found for columns: {column} and "
                f"{by_name[column.name]}. This usually means that these columns refer to same base "
                "feature. Either one must be discarded or a duplicated but renamed item must be "
                "inserted in features dict."
            )
        by_name[column.name] = column
    return [by_name[name] for name in sorted(by_name)]


def _collections(given: Any) -> list[str]:
    """Where the weights go, besides what is asked for."""
    found = list(given or [])
    for key in (GraphKeys.GLOBAL_VARIABLES, GraphKeys.MODEL_VARIABLES):
        if key not in found:
            found.append(key)
    return found


def _scope_name(column: Any) -> str:
    return str(getattr(column, "scope_name", column.name))


def _flat(column: Any, features: Features, collections: Any, trainable: Any) -> Tensor:
    """A column as a row of numbers for each example."""
    tensor = column.dense(features, collections, trainable)
    rows: Any = shape(tensor)[0]
    return reshape(tensor, (rows, column.variable_shape.num_elements()))


def _check_rows(tensors: list[Any], columns: list[Any]) -> None:
    """Refuse columns of different numbers of examples."""
    first: tuple[str, int] | None = None
    for tensor, column in zip(tensors, columns, strict=True):
        rows = tensor.dims[0]
        if rows is None:
            continue
        first = first or (column.name, rows)
        if rows != first[1]:
            raise ValueError(
                "Batch size (first dimension) of each feature must be same. Batch size of columns "
                f"({first[0]}, {column.name}): ({first[1]}, {rows})"
            )


def linear_model(
    features: Any,
    feature_columns: Any,
    units: int = 1,
    sparse_combiner: str = "sum",
    weight_collections: Any = None,
    trainable: bool = True,
    cols_to_vars: Any = None,
) -> Any:
    """The weighted sum of all columns."""
    with variable_scope(None, "linear_model") as scope:
        name = _last(scope.name)
    columns = _columns(feature_columns)
    collections = _collections(weight_collections)
    by_scope = {}
    for column in columns:
        with variable_scope(None, _scope_name(column)) as scope:
            by_scope[_last(scope.name)] = column
    sums: list[Any] = []

    def weights(variable: str, sizes: Any) -> Any:
        found = get_variable(variable, sizes, initializer=zeros_initializer(), trainable=trainable)
        parts = list(found) if hasattr(found, "_get_variable_list") else [found]
        for key in collections:
            if key != GraphKeys.GLOBAL_VARIABLES:
                for part in parts:
                    add_to_collection(key, part)
        return found

    given = Features(features)
    with name_scope(name), variable_scope(name):
        for own, column in sorted(by_scope.items()):
            with variable_scope(None, own) as scope:
                sums.append(_weighted(column, given, (units, sparse_combiner), weights))
                if cols_to_vars is not None:
                    cols_to_vars[column] = get_collection(GraphKeys.GLOBAL_VARIABLES, scope.name)
        _check_rows(sums, [column for _, column in sorted(by_scope.items())])
        total = add_n(sums, name="weighted_sum_no_bias")
        bias = weights("bias_weights", [units])
        if cols_to_vars is not None:
            cols_to_vars["bias"] = list(bias) if hasattr(bias, "_get_variable_list") else [bias]
        return bias_add(total, bias, name="weighted_sum")


def _last(name: str) -> str:
    return name.rpartition("/")[2]


def _weighted(column: Any, features: Features, how: tuple[int, str], weights: Any) -> Any:
    """A column times its weights."""
    units, combiner = how
    if not hasattr(column, "numbers"):
        table = weights("weights", [column.variable_shape.num_elements(), units])
        return matmul(_flat(column, features, None, None), table, name="weighted_sum")
    table = weights("weights", (column.num_buckets, units))
    ids, of_each = column.numbers(features)
    first: Any = shape(ids)[0]
    ids = sparse_reshape(ids, [first, -1])
    if of_each is not None:
        first = shape(of_each)[0]
        of_each = sparse_reshape(of_each, [first, -1])
    return safe_embedding_lookup_sparse(table, ids, of_each, combiner=combiner, name="weighted_sum")


def make_parse_example_spec(feature_columns: Any) -> dict[str, Any]:
    """What columns read of an example, as `tf.parse_example` takes it.

    Raises:
        ValueError: something is no column, or two read one feature in two ways.
    """
    found: dict[str, Any] = {}
    for column in feature_columns:
        if not is_column(column):
            raise ValueError(
                f"All feature_columns must be _FeatureColumn instances. Given: {column}"
            )
        for key, value in column.parse_example_spec.items():
            if found.setdefault(key, value) != value:
                raise ValueError(
                    f"feature_columns contain different parse_spec for key {key}. "
                    f"Given {value} and {found[key]}"
                )
    return found
