"""`slim.metrics`: metrics by name."""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.metrics import *  # noqa: F403 - slim gives TensorFlow's own, too


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
