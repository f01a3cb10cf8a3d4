"""Batch renormalization: what batches differ by from their moving averages is taken back.

https://github.com/keras-team/tf-keras/blob/master/tf_keras/layers/normalization/batch_normalization.py
"""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.graph.scopes import control_dependencies, name_scope
from scopecli.dryrun.layers.base import when
from scopecli.dryrun.ops.applying import apply
from scopecli.dryrun.ops.arrays import identity
from scopecli.dryrun.ops.filled import ones, zeros_like
from scopecli.dryrun.variables.assigning import assign

_CLIPPINGS = ("rmax", "rmin", "dmax")


class Renormalization:
    """The variables of a layer's renormalization, and its nodes.

    Attributes:
        clipping: bounds of the corrections.
        momentum: how slowly its averages move.
    """

    def __init__(self, clipping: Any, momentum: float) -> None:
        self.clipping = clipping or {}
        self.momentum = momentum
        if set(self.clipping) - set(_CLIPPINGS):
            raise ValueError(
                f"Received invalid keys for `renorm_clipping` argument: {self.clipping}. Supported "
                f"values: {_CLIPPINGS}."
            )
        self.moving_stddev: Any = None
        self.mean: Any = None
        self.stddev: Any = None

    def build(self, layer: Any, sizes: Any, mean: Any, variance: Any) -> None:
        """Make the variables of a layer.

        Args:
            layer: what they belong to.
            sizes: their shape.
            mean: initializer of its moving mean.
            variance: initializer of its moving variance.
        """

        def spread(shape: Any, dtype: Any = None, partition_info: Any = None) -> Any:
            return apply("Sqrt", variance(shape, dtype))

        made = {"moving_stddev": spread, "renorm_mean": mean, "renorm_stddev": spread}
        self.moving_stddev, self.mean, self.stddev = (
            layer.add_weight(name, sizes, None, initializer, trainable=False)
            for name, initializer in made.items()
        )

    def corrected(
        self, mean: Any, variance: Any, training: Any, epsilon: float, average: Any
    ) -> tuple[Any, Any, Any, Any]:
        """What outputs are multiplied with and moved by, and the moments for the averages."""
        spread: Any = apply("Sqrt", variance + epsilon)
        held = apply("Maximum", self.stddev, apply("Sqrt", epsilon))
        r = spread / held
        d = (mean - self.mean) / held
        with control_dependencies([r, d]):
            mean, spread = identity(mean), identity(spread)
        least, most, far = (self.clipping.get(key) for key in ("rmin", "rmax", "dmax"))
        if least is not None:
            r = apply("Maximum", r, least)
        if most is not None:
            r = apply("Minimum", r, most)
        if far is not None:
            d = apply("Minimum", apply("Maximum", d, -far), far)
        r = when(training, lambda: r, lambda: ones(r.shape, r.dtype, name="ones_like"))
        d = when(training, lambda: d, lambda: zeros_like(d))
        updates = []
        for variable, value in ((self.mean, mean), (self.stddev, spread)):
            now = identity(value)
            updates.append(
                when(
                    training,
                    lambda v=variable, x=now: average(v, x, self.momentum),
                    lambda v=variable: identity(v),
                )
            )
        with control_dependencies(updates):
            mean, variance = identity(mean), identity(variance)
        r = apply("StopGradient", r, name="renorm_r")
        return r, apply("StopGradient", d, name="renorm_d"), mean, variance

    def squared(self, moving_variance: Any, moving_stddev: Any, epsilon: float) -> Any:
        """The node that sets the moving variance from the deviation."""
        value = apply("Relu", moving_stddev * moving_stddev - epsilon)
        with name_scope("AssignNewValue") as scope:
            return assign(moving_variance, value, name=scope)
