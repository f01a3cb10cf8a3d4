"""Optimizers that keep weights small as they go: the proximal ones, and dual averaging.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/training
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.scopes import colocate_with, device
from scopecli.dryrun.ops.applying import convert_to_tensor
from scopecli.dryrun.ops.arithmetic import cast
from scopecli.dryrun.ops.arrays import identity
from scopecli.dryrun.ops.constants import constant
from scopecli.dryrun.train.optimizer import Optimizer, add_update

if TYPE_CHECKING:
    from scopecli.dryrun.graph.nodes import Tensor


def _hyper(rate: Any, l1: Any, l2: Any) -> list[tuple[str, Any]]:
    names = ("learning_rate", "l1_regularization_strength", "l2_regularization_strength")
    return list(zip(names, (rate, l1, l2), strict=True))


def _checked(value: float, name: str) -> float:
    if value <= 0.0:
        raise ValueError(f"{name} must be positive: {value}")
    return value


class ProximalGradientDescentOptimizer(Optimizer):
    """Plain steps."""

    update_op = "ApplyProximalGradientDescent"

    def __init__(
        self,
        learning_rate: Any,
        l1_regularization_strength: Any = 0.0,
        l2_regularization_strength: Any = 0.0,
        use_locking: bool = False,
        name: str = "ProximalGradientDescent",
    ) -> None:
        super().__init__(use_locking, name)
        strengths = l1_regularization_strength, l2_regularization_strength
        self._hyper = _hyper(learning_rate, *strengths)


class ProximalAdagradOptimizer(Optimizer):
    """Steps scaled by all that went before."""

    update_op = "ApplyProximalAdagrad"

    def __init__(
        self,
        learning_rate: Any,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: Any = 0.0,
        l2_regularization_strength: Any = 0.0,
        use_locking: bool = False,
        name: str = "ProximalAdagrad",
    ) -> None:
        super().__init__(use_locking, name)
        self._initial = _checked(initial_accumulator_value, "initial_accumulator_value")
        strengths = l1_regularization_strength, l2_regularization_strength
        self._hyper = _hyper(learning_rate, *strengths)

    def _create_slots(self, variables: list[Any]) -> None:
        for variable in variables:
            self._filled(variable, self._initial, "accumulator")

    def _filled(self, variable: Any, value: float, slot: str) -> None:
        with colocate_with(variable.op):
            start = constant(value, variable.dtype.base_dtype, shape=variable.shape)
        self._get_or_make_slot(variable, start, slot, self._name)


class AdagradDAOptimizer(ProximalAdagradOptimizer):
    """Dual averaging: all gradients and their squares are summed up."""

    def __init__(
        self,
        learning_rate: Any,
        global_step: Any,
        initial_gradient_squared_accumulator_value: float = 0.1,
        l1_regularization_strength: Any = 0.0,
        l2_regularization_strength: Any = 0.0,
        use_locking: bool = False,
        name: str = "AdagradDA",
    ) -> None:
        initial = initial_gradient_squared_accumulator_value
        _checked(initial, "initial_gradient_squared_accumulator_value")
        strengths = l1_regularization_strength, l2_regularization_strength
        super().__init__(learning_rate, initial, *strengths, use_locking, name)
        self._rate, self._strengths = learning_rate, strengths
        self._global_step = global_step
        self._step: Any = None

    def _create_slots(self, variables: list[Any]) -> None:
        for variable in variables:
            kind = variable.dtype.base_dtype
            with colocate_with(variable.op):
                sums = constant(0.0, kind, shape=variable.shape)
                squares = constant(self._initial, kind, shape=variable.shape)
            self._get_or_make_slot(variable, sums, "gradient_accumulator", self._name)
            self._get_or_make_slot(variable, squares, "gradient_squared_accumulator", self._name)

    def _prepare(self) -> None:
        self._prepared = [convert_to_tensor(self._rate, name="learning_rate")]
        step: Any = identity(self._global_step)
        self._step = step + 1

    def _update_node(self, prefix: str, gradient: list[Tensor], variable: Any) -> Any:
        with device(variable.device):
            step = identity(self._step)
        kind = variable.dtype.base_dtype
        rates = [cast(value, kind) for value in (self._prepared[0], *self._strengths)]
        slots = [members[variable].op.outputs[0] for members in self._slots.values()]
        inputs = [*slots, *gradient, *rates, step]
        return add_update(f"{prefix}ApplyAdagradDA", variable, inputs)
