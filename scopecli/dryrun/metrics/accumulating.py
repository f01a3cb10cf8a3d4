"""What all metrics share: local variables that they count in, and shapes that go together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.keys import GraphKeys
from scopecli.dryrun.graph.scopes import add_to_collections, name_scope
from scopecli.dryrun.ops.applying import apply, convert_to_tensor
from scopecli.dryrun.ops.arrays import expand_dims, squeeze
from scopecli.dryrun.ops.filled import zeros
from scopecli.dryrun.variables.synchronization import VariableAggregation, VariableSynchronization
from scopecli.dryrun.variables.variable import Variable

if TYPE_CHECKING:
    from scopecli.dryrun.graph.nodes import Tensor


def metric_variable(shape: Any, dtype: Any, validate_shape: bool = True, name: Any = None) -> Any:
    """A local variable that a metric counts in."""
    return Variable(
        lambda: zeros(shape, dtype),
        trainable=False,
        collections=[GraphKeys.LOCAL_VARIABLES, GraphKeys.METRIC_VARIABLES],
        validate_shape=validate_shape,
        synchronization=VariableSynchronization.ON_READ,
        aggregation=VariableAggregation.SUM,
        name=name,
    )


def same_rank(predictions: Any, labels: Any, weights: Any) -> tuple[Any, Any, Any]:
    """All three with the same number of axes, where that is known."""
    predictions = convert_to_tensor(predictions)
    if labels is not None:
        with name_scope(None, "remove_squeezable_dimensions", [labels, predictions]):
            predictions, labels = convert_to_tensor(predictions), convert_to_tensor(labels)
            if predictions.dims is not None and labels.dims is not None:
                more = len(predictions.dims) - len(labels.dims)
                if more == 1 and predictions.dims[-1] in {1, None}:
                    predictions = squeeze(predictions, [-1])
                elif more == -1 and labels.dims[-1] in {1, None}:
                    labels = squeeze(labels, [-1])
        predictions.shape.assert_is_compatible_with(labels.shape)
    if weights is None:
        return predictions, labels, None
    weights = convert_to_tensor(weights)
    if weights.dims and predictions.dims is not None:
        more = len(weights.dims) - len(predictions.dims)
        if more == 1:
            weights = squeeze(weights, [-1])
        elif more == -1:
            weights = expand_dims(weights, [-1])
    return predictions, labels, weights


def quotient(total: Any, count: Any, name: str) -> Tensor:
    """The mean of what was counted."""
    return apply("DivNoNan", total, apply("Maximum", count, 0), name=name)


def collected(found: Any, update: Any, metrics: Any, updates: Any) -> Any:
    """A metric and what updates it, in the collections that are asked for."""
    if metrics:
        add_to_collections(metrics, found)
    if updates:
        add_to_collections(updates, update)
    return found, update
