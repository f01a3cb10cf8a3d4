"""Examples that were written down: `tf.parse_single_example` and the features that it reads."""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.graph.default import get_default_graph
from scopecli.dryrun.values.dtypes import as_dtype
from scopecli.dryrun.values.shapes import dims_of
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


def _parsed(type_: str, default: str, features: Any, name: Any, rows: tuple[Any, ...]) -> Any:
    graph = get_default_graph()
    fixed = {key: value for key, value in features.items() if isinstance(value, FixedLenFeature)}
    with graph.name_scope(name or default):
        outputs = [
            (as_dtype(value.dtype), (*rows, *(dims_of(value.shape) or ())))
            for _, value in sorted(fixed.items())
        ]
        op = graph.add(type_, graph.scope_name(type_), [], outputs, {})
    found = dict(zip(sorted(fixed), op.outputs, strict=True))
    for key, value in features.items():
        if key not in found:
            from scopecli.dryrun.sparse import sparse_placeholder

            found[key] = sparse_placeholder(getattr(value, "dtype", "int64"))
    return found


def parse_single_example(serialized: Any, features: Any, name: Any = None, *_: Any) -> Any:
    """The features of an example."""
    return _parsed("ParseSingleExample", "ParseSingleExample", features, name, ())


def parse_example(serialized: Any, features: Any, name: Any = None, *_: Any) -> Any:
    """The features of many examples."""
    return _parsed("ParseExampleV2", "ParseExample", features, name, (None,))
