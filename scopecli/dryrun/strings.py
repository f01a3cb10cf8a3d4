"""`tf.strings`: texts joined and read as numbers; the rest of it stands in the tables."""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.namespaces import attributes
from scopecli.dryrun.ops.applying import apply
from scopecli.dryrun.ops.reductions import reduce_join
from scopecli.dryrun.sparse.tensor import string_split as split
from scopecli.dryrun.values.dtypes import as_dtype

__all__ = ["reduce_join", "split"]

__getattr__: Any = attributes(__name__, {})


def string_join(inputs: Any, separator: str = "", name: str | None = None) -> Any:
    """Texts element by element one after the other."""
    return apply("StringJoin", inputs, name=name, separator=separator)


def string_to_number(
    string_tensor: Any = None, out_type: Any = "float32", name: str | None = None, input: Any = None
) -> Any:
    """Texts as numbers."""
    texts = string_tensor if input is None else input
    return apply("StringToNumber", texts, name=name, out_type=as_dtype(out_type))


join, to_number = string_join, string_to_number
