"""`tf.losses`: losses that collect themselves.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/ops/losses/losses_impl.py
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.keys import GraphKeys
from scopecli.dryrun.graph.scopes import (
    add_to_collection,
    control_dependencies,
    get_collection,
    name_scope,
)
from scopecli.dryrun.namespaces import attributes
from scopecli.dryrun.nn.cross_entropy import (
    sigmoid_cross_entropy_with_logits,
    softmax_cross_entropy_with_logits_v2,
    sparse_softmax_cross_entropy_with_logits,
)
from scopecli.dryrun.ops.applying import apply, convert_to_tensor
from scopecli.dryrun.ops.arithmetic import add, add_n, cast
from scopecli.dryrun.ops.arrays import shape, size, squeeze
from scopecli.dryrun.ops.constants import constant
from scopecli.dryrun.ops.filled import ones_like, zeros_like
from scopecli.dryrun.ops.indexing import where
from scopecli.dryrun.ops.reductions import reduce_sum
from scopecli.dryrun.ops.weighting import assert_broadcastable, broadcast_weights
from scopecli.dryrun.values.dtypes import float32

if TYPE_CHECKING:
    from scopecli.dryrun.graph.nodes import Tensor

__getattr__: Any = attributes(__name__, {})


class Reduction:
    """How the losses of a batch become one."""

    NONE = "none"
    SUM = "weighted_sum"
    SUM_OVER_BATCH_SIZE = "weighted_sum_over_batch_size"
    MEAN = "weighted_mean"
    SUM_BY_NONZERO_WEIGHTS = "weighted_sum_by_nonzero_weights"
    SUM_OVER_NONZERO_WEIGHTS = SUM_BY_NONZERO_WEIGHTS

    @classmethod
    def all(cls) -> tuple[str, ...]:
        """All ways."""
        ways = (cls.NONE, cls.SUM, cls.MEAN, cls.SUM_OVER_BATCH_SIZE)
        return (*ways, cls.SUM_OVER_NONZERO_WEIGHTS, cls.SUM_BY_NONZERO_WEIGHTS)

    @classmethod
    def validate(cls, key: str) -> None:
        """Check that something is one of them.

        Raises:
            ValueError: it is none.
        """
        if key not in cls.all():
            raise ValueError(f"Invalid Reduction Key {key}. Key should be one of {cls.all()}.")


_DEFAULT = Reduction.SUM_BY_NONZERO_WEIGHTS


def add_loss(loss: Any, loss_collection: Any = GraphKeys.LOSSES) -> None:
    """Collect a loss."""
    if loss_collection:
        add_to_collection(loss_collection, loss)


def get_losses(scope: Any = None, loss_collection: str = GraphKeys.LOSSES) -> list[Any]:
    """The collected losses."""
    return get_collection(loss_collection, scope)


def get_regularization_losses(scope: Any = None) -> list[Any]:
    """The losses of regularizers."""
    return get_collection(GraphKeys.REGULARIZATION_LOSSES, scope)


def get_regularization_loss(scope: Any = None, name: str = "total_regularization_loss") -> Tensor:
    """The sum of the losses of regularizers."""
    losses = get_regularization_losses(scope)
    return add_n(losses, name=name) if losses else constant(0.0)


def get_total_loss(
    add_regularization_losses: bool = True, name: str = "total_loss", scope: Any = None
) -> Tensor:
    """The sum of all losses."""
    losses = get_losses(scope)
    if add_regularization_losses:
        losses += get_regularization_losses(scope)
    return add_n(losses, name=name)


def _num_present(losses: Tensor, weights: Tensor) -> Tensor:
    with name_scope(None, "num_present") as scope:
        zero = apply("Equal", weights, 0.0)
        present = where(zero, zeros_like(weights), ones_like(weights))
        return reduce_sum(broadcast_weights(present, losses), name=scope)  # type: ignore[no-any-return]


def _mean(loss: Tensor, count: Tensor) -> Tensor:
    return apply("DivNoNan", reduce_sum(loss), count, name="value")


def compute_weighted_loss(
    losses: Any,
    weights: Any = 1.0,
    scope: Any = None,
    loss_collection: Any = GraphKeys.LOSSES,
    reduction: str = _DEFAULT,
) -> Tensor:
    """One loss out of many, and collected.

    Raises:
        ValueError: nobody knows how they are to become one.
    """
    Reduction.validate(reduction)
    with name_scope(scope, "weighted_loss"):
        losses = convert_to_tensor(losses)
        with control_dependencies([assert_broadcastable(weights, losses)]):
            kind = losses.dtype.base_dtype
            losses = cast(losses, float32)
            weights = cast(weights, float32)
            loss = apply("Mul", losses, weights)
            if reduction != Reduction.NONE:
                loss = reduce_sum(loss)
                if reduction == Reduction.MEAN:
                    loss = _mean(loss, reduce_sum(ones_like(losses) * weights))
                elif reduction == Reduction.SUM_BY_NONZERO_WEIGHTS:
                    loss = _mean(loss, _num_present(losses, weights))
                elif reduction == Reduction.SUM_OVER_BATCH_SIZE:
                    with name_scope(None, "num_elements") as name:
                        count = cast(size(losses, name=name), losses.dtype)
                    loss = _mean(loss, count)
            loss = cast(loss, kind)
            add_loss(loss, loss_collection)
            return loss


def _given(**arguments: Any) -> None:
    """Check that nothing is None.

    Raises:
        ValueError: something is.
    """
    for name, value in arguments.items():
        if value is None:
            raise ValueError(f"Argument `{name}` must not be None.")


def _of_two(default: str, measure: Any) -> Any:
    """A loss of labels and predictions of the same shape."""

    def loss(
        labels: Any,
        predictions: Any,
        weights: Any = 1.0,
        scope: Any = None,
        loss_collection: Any = GraphKeys.LOSSES,
        reduction: str = _DEFAULT,
    ) -> Tensor:
        _given(labels=labels, predictions=predictions)
        with name_scope(scope, default) as name:
            predictions = cast(predictions, float32)
            labels = cast(labels, float32)
            predictions.shape.assert_is_compatible_with(labels.shape)
            losses = measure(predictions, labels)
            return compute_weighted_loss(losses, weights, name, loss_collection, reduction)

    return loss


mean_squared_error = _of_two("mean_squared_error", lambda p, y: apply("SquaredDifference", p, y))
absolute_difference = _of_two("absolute_difference", lambda p, y: apply("Abs", apply("Sub", p, y)))


def hinge_loss(
    labels: Any,
    logits: Any,
    weights: Any = 1.0,
    scope: Any = None,
    loss_collection: Any = GraphKeys.LOSSES,
    reduction: str = _DEFAULT,
) -> Tensor:
    """The loss of classes that are to be far apart."""
    _given(labels=labels, logits=logits)
    with name_scope(scope, "hinge_loss") as name:
        logits = cast(logits, float32)
        labels = cast(labels, float32)
        logits.shape.assert_is_compatible_with(labels.shape)
        ones = ones_like(labels)
        signs = apply("Sub", 2 * labels, ones)
        losses = apply("Relu", apply("Sub", ones, apply("Mul", signs, logits)))
        return compute_weighted_loss(losses, weights, name, loss_collection, reduction)


def huber_loss(
    labels: Any,
    predictions: Any,
    weights: Any = 1.0,
    delta: Any = 1.0,
    scope: Any = None,
    loss_collection: Any = GraphKeys.LOSSES,
    reduction: str = _DEFAULT,
) -> Tensor:
    """The square of small errors, and the size of great ones."""

    def measure(p: Tensor, y: Tensor) -> Tensor:
        error = apply("Abs", apply("Sub", p, y))
        small = apply("Minimum", error, delta)
        great = apply("Sub", error, small)
        half = constant(0.5, small.dtype)
        squares = apply("Mul", half, apply("Mul", small, small))
        return add(squares, apply("Mul", delta, great))

    loss = _of_two("huber_loss", measure)
    return loss(labels, predictions, weights, scope, loss_collection, reduction)  # type: ignore[no-any-return]


def log_loss(
    labels: Any,
    predictions: Any,
    weights: Any = 1.0,
    epsilon: Any = 1e-7,
    scope: Any = None,
    loss_collection: Any = GraphKeys.LOSSES,
    reduction: str = _DEFAULT,
) -> Tensor:
    """The loss of probabilities of two classes."""

    def measure(p: Any, y: Any) -> Any:
        of_ones = -apply("Mul", y, apply("Log", p + epsilon))
        return of_ones - apply("Mul", 1 - y, apply("Log", 1 - p + epsilon))

    loss = _of_two("log_loss", measure)
    return loss(labels, predictions, weights, scope, loss_collection, reduction)  # type: ignore[no-any-return]


def cosine_distance(
    labels: Any,
    predictions: Any,
    axis: Any = None,
    weights: Any = 1.0,
    scope: Any = None,
    loss_collection: Any = GraphKeys.LOSSES,
    reduction: str = _DEFAULT,
    dim: Any = None,
) -> Tensor:
    """The loss of unit vectors that point elsewhere.

    Raises:
        ValueError: the axis of the vectors is not given.
    """
    axis = dim if axis is None else axis
    if axis is None:
        raise ValueError("You must specify argument `axis`.")

    def measure(p: Tensor, y: Tensor) -> Any:
        return 1 - reduce_sum(apply("Mul", p, y), axis=(axis,), keepdims=True)

    loss = _of_two("cosine_distance_loss", measure)
    return loss(labels, predictions, weights, scope, loss_collection, reduction)  # type: ignore[no-any-return]


def softmax_cross_entropy(
    onehot_labels: Any,
    logits: Any,
    weights: Any = 1.0,
    label_smoothing: Any = 0,
    scope: Any = None,
    loss_collection: Any = GraphKeys.LOSSES,
    reduction: str = _DEFAULT,
) -> Tensor:
    """The loss of probabilities."""
    _given(onehot_labels=onehot_labels, logits=logits)
    with name_scope(scope, "softmax_cross_entropy_loss") as name:
        logits = convert_to_tensor(logits)
        labels: Any = cast(onehot_labels, logits.dtype)
        logits.shape.assert_is_compatible_with(labels.shape)
        if label_smoothing > 0:
            classes = cast(shape(labels)[-1], logits.dtype)
            others = label_smoothing / classes
            labels = labels * (1.0 - label_smoothing) + others
        labels = apply("StopGradient", labels, name="labels_stop_gradient")
        losses = softmax_cross_entropy_with_logits_v2(labels=labels, logits=logits, name="xentropy")
        return compute_weighted_loss(losses, weights, name, loss_collection, reduction)


def sparse_softmax_cross_entropy(
    labels: Any,
    logits: Any,
    weights: Any = 1.0,
    scope: Any = None,
    loss_collection: Any = GraphKeys.LOSSES,
    reduction: str = _DEFAULT,
) -> Tensor:
    """The loss of classes that are numbers."""
    _given(labels=labels, logits=logits)
    with name_scope(scope, "sparse_softmax_cross_entropy_loss") as name:
        with name_scope(None, "remove_squeezable_dimensions"):
            labels = convert_to_tensor(labels)
            logits = convert_to_tensor(logits)
            if None not in (labels.dims, logits.dims) and len(labels.dims) == len(logits.dims):
                labels = squeeze(labels, [-1])
        weights = convert_to_tensor(weights)
        losses = sparse_softmax_cross_entropy_with_logits(
            labels=labels, logits=logits, name="xentropy"
        )
        return compute_weighted_loss(losses, weights, name, loss_collection, reduction)


def sigmoid_cross_entropy(
    multi_class_labels: Any,
    logits: Any,
    weights: Any = 1.0,
    label_smoothing: Any = 0,
    scope: Any = None,
    loss_collection: Any = GraphKeys.LOSSES,
    reduction: str = _DEFAULT,
) -> Tensor:
    """The loss of independent classes."""
    _given(multi_class_labels=multi_class_labels, logits=logits)
    with name_scope(scope, "sigmoid_cross_entropy_loss") as name:
        logits = convert_to_tensor(logits)
        labels: Any = cast(multi_class_labels, logits.dtype)
        logits.shape.assert_is_compatible_with(labels.shape)
        if label_smoothing > 0:
            labels = labels * (1 - label_smoothing) + 0.5 * label_smoothing
        losses = sigmoid_cross_entropy_with_logits(labels=labels, logits=logits, name="xentropy")
        return compute_weighted_loss(losses, weights, name, loss_collection, reduction)
