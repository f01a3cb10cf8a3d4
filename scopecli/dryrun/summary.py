"""`tf.summary`: nodes that write down values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.keys import GraphKeys
from scopecli.dryrun.graph.scopes import add_to_collections, get_collection, name_scope
from scopecli.dryrun.namespaces import attributes
from scopecli.dryrun.ops.applying import apply, convert_to_tensor
from scopecli.dryrun.ops.constants import constant

if TYPE_CHECKING:
    from scopecli.dryrun.graph.nodes import Tensor

_names = attributes(__name__, {})


def __getattr__(name: str) -> Any:
    """Writers do nothing; other kinds of summaries are not known."""
    if name in {"FileWriter", "FileWriterCache"}:
        return _Writer
    return _names(name)


class _Writer:
    def __init__(self, *_: Any, **__: Any) -> None:
        """Nothing is opened."""

    def add_summary(self, *_: Any, **__: Any) -> None:
        """Nothing is written."""

    add_graph = flush = close = add_summary


def _summary(type_: str, tag: str) -> Any:
    def summary(
        name: str, tensor: Any, collections: Any = None, family: Any = None, **_: Any
    ) -> Tensor:
        cleaned = "".join(c if c.isalnum() or c in "-./_" else "_" for c in name).lstrip("/")
        inner = f"{family}/{cleaned}" if family else cleaned
        with name_scope(inner) as scope:
            full = scope.removesuffix("/")
            text = _constant(f"{family}/{full}" if family else full, tag)
            found = apply(type_, text, tensor, name=scope)
        keys = [GraphKeys.SUMMARIES] if collections is None else collections
        add_to_collections(keys, found)
        return found

    return summary


def _constant(text: str, name: str) -> Tensor:
    return constant(text, name=name)


scalar = _summary("ScalarSummary", "tags")
histogram = _summary("HistogramSummary", "tag")
image = _summary("ImageSummary", "tag")


def text(name: str, tensor: Any, collections: Any = None) -> Tensor:
    """A text."""
    with name_scope(name) as scope:
        tag = _constant(scope.removesuffix("/"), "tag")
        found = apply("TensorSummaryV2", tag, tensor, "", name=scope)
    add_to_collections([GraphKeys.SUMMARIES] if collections is None else collections, found)
    return found


def tensor_summary(
    name: str,
    tensor: Any,
    summary_description: Any = None,
    collections: Any = None,
    summary_metadata: Any = None,
    family: Any = None,
    display_name: Any = None,
) -> Tensor:
    """A tensor as it is."""
    return text(f"{family}/{name}" if family else name, tensor, collections)


def audio(
    name: str,
    tensor: Any,
    sample_rate: Any,
    max_outputs: int = 3,
    collections: Any = None,
    family: Any = None,
) -> Tensor:
    """A sound."""
    with name_scope(f"{family}/{name}" if family else name) as scope:
        rate = convert_to_tensor(sample_rate, "float32", name="sample_rate")
        tag = _constant(scope.removesuffix("/"), "tag")
        found = apply("AudioSummaryV2", tag, tensor, rate, name=scope)
    add_to_collections([GraphKeys.SUMMARIES] if collections is None else collections, found)
    return found


def merge(inputs: Any, collections: Any = None, name: str | None = None) -> Tensor:
    """Several as one."""
    with name_scope(name, "Merge"):
        return apply("MergeSummary", inputs, name=name)


def merge_all(key: str = GraphKeys.SUMMARIES, scope: Any = None, name: Any = None) -> Any:
    """All collected ones as one; None where there is none."""
    found = get_collection(key, scope)
    return merge(found, name=name) if found else None
