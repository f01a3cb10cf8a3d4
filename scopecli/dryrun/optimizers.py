"""Optimizers: gradients as one node, slots, and the nodes that update variables.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/training/optimizer.py
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.applying import apply, convert_to_tensor
from scopecli.dryrun.dtypes import float32, reference
from scopecli.dryrun.graph import Operation, Tensor, get_default_graph
from scopecli.dryrun.graph_keys import GraphKeys
from scopecli.dryrun.initializers import (
    constant_initializer,
    ones_initializer,
    zeros_initializer,
)
from scopecli.dryrun.scopes import (
    colocate_with,
    control_dependencies,
    get_collection_ref,
    group,
    init_scope,
    name_scope,
)
from scopecli.dryrun.variable_collections import trainable_variables
from scopecli.dryrun.variable_scopes import get_variable, get_variable_scope, variable_scope
from scopecli.dryrun.variables import SaveSliceInfo, Variable, assign_add

if TYPE_CHECKING:
    from collections.abc import Sequence

# Nothing flows back through these.
_STOPS = frozenset(
    [
        "StopGradient",
        "Assign",
        "AssignAdd",
        "AssignSub",
        "Shape",
        "Size",
        "Rank",
        "ZerosLike",
        "OnesLike",
        "Placeholder",
    ]
)


def connected(losses: Sequence[Tensor]) -> set[Operation]:
    """The nodes that gradients of these reach."""
    seen: set[Operation] = set()
    waiting = [loss.op for loss in losses]
    while waiting:
        op = waiting.pop()
        if op in seen or op.type in _STOPS:
            continue
        seen.add(op)
        for tensor in op.inputs:
            kind = tensor.dtype.base_dtype
            if kind.is_floating or kind.is_complex or kind.name == "resource":
                waiting.append(tensor.op)
    return seen


def gradients(
    ys: Any, xs: Any, grad_ys: Any = None, name: str = "gradients", **_: Any
) -> list[Any]:
    """The gradients as outputs of one node; None where nothing flows back."""
    losses = [convert_to_tensor(y) for y in (ys if isinstance(ys, (list, tuple)) else [ys])]
    targets = list(xs) if isinstance(xs, (list, tuple)) else [xs]
    reached = connected(losses)
    graph = get_default_graph()
    with graph.name_scope(name):
        sources = [target if isinstance(target, Tensor) else None for target in targets]
        wanted = [
            target
            for target in targets
            if target.op in reached or any(s is target for s in sources)
        ]
        known = [(target.dtype.base_dtype, target.shape.plain) for target in wanted]
        inputs = [*losses, *[_plain(target) for target in wanted]]
        op = graph.add("Gradients", graph.unique_name("Gradients"), inputs, known, {})
    found = dict(zip(map(id, wanted), op.outputs, strict=True))
    return [found.get(id(target)) for target in targets]


def _plain(target: Any) -> Tensor:
    return target if isinstance(target, Tensor) else target.op.outputs[0]


def clip_by_global_norm(
    t_list: Any, clip_norm: Any, use_norm: Any = None, name: str | None = None
) -> tuple[list[Any], Tensor]:
    """Tensors that are not longer than a bound together, as outputs of one node; and the norm."""
    known = [None if value is None else convert_to_tensor(value) for value in t_list]
    tensors = [tensor for tensor in known if tensor is not None]
    graph = get_default_graph()
    with graph.name_scope(name or "clip_by_global_norm"):
        outputs = [(tensor.dtype.base_dtype, tensor.dims) for tensor in tensors]
        outputs.append((float32, ()))
        full = graph.unique_name("ClipByGlobalNorm")
        op = graph.add("ClipByGlobalNorm", full, tensors, outputs, {})
    rest = iter(op.outputs)
    return [None if tensor is None else next(rest) for tensor in known], op.outputs[-1]


class Optimizer:
    """What all optimizers do."""

    # Slots: name and initializer. Hyperparameters: attribute and name of the constant.
    update_op = "ApplyGradientDescent"

    GATE_NONE, GATE_OP, GATE_GRAPH = 0, 1, 2

    def __init__(self, use_locking: bool = False, name: str = "") -> None:
        self._name = name
        self._slots: dict[str, dict[Any, Any]] = {}
        self._hyper: list[tuple[str, Any]] = []
        self._prepared: list[Tensor] = []

    def get_name(self) -> str:
        """Its name."""
        return self._name

    def minimize(
        self,
        loss: Any,
        global_step: Any = None,
        var_list: Any = None,
        gate_gradients: int = 1,
        aggregation_method: Any = None,
        colocate_gradients_with_ops: bool = False,
        name: str | None = None,
        grad_loss: Any = None,
    ) -> Any:
        """Make the nodes of a training step.

        Raises:
            ValueError: no variable has a gradient.
        """
        pairs = self.compute_gradients(loss, var_list=var_list)
        if not any(gradient is not None for gradient, _ in pairs):
            raise ValueError(
                "No gradients provided for any variable, check your graph for ops that do not "
                f"support gradients, between variables {[str(v) for _, v in pairs]} and loss "
                f"{loss}."
            )
        return self.apply_gradients(pairs, global_step=global_step, name=name)

    def compute_gradients(
        self, loss: Any, var_list: Any = None, *_: Any, **__: Any
    ) -> list[tuple[Any, Any]]:
        """The gradient of each variable."""
        if var_list is None:
            var_list = trainable_variables()
            var_list += get_default_graph().get_collection(GraphKeys.TRAINABLE_RESOURCE_VARIABLES)
        var_list = _flat(var_list)
        if not var_list:
            raise ValueError("No variables to optimize.")
        return list(zip(gradients(loss, var_list), var_list, strict=True))

    def apply_gradients(
        self, grads_and_vars: Any, global_step: Any = None, name: str | None = None
    ) -> Any:
        """Make the nodes that update the variables.

        Raises:
            ValueError: no variable has a gradient.
        """
        pairs = [(gradient, variable) for gradient, variable in grads_and_vars]
        if not pairs:
            raise ValueError("No variables provided.")
        used = [(gradient, variable) for gradient, variable in pairs if gradient is not None]
        if not used:
            names = [variable.name for _, variable in pairs]
            raise ValueError(f"No gradients provided for any variable: {names}.")
        with init_scope():
            self._create_slots([variable for _, variable in used])
        with name_scope(name, self._name) as scope:
            self._prepare()
            updates = []
            for gradient, variable in used:
                update = name_scope("update_" + variable.op.name)
                with update, colocate_with(variable.op):
                    updates.append(self._update(convert_to_tensor(gradient), variable))
            if global_step is None:
                done = self._finish(updates, scope)
            else:
                with (
                    control_dependencies([self._finish(updates, "update")]),
                    colocate_with(global_step.op),
                ):
                    done = _counted(global_step, scope)
            train_ops = get_collection_ref(GraphKeys.TRAIN_OP)
            operation = done.op if isinstance(done, Tensor) else done
            if operation not in train_ops:
                train_ops.append(operation)
            return operation

    def _create_slots(self, variables: list[Any]) -> None:
        """Make the state that each variable needs."""

    def _prepare(self) -> None:
        self._prepared = [convert_to_tensor(value, name=name) for name, value in self._hyper]

    def _update(self, gradient: Tensor, variable: Any) -> Operation:
        slots = [members[variable] for members in self._slots.values() if variable in members]
        inputs = [_plain(variable), *[_plain(slot) for slot in slots], *self._prepared, gradient]
        graph = get_default_graph()
        prefix = "Resource" if variable.is_resource else ""
        name = graph.unique_name(prefix + self.update_op)
        kind = reference(variable.dtype)
        outputs = [] if variable.is_resource else [(kind, variable.shape.plain)]
        return graph.add(prefix + self.update_op, name, inputs, outputs, {})

    def _finish(self, updates: list[Any], name: str) -> Any:
        return group(*updates, name=name)

    def _slot(self, variable: Any, slot: str, operation: str, initializer: Any) -> Any:
        """Get or make one variable's state."""
        members = self._slots.setdefault(slot, {})
        if variable not in members:
            made = create_slot(variable, operation, initializer)
            members[variable] = made
            attributes: dict[str, object] = {
                "slot_of": variable.op.name,
                "slot_name": _ROLES.get((self.update_op, slot), slot),
                "evidence": "graph",
            }
            get_default_graph().roles[made.op.name] = ("slot", attributes)
        return members[variable]

    def get_slot(self, var: Any, name: str) -> Any:
        """One variable's state, or None."""
        return self._slots.get(name, {}).get(var)

    def get_slot_names(self) -> list[str]:
        """The names of the states."""
        return sorted(self._slots)

    def variables(self) -> list[Any]:
        """All its state."""
        return [made for members in self._slots.values() for made in members.values()]


def _counted(global_step: Any, name: str) -> Any:
    """The node that counts a step; of a resource, the assignment itself."""
    if not global_step.dtype.is_ref:
        return global_step.assign_add(1, name=name, read_value=False)
    return assign_add(global_step, 1, name=name)


def _flat(variables: Any) -> list[Any]:
    found: list[Any] = []
    for variable in variables if isinstance(variables, (list, tuple)) else [variables]:
        parts = hasattr(variable, "_get_variable_list") or isinstance(variable, (list, tuple))
        found += _flat(list(variable)) if parts else [variable]
    return found


# What the update's node calls a slot, where `get_slot` has another name: a graph's reader knows
# no other.
_ROLES = {
    ("ApplyMomentum", "momentum"): "accum",
    ("ApplyAdagrad", "accumulator"): "accum",
    ("ApplyRMSProp", "rms"): "ms",
    ("ApplyRMSProp", "momentum"): "mom",
    ("ApplyCenteredRMSProp", "rms"): "ms",
    ("ApplyCenteredRMSProp", "momentum"): "mom",
}


def create_slot(primary: Any, name: str, initializer: Any) -> Any:
    """A variable below another, for what is remembered of it."""
    with variable_scope(None, f"{primary.op.name}/{name}"), colocate_with(primary.op):
        scope = get_variable_scope()
        partitioner, scope.partitioner = scope.partitioner, None
        shaped = callable(initializer)
        made = get_variable(
            "",
            initializer=initializer,
            trainable=False,
            use_resource=primary.is_resource,
            shape=primary.shape if shaped else None,
            dtype=primary.dtype.base_dtype if shaped else None,
        )
        scope.partitioner = partitioner
    info = primary._get_save_slice_info()  # noqa: SLF001 - TensorFlow's name for it
    if info is not None:
        own = made.op.name.removeprefix(primary.op.name + "/")
        part = (info.full_shape, info.var_offset, info.var_shape)
        made._set_save_slice_info(SaveSliceInfo(f"{info.full_name}/{own}", *part))  # noqa: SLF001
    return made


class GradientDescentOptimizer(Optimizer):
    """Plain steps."""

    def __init__(
        self, learning_rate: Any, use_locking: bool = False, name: str = "GradientDescent"
    ) -> None:
        super().__init__(use_locking, name)
        self._hyper = [("learning_rate", learning_rate)]


class MomentumOptimizer(Optimizer):
    """Steps with momentum."""

    update_op = "ApplyMomentum"

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

    def __init__(
        self,
        learning_rate: Any,
        learning_rate_power: Any = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: Any = 0.0,
        l2_regularization_strength: Any = 0.0,
        use_locking: bool = False,
        name: str = "Ftrl",
        **_: Any,
    ) -> None:
        super().__init__(use_locking, name)
        self._initial = initial_accumulator_value
        self._hyper = [
            ("learning_rate", learning_rate),
            ("l1_regularization_strength", l1_regularization_strength),
            ("l2_regularization_strength", l2_regularization_strength),
            ("learning_rate_power", learning_rate_power),
        ]

    def _create_slots(self, variables: list[Any]) -> None:
        def filled(shape: Any, dtype: Any = None, partition_info: Any = None) -> Tensor:
            return ones_initializer()(shape, dtype) * self._initial

        for variable in variables:
            self._slot(variable, "accum", self._name, filled)
            self._slot(variable, "linear", self._name, zeros_initializer())


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
        self._powers: list[Any] = []

    def _create_slots(self, variables: list[Any]) -> None:
        first = min(variables, key=lambda variable: variable.name)
        if not self._powers:
            for name, beta in self._betas.items():
                with colocate_with(first.op):
                    power = Variable(
                        beta, name=name, trainable=False, use_resource=first.is_resource
                    )
                get_default_graph().roles[power.op.name] = ("bookkeeping", {})
                self._powers.append(power)
        for variable in variables:
            self._slot(variable, "m", self._name, zeros_initializer())
            self._slot(variable, "v", self._name, zeros_initializer())

    def _update(self, gradient: Tensor, variable: Any) -> Operation:
        hyper = self._prepared
        powers = [power.value() for power in self._powers]
        self._prepared = [*powers, *hyper]
        try:
            return super()._update(gradient, variable)
        finally:
            self._prepared = hyper

    def _finish(self, updates: list[Any], name: str) -> Any:
        done = []
        with control_dependencies(updates), colocate_with(self._powers[0].op):
            for power, beta in zip(self._powers, self._prepared[1:3], strict=True):
                done.append(power.assign(power.value() * beta, use_locking=False))
        return group(*updates, *done, name=name)


def exponential_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    decay_rate: Any,
    staircase: bool = False,
    name: str | None = None,
) -> Tensor:
    """A rate that falls by the same factor over so many steps."""
    from scopecli.dryrun.maths import cast
    from scopecli.dryrun.maths import pow as power

    with name_scope(name, "ExponentialDecay") as scope:
        rate = convert_to_tensor(learning_rate, name="initial_learning_rate")
        kind = rate.dtype.base_dtype
        steps, factor = cast(decay_steps, kind), cast(decay_rate, kind)
        done = cast(global_step, kind) / steps
        if staircase:
            done = apply("Floor", done)
        return apply("Mul", rate, power(factor, done), name=scope)
