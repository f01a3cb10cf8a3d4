"""The optimizers of `tf.train`: their slots and the constants of a step."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.default import get_default_graph
from scopecli.dryrun.graph.scopes import colocate_with, control_dependencies
from scopecli.dryrun.ops.applying import apply, convert_to_tensor
from scopecli.dryrun.ops.arithmetic import cast
from scopecli.dryrun.ops.grouping import group
from scopecli.dryrun.train.optimizer import Optimizer
from scopecli.dryrun.variables.initializers import (
    constant_initializer,
    ones_initializer,
    zeros_initializer,
)
from scopecli.dryrun.variables.variable import Variable

if TYPE_CHECKING:
    from scopecli.dryrun.graph.nodes import Tensor
    from scopecli.dryrun.ops.indexed_slices import IndexedSlices


class GradientDescentOptimizer(Optimizer):
    """Plain steps."""

    update_op = "ApplyGradientDescent"
    gradient_name = "delta"

    def __init__(
        self, learning_rate: Any, use_locking: bool = False, name: str = "GradientDescent"
    ) -> None:
        super().__init__(use_locking, name)
        self._hyper = [("learning_rate", learning_rate)]

    def _update_rows(self, gradient: IndexedSlices, variable: Any) -> Any:
        from scopecli.dryrun.train.rows import subtracted

        return subtracted(gradient, variable, self._prepared_for(variable)[0])


class MomentumOptimizer(Optimizer):
    """Steps with momentum."""

    update_op = "ApplyMomentum"
    gradient_place = 1

    def __init__(
        self,
        learning_rate: Any,
        momentum: Any,
        use_locking: bool = False,
        name: str = "Momentum",
        use_nesterov: bool = False,
    ) -> None:
        super().__init__(use_locking, name)
        self._hyper = [("learning_rate", learning_rate), ("momentum", momentum)]

    def _create_slots(self, variables: list[Any]) -> None:
        for variable in variables:
            self._slot(variable, "momentum", self._name, zeros_initializer())


class AdagradOptimizer(Optimizer):
    """Steps scaled by all that went before."""

    update_op = "ApplyAdagrad"

    def __init__(
        self,
        learning_rate: Any,
        initial_accumulator_value: float = 0.1,
        use_locking: bool = False,
        name: str = "Adagrad",
    ) -> None:
        super().__init__(use_locking, name)
        if initial_accumulator_value <= 0.0:
            raise ValueError(
                f"initial_accumulator_value must be positive: {initial_accumulator_value}"
            )
        self._initial = initial_accumulator_value
        self._hyper = [("learning_rate", learning_rate)]

    def _create_slots(self, variables: list[Any]) -> None:
        for variable in variables:
            kind = variable.dtype.base_dtype
            initializer = constant_initializer(self._initial, dtype=kind)
            self._slot(variable, "accumulator", self._name, initializer)


class RMSPropOptimizer(Optimizer):
    """Steps scaled by what went before lately."""

    update_op = "ApplyRMSProp"

    def __init__(
        self,
        learning_rate: Any,
        decay: Any = 0.9,
        momentum: Any = 0.0,
        epsilon: Any = 1e-10,
        use_locking: bool = False,
        centered: bool = False,
        name: str = "RMSProp",
    ) -> None:
        super().__init__(use_locking, name)
        self._centered = centered
        self.update_op = "ApplyCenteredRMSProp" if centered else "ApplyRMSProp"
        self._hyper = [("learning_rate", learning_rate), ("decay", decay)]
        self._hyper += [("momentum", momentum), ("epsilon", epsilon)]

    def _create_slots(self, variables: list[Any]) -> None:
        for variable in variables:
            self._slot(variable, "rms", self._name, ones_initializer())
            if self._centered:
                self._slot(variable, "mg", self._name, zeros_initializer())
            self._slot(variable, "momentum", self._name, zeros_initializer())

    def _update_node(self, prefix: str, gradient: list[Tensor], variable: Any) -> Any:
        order = ["mg", "rms", "momentum"] if self._centered else ["rms", "momentum"]
        self._slots = {name: self._slots[name] for name in order}
        return super()._update_node(prefix, gradient, variable)


class AdadeltaOptimizer(Optimizer):
    """Steps scaled by earlier steps."""

    update_op = "ApplyAdadelta"

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: Any = 0.95,
        epsilon: Any = 1e-8,
        use_locking: bool = False,
        name: str = "Adadelta",
    ) -> None:
        super().__init__(use_locking, name)
        self._hyper = [("lr", learning_rate), ("rho", rho), ("epsilon", epsilon)]

    def _create_slots(self, variables: list[Any]) -> None:
        for variable in variables:
            self._slot(variable, "accum", self._name, zeros_initializer())
            self._slot(variable, "accum_update", self._name, zeros_initializer())


class FtrlOptimizer(Optimizer):
    """Follow the regularized leader."""

    update_op = "ApplyFtrl"
    gradient_place = 0

    def __init__(
        self,
        learning_rate: Any,
        learning_rate_power: Any = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: Any = 0.0,
        l2_regularization_strength: Any = 0.0,
        use_locking: bool = False,
        name: str = "Ftrl",
        accum_name: Any = None,
        linear_name: Any = None,
        l2_shrinkage_regularization_strength: Any = 0.0,
        beta: Any = None,
    ) -> None:
        super().__init__(use_locking, name)
        self._initial = initial_accumulator_value
        if initial_accumulator_value < 0.0:
            raise ValueError(
                f"initial_accumulator_value {initial_accumulator_value:f} needs to be positive or "
                "zero"
            )
        if learning_rate_power > 0.0:
            raise ValueError(
                f"learning_rate_power {learning_rate_power:f} needs to be negative or zero"
            )
        strengths = {
            "l1_regularization_strength": l1_regularization_strength,
            "l2_regularization_strength": l2_regularization_strength,
            "l2_shrinkage_regularization_strength": l2_shrinkage_regularization_strength,
        }
        for strength, value in strengths.items():
            if value < 0.0:
                raise ValueError(f"{strength} {value:f} needs to be positive or zero")
        self._rate, self._power, self._strengths = learning_rate, learning_rate_power, strengths
        self._beta = beta or 0.0
        self._names = (accum_name or name, linear_name or name)
        if l2_shrinkage_regularization_strength:
            self.update_op = "ApplyFtrlV2"

    def _prepare(self) -> None:
        rate = convert_to_tensor(self._rate, name="learning_rate")
        l1, l2, shrinkage = self._strengths.values()
        first = convert_to_tensor(l1, name="l1_regularization_strength")
        least: Any = apply("Maximum", self._rate, 1e-36)
        adjusted = l2 + self._beta / (2.0 * least)
        second = convert_to_tensor(adjusted, name="adjusted_l2_regularization_strength")
        convert_to_tensor(self._beta, name="beta")
        shrunk = convert_to_tensor(shrinkage, name="l2_shrinkage_regularization_strength")
        power = convert_to_tensor(self._power, name="learning_rate_power")
        self._prepared = [rate, first, second, *([shrunk] if shrinkage else []), power]

    def _create_slots(self, variables: list[Any]) -> None:
        def filled(shape: Any, dtype: Any = None, partition_info: Any = None) -> Tensor:
            return ones_initializer()(shape, dtype) * self._initial

        for variable in variables:
            self._slot(variable, "accum", self._names[0], filled)
            self._slot(variable, "linear", self._names[1], zeros_initializer())


class AdamOptimizer(Optimizer):
    """Steps with momentum, scaled by what went before."""

    update_op = "ApplyAdam"

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta1: Any = 0.9,
        beta2: Any = 0.999,
        epsilon: Any = 1e-8,
        use_locking: bool = False,
        name: str = "Adam",
    ) -> None:
        super().__init__(use_locking, name)
        self._hyper = [("learning_rate", learning_rate), ("beta1", beta1)]
        self._hyper += [("beta2", beta2), ("epsilon", epsilon)]
        self._betas = {"beta1_power": beta1, "beta2_power": beta2}

    def _create_slots(self, variables: list[Any]) -> None:
        first = min(variables, key=lambda variable: variable.name)
        for name, beta in self._betas.items():
            self._create_non_slot_variable(beta, name, first)
        for variable in variables:
            self._slot(variable, "m", self._name, zeros_initializer())
            self._slot(variable, "v", self._name, zeros_initializer())

    @property
    def _powers(self) -> list[Any]:
        return self._non_slot_variables()

    def _update(self, gradient: Tensor, variable: Any) -> Any:
        hyper = self._prepared
        graph = get_default_graph()
        kind = variable.dtype.base_dtype
        powers: list[Any] = self._powers
        if any(value.dtype.base_dtype is not kind for value in (*powers, *hyper)):
            powers = [cast(power, kind) for power in powers]
        inner = f"{graph.name_stack}/ResourceApplyAdam/" if variable.is_resource else None
        with graph.name_scope(inner) if inner else nullcontext():  # the node reads them itself
            values = [power.value() if isinstance(power, Variable) else power for power in powers]
        self._prepared = [*values, *hyper]
        try:
            return super()._update(gradient, variable)
        finally:
            self._prepared = hyper

    def _update_rows(self, gradient: IndexedSlices, variable: Any) -> Any:
        from scopecli.dryrun.train.rows import adam_step, deduplicated

        rows = deduplicated(gradient)
        slots = (self._slots["m"][variable], self._slots["v"][variable])
        powers: list[Any] = self._powers
        kind = variable.dtype.base_dtype
        if any(value.dtype.base_dtype is not kind for value in (*powers, *self._prepared)):
            powers = [cast(power, kind) for power in powers]
        return adam_step(rows, variable, slots, (*powers, *self._prepared_for(variable)))

    def _finish(self, updates: list[Any], name: str) -> Any:
        done = []
        with control_dependencies(updates), colocate_with(self._powers[0].op):
            for power, beta in zip(self._powers, self._prepared[1:3], strict=True):
                done.append(power.assign(power.value() * beta, use_locking=False))
        return group(*updates, *done, name=name)
