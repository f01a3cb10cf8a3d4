"""Examples that were written down: `tf.parse_single_example` and the features that it reads.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/ops/parsing_ops.py
"""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.graph.default import get_default_graph
from scopecli.dryrun.graph.scopes import name_scope
from scopecli.dryrun.ops.applying import convert_to_tensor
from scopecli.dryrun.ops.arrays import reshape
from scopecli.dryrun.ops.constants import constant
from scopecli.dryrun.values.dtypes import as_dtype, int64, string
from scopecli.dryrun.values.shapes import TensorShape, dims_of
from scopecli.model.records import NamedTuple


class FixedLenFeature(NamedTuple):
    """A feature that always has the same shape.

    Attributes:
        shape: of each example's.
        dtype: type of its elements.
        default_value: for examples that have none.
    """

    shape: Any
    dtype: Any
    default_value: Any = None


class VarLenFeature(NamedTuple):
    """A feature that may have any length.

    Attributes:
        dtype: type of its elements.
    """

    dtype: Any


def _default(key: str, feature: FixedLenFeature) -> Any:
    """What examples have that do not have a feature."""
    kind = as_dtype(feature.dtype)
    if feature.default_value is None:
        return constant([], kind)
    letters = "".join(letter if letter.isalnum() or letter in "_.-/" else "_" for letter in key)
    given = convert_to_tensor(feature.default_value, kind, name=f"key_{letters}")
    return reshape(given, TensorShape(feature.shape))


def parse_example(
    serialized: Any, features: Any, name: Any = None, example_names: Any = None
) -> Any:
    """The features of one or many examples.

    Raises:
        ValueError: no features are asked for.
    """
    from scopecli.dryrun.sparse.tensor import SparseTensor

    if not features:
        raise ValueError(f"Argument `features` cannot be None or falsy. Got {features}")
    fixed = {k: features[k] for k in sorted(features) if isinstance(features[k], FixedLenFeature)}
    sparse = {k: features[k] for k in sorted(features) if isinstance(features[k], VarLenFeature)}
    graph = get_default_graph()
    with name_scope(name, "ParseExample"):
        defaults = [_default(key, feature) for key, feature in fixed.items()]
        texts = convert_to_tensor(serialized, name="serialized")
        rows = texts.dims or ()
        with graph.name_scope(name or "ParseExampleV2") as scope:
            keys = {"names": [], "sparse_keys": [*sparse], "dense_keys": [*fixed]}
            lists = [constant(given, string, name=word) for word, given in keys.items()]
            lists.append(constant([], string, name="ragged_keys"))
            axes = len(rows) + 1
            outputs: list[Any] = [(int64, (None, axes))] * len(sparse)
            outputs += [(as_dtype(feature.dtype), (None,)) for feature in sparse.values()]
            outputs += [(int64, (axes,))] * len(sparse)
            for feature in fixed.values():
                sizes = dims_of(feature.shape) or ()
                outputs.append((as_dtype(feature.dtype), (*rows, *sizes)))
            inputs = [texts, *lists, *defaults]
            op = graph.add("ParseExampleV2", scope[:-1], inputs, outputs, {})
    count = len(sparse)
    found = dict(zip(fixed, op.outputs[3 * count :], strict=True))
    for position, key in enumerate(sparse):
        found[key] = SparseTensor(*op.outputs[position : 3 * count : count])
    for key, value in features.items():  # of other kinds nothing is known but the type
        if key not in found:
            from scopecli.dryrun.sparse.tensor import sparse_placeholder

            found[key] = sparse_placeholder(getattr(value, "dtype", "int64"))
    return found


def parse_single_example(
    serialized: Any, features: Any, name: Any = None, example_names: Any = None
) -> Any:
    """The features of an example."""
    with name_scope(name, "ParseSingleExample"):
        text = convert_to_tensor(serialized, name="serialized")
        return parse_example(text, features, name)
