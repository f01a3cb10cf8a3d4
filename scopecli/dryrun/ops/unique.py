"""Elements that differ: `tf.unique`, `tf.setdiff1d`."""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.ops.applying import apply_op
from scopecli.dryrun.values.dtypes import as_dtype
from scopecli.model.records import NamedTuple


class Unique(NamedTuple):
    """Elements, and which of them stands at each place."""

    y: Any
    idx: Any


class UniqueWithCounts(NamedTuple):
    """Elements, which of them stands at each place, and how often each comes."""

    y: Any
    idx: Any
    count: Any


class ListDiff(NamedTuple):
    """Elements, and where they stood."""

    out: Any
    idx: Any


def unique(x: Any, out_idx: Any = "int32", name: str | None = None) -> Unique:
    """Each element once."""
    return Unique(*apply_op("Unique", x, name=name, out_idx=as_dtype(out_idx)).outputs)


def unique_with_counts(x: Any, out_idx: Any = "int32", name: str | None = None) -> UniqueWithCounts:
    """Each element once, with how often it came."""
    op = apply_op("UniqueWithCounts", x, name=name, out_idx=as_dtype(out_idx))
    return UniqueWithCounts(*op.outputs)


def setdiff1d(x: Any, y: Any, index_dtype: Any = "int32", name: str | None = None) -> ListDiff:
    """The elements of one list that are not in another."""
    op = apply_op("ListDiff", x, y, name=name, out_idx=as_dtype(index_dtype))
    return ListDiff(*op.outputs)
