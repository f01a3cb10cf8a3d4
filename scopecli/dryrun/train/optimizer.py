"""Optimizers: gradients as one node, slots, and the nodes that update variables.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/training/optimizer.py
"""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.graph.default import get_default_graph
from scopecli.dryrun.graph.keys import GraphKeys
from scopecli.dryrun.graph.nodes import Operation, Tensor
from scopecli.dryrun.graph.scopes import (
    colocate_with,
    control_dependencies,
    get_collection_ref,
    init_scope,
    name_scope,
)
from scopecli.dryrun.ops.applying import convert_to_tensor
from scopecli.dryrun.ops.grouping import group, tuple_
from scopecli.dryrun.ops.indexed_slices import IndexedSlices
from scopecli.dryrun.train.gradients import gradients, plain_tensor
from scopecli.dryrun.train.slots import ROLES, create_slot
from scopecli.dryrun.values.dtypes import reference
from scopecli.dryrun.values.shapes import compatible, mismatch
from scopecli.dryrun.variables.assigning import assign_add
from scopecli.dryrun.variables.collections import trainable_variables
from scopecli.dryrun.variables.initializers import zeros_initializer
from scopecli.dryrun.variables.variable import Variable

# The types that can be trained.
_TRAINED = ("float32", "float64", "float16", "bfloat16")


class Optimizer:
    """What all optimizers do."""

    # Slots: name and initializer. Hyperparameters: attribute and name of the constant.
    update_op = ""
    # What the update's node calls the gradient.
    gradient_name = "grad"
    # After how many hyperparameters the gradient is an input; None: after all.
    gradient_place: int | None = None

    GATE_NONE, GATE_OP, GATE_GRAPH = 0, 1, 2

    def __init__(self, use_locking: bool = False, name: str = "") -> None:
        if not name:
            raise ValueError("Must specify the optimizer name")
        self._name = name
        self._use_locking = use_locking
        self._slots: dict[str, dict[Any, Any]] = {}
        self._non_slots: dict[str, Any] = {}
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
        pairs = self.compute_gradients(
            loss,
            var_list=var_list,
            gate_gradients=gate_gradients,
            aggregation_method=aggregation_method,
            colocate_gradients_with_ops=colocate_gradients_with_ops,
            grad_loss=grad_loss,
        )
        if not any(gradient is not None for gradient, _ in pairs):
            raise ValueError(
                "No gradients provided for any variable, check your graph for ops that do not "
                f"support gradients, between variables {[str(v) for _, v in pairs]} and loss "
                f"{loss}."
            )
        return self.apply_gradients(pairs, global_step=global_step, name=name)

    def compute_gradients(
        self,
        loss: Any,
        var_list: Any = None,
        gate_gradients: int = 1,
        aggregation_method: Any = None,
        colocate_gradients_with_ops: bool = False,
        grad_loss: Any = None,
    ) -> list[tuple[Any, Any]]:
        """The gradient of each variable.

        Raises:
            ValueError: there is none, or it is not said how to wait for them.
        """
        if gate_gradients not in {self.GATE_NONE, self.GATE_OP, self.GATE_GRAPH}:
            raise ValueError(
                "gate_gradients must be one of: Optimizer.GATE_NONE, Optimizer.GATE_OP, "
                f"Optimizer.GATE_GRAPH.  Not {gate_gradients}"
            )
        if var_list is None:
            var_list = trainable_variables()
            var_list += get_default_graph().get_collection(GraphKeys.TRAINABLE_RESOURCE_VARIABLES)
        var_list = _flat(var_list)
        if not var_list:
            raise ValueError("No variables to optimize.")
        self._check_types([loss])
        found = gradients(loss, var_list)
        if gate_gradients == self.GATE_GRAPH:
            found = tuple_(found)
        pairs = list(zip(found, var_list, strict=True))
        self._check_types([variable for gradient, variable in pairs if gradient is not None])
        return pairs

    @staticmethod
    def _check_types(tensors: list[Any]) -> None:
        for tensor in tensors:
            kind = tensor.dtype.base_dtype
            if kind.name not in _TRAINED:
                raise ValueError(
                    f"Invalid type {kind!r} for {tensor.name}, expected: "
                    f"[{', '.join(f'tf.{name}' for name in _TRAINED)}]."
                )

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
        pairs = [(_gradient(gradient), variable) for gradient, variable in pairs]
        used = [(gradient, variable) for gradient, variable in pairs if gradient is not None]
        if not used:
            words = [str(variable) for _, variable in pairs]
            raise ValueError(f"No gradients provided for any variable: {words}.")
        with init_scope():
            self._create_slots([variable for _, variable in used])
        with name_scope(name, self._name) as scope:
            self._prepare()
            updates = []
            graph = get_default_graph()
            for gradient, variable in used:
                update = graph.name_scope("update_" + variable.op.name)
                with update, graph.colocate_with(variable.op):
                    updates.append(self._constrained(gradient, variable))
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
        self._prepared = [
            convert_to_tensor(self._call_if_callable(value), name=name)
            for name, value in self._hyper
        ]

    def _prepared_for(self, variable: Any) -> list[Tensor]:
        """The hyperparameters as the type of a variable."""
        kind = variable.dtype.base_dtype
        if all(value.dtype is kind for value in self._prepared):
            return self._prepared
        from scopecli.dryrun.ops.arithmetic import cast

        return [cast(value, kind) for value in self._prepared]

    def _constrained(self, gradient: Any, variable: Any) -> Any:
        """The update of a variable, and after it what its constraint asks for."""
        rows = isinstance(gradient, IndexedSlices)
        if rows and variable.constraint is not None:
            raise RuntimeError("Cannot use a constraint function on a sparse variable.")
        update = (self._update_rows if rows else self._update)(gradient, variable)
        if variable.constraint is None:
            return update
        with control_dependencies([update]):
            return variable.assign(variable.constraint(variable))

    def _update(self, gradient: Tensor, variable: Any) -> Any:
        own = "_resource_apply_dense" if variable.is_resource else "_apply_dense"
        if hasattr(self, own):
            return getattr(self, own)(gradient, variable)
        return self._update_node("", [gradient], variable)

    def _update_rows(self, gradient: IndexedSlices, variable: Any) -> Any:
        from scopecli.dryrun.train.rows import deduplicated

        rows = deduplicated(gradient)
        if variable.is_resource and hasattr(self, "_resource_apply_sparse"):
            return self._resource_apply_sparse(rows.values, variable, rows.indices)
        if not variable.is_resource and hasattr(self, "_apply_sparse"):
            return self._apply_sparse(rows, variable)
        return self._update_node("Sparse", [rows.values, rows.indices], variable)

    def _update_node(self, prefix: str, gradient: list[Tensor], variable: Any) -> Any:
        """The node that updates a variable."""
        if not self.update_op:
            raise NotImplementedError
        slots = [members[variable] for members in self._slots.values() if variable in members]
        tensors = [plain_tensor(slot) for slot in slots]
        prepared = self._prepared_for(variable)
        place = len(prepared) if self.gradient_place is None else self.gradient_place
        hyper = [*prepared[:place], *gradient, *prepared[place:]]
        if not prefix:
            self._check_gradient(gradient[0], variable)
        return add_update(prefix + self.update_op, variable, [*tensors, *hyper])

    def _check_gradient(self, gradient: Tensor, variable: Any) -> None:
        kind, own = gradient.dtype.base_dtype, variable.dtype.base_dtype
        if kind is not own:
            resource = "Resource" if variable.is_resource else ""
            raise TypeError(
                f"Input {self.gradient_name!r} of '{resource}{self.update_op}' Op has type "
                f"{kind.name} that does not match type {own.name} of argument 'var'."
            )
        dims = variable.shape.plain
        if not compatible(dims, gradient.dims):
            raise ValueError(mismatch(dims, gradient.dims))

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
                "slot_name": ROLES.get((self.update_op, slot), slot),
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
        """All its state, by name."""
        slots = [made for members in self._slots.values() for made in members.values()]
        every = [*self._non_slots.values(), *slots]
        return sorted(every, key=lambda variable: str(variable.name))

    # What optimizers of programs use and override

    def _create_non_slot_variable(self, initial_value: Any, name: str, colocate_with: Any) -> Any:
        """Get or make state that is no variable's own."""
        if name not in self._non_slots:
            with get_default_graph().colocate_with(colocate_with.op):
                made = Variable(
                    initial_value,
                    name=name,
                    trainable=False,
                    use_resource=getattr(colocate_with, "is_resource", False),
                )
            get_default_graph().roles[made.op.name] = ("bookkeeping", {})
            self._non_slots[name] = made
        return self._non_slots[name]

    def _get_non_slot_variable(self, name: str, graph: Any = None) -> Any:
        return self._non_slots.get(name)

    def _non_slot_variables(self) -> list[Any]:
        return list(self._non_slots.values())

    def _zeros_slot(self, var: Any, slot_name: str, op_name: str) -> Any:
        return self._slot(var, slot_name, op_name, zeros_initializer())

    def _get_or_make_slot(self, var: Any, val: Any, slot_name: str, op_name: str) -> Any:
        return self._slot(var, slot_name, op_name, val)

    def _get_or_make_slot_with_initializer(
        self, var: Any, initializer: Any, shape: Any, dtype: Any, slot_name: str, op_name: str
    ) -> Any:
        return self._slot(var, slot_name, op_name, initializer)

    def _call_if_callable(self, value: Any) -> Any:
        return value() if callable(value) else value


def _gradient(value: Any) -> Any:
    if value is None or isinstance(value, (Tensor, IndexedSlices)):
        return value
    try:
        return convert_to_tensor(value)
    except TypeError:
        words = f"Gradient must be convertible to a Tensor or IndexedSlices, or None: {value}"
        raise TypeError(words) from None


def add_update(type_: str, variable: Any, inputs: list[Any]) -> Operation:
    """The node that updates a variable, without one for its value."""
    graph = get_default_graph()
    if variable.is_resource:
        type_ = f"Resource{type_}"
    kind = reference(variable.dtype)
    outputs = [] if variable.is_resource else [(kind, variable.shape.plain)]
    every = [plain_tensor(variable), *inputs]
    return graph.add(type_, graph.unique_name(type_), every, outputs, {})


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
