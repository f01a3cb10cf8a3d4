"""`slim.metrics` and `tf.contrib.metrics`: metrics by name, and the older ones."""

from __future__ import annotations

from functools import wraps
from typing import Any

from scopecli.dryrun import metrics
from scopecli.dryrun.nn.ranking import in_top_k
from scopecli.dryrun.ops.arithmetic import cast

# Those that are not named after labels and predictions have the same arguments in either.
_OF_VALUES = frozenset(["mean", "mean_tensor"])
_ALIASES = {
    "percentage_less": "percentage_below",
    "sparse_recall_at_k": "recall_at_k",
}


def streaming_recall_at_k(
    predictions: Any,
    labels: Any,
    k: int,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: Any = None,
) -> Any:
    """How often the right class is among the likeliest."""
    found = cast(in_top_k(predictions, labels, k), "float32")
    collections = metrics_collections, updates_collections
    return metrics.mean(found, weights, *collections, name or f"recall_at_{k}")


def __getattr__(name: str) -> Any:
    """One of TensorFlow's own, or an older one, whose predictions come first."""
    old = name.removeprefix("streaming_")
    found = getattr(metrics, _ALIASES.get(old, old))
    if old == name or old in {*_OF_VALUES, "percentage_less"} or not callable(found):
        return found

    @wraps(found)
    def streaming(predictions: Any = None, labels: Any = None, *rest: Any, **options: Any) -> Any:
        return found(labels, predictions, *rest, **options)

    return streaming


def aggregate_metrics(*value_update_tuples: Any) -> tuple[list[Any], list[Any]]:
    """The values of several metrics, and what updates them.

    Raises:
        ValueError: there are none.
    """
    if not value_update_tuples:
        raise ValueError("Expected at least one value_tensor/update_op pair")
    values, updates = zip(*value_update_tuples, strict=True)
    return list(values), list(updates)


def aggregate_metric_map(names_to_tuples: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The values of several metrics by name, and what updates them."""
    names = list(names_to_tuples)
    values, updates = zip(*names_to_tuples.values(), strict=True)
    return dict(zip(names, values, strict=True)), dict(zip(names, updates, strict=True))
