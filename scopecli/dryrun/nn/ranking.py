"""The largest values, and whether a target is among them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.scopes import name_scope
from scopecli.dryrun.ops.applying import apply, apply_op
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from scopecli.dryrun.graph.nodes import Tensor


class TopKV2(NamedTuple):
    """The largest elements, and where they are."""

    values: Any
    indices: Any


def top_k(input: Any, k: Any = 1, sorted: bool = True, name: str | None = None) -> TopKV2:
    """The largest elements and where they are."""
    return TopKV2(*apply_op("TopKV2", input, k, name=name).outputs)


def in_top_k(predictions: Any, targets: Any, k: Any, name: str | None = None) -> Tensor:
    """Whether the right class is among the first."""
    with name_scope(name, "in_top_k"):
        return apply("InTopKV2", predictions, targets, k, name=name)
