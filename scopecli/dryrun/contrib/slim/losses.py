"""`slim.losses`: those of `tf.losses`, with what is predicted first."""

from __future__ import annotations

from typing import Any

from scopecli.dryrun import losses
from scopecli.dryrun.losses import (
    add_loss,
    compute_weighted_loss,
    get_losses,
    get_regularization_losses,
    get_total_loss,
)

__all__ = [
    "add_loss",
    "compute_weighted_loss",
    "get_losses",
    "get_regularization_losses",
    "get_total_loss",
]


def _turned(loss: Any) -> Any:
    def function(first: Any = None, second: Any = None, *rest: Any, **options: Any) -> Any:
        for name in ("predictions", "logits"):
            first = options.pop(name, first)
        for name in ("labels", "onehot_labels", "multi_class_labels"):
            second = options.pop(name, second)
        return loss(second, first, *rest, **options)

    return function


absolute_difference = _turned(losses.absolute_difference)
cosine_distance = _turned(losses.cosine_distance)
hinge_loss = _turned(losses.hinge_loss)
log_loss = _turned(losses.log_loss)
mean_squared_error = _turned(losses.mean_squared_error)
sigmoid_cross_entropy = _turned(losses.sigmoid_cross_entropy)
softmax_cross_entropy = _turned(losses.softmax_cross_entropy)
sparse_softmax_cross_entropy = _turned(losses.sparse_softmax_cross_entropy)
