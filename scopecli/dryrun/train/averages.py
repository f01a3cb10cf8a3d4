"""Moving averages of variables: `tf.train.ExponentialMovingAverage`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.default import get_default_graph
from scopecli.dryrun.graph.keys import GraphKeys
from scopecli.dryrun.graph.scopes import add_to_collection, colocate_with, init_scope, name_scope
from scopecli.dryrun.ops.applying import apply, convert_to_tensor
from scopecli.dryrun.ops.control_flow.conditionals import cond
from scopecli.dryrun.ops.grouping import group
from scopecli.dryrun.train.slots import create_slot
from scopecli.dryrun.variables.assigning import assign, assign_sub
from scopecli.dryrun.variables.collections import (
    global_variables,
    moving_average_variables,
    trainable_variables,
)
from scopecli.dryrun.variables.getting import get_variable
from scopecli.dryrun.variables.initializers import zeros_initializer
from scopecli.dryrun.variables.opening import variable_scope
from scopecli.dryrun.variables.scope import get_variable_scope
from scopecli.dryrun.variables.variable import Variable

if TYPE_CHECKING:
    from scopecli.dryrun.graph.nodes import Tensor


class ExponentialMovingAverage:
    """Averaged copies of variables.

    Attributes:
        name: last part of the copies' names.
    """

    def __init__(
        self,
        decay: Any,
        num_updates: Any = None,
        zero_debias: bool = False,
        name: str = "ExponentialMovingAverage",
    ) -> None:
        self._decay = decay
        self._num_updates = num_updates
        self._zero_debias = zero_debias
        self.name = name
        self._averages: dict[Any, Any] = {}

    def apply(self, var_list: Any = None) -> Any:
        """Make the copies, and the node that updates them."""
        if var_list is None:
            var_list = trainable_variables()
        debiased = set()
        for value in var_list:
            if not value.dtype.base_dtype.is_floating:
                raise TypeError(f"The variables must be half, float, or double: {value.name}")
            if value not in self._averages:
                self._averages[value] = self._copy(value)
                if self._zero_debias and not isinstance(value, Variable):
                    debiased.add(value)
        with name_scope(self.name) as scope:
            decay = convert_to_tensor(self._decay, name="decay")
            if self._num_updates is not None:
                from scopecli.dryrun.ops.arithmetic import cast
                from scopecli.dryrun.ops.wrappers import wrapper

                count = cast(self._num_updates, "float32", name="num_updates")
                decay = wrapper("minimum")(decay, (1.0 + count) / (10.0 + count))  # type: ignore[misc]
            updates = [
                self._update(self._averages[value], value, decay, value in debiased)
                for value in var_list
            ]
            return group(*updates, name=scope)

    def _copy(self, value: Any) -> Any:
        with init_scope():
            if isinstance(value, Variable):
                initial = cond(
                    value._is_initialized(),  # noqa: SLF001 - the engine's own protocol
                    value.read_value,
                    lambda: value.initial_value,
                )
                made = create_slot(value, self.name, initial)
                add_to_collection(GraphKeys.MOVING_AVERAGE_VARIABLES, value)
                attributes: dict[str, object] = {
                    "average_of": value.op.name,
                    "evidence": "name pattern",
                }
                get_default_graph().roles[made.op.name] = ("variable", attributes)
                return made
            with variable_scope(None, f"{value.op.name}/{self.name}"), colocate_with(value.op):
                scope = get_variable_scope()
                partitioner, scope.partitioner = scope.partitioner, None
                made = get_variable(
                    "", shape=value.shape, initializer=zeros_initializer(), trainable=False
                )
                scope.partitioner = partitioner
                return made

    @staticmethod
    def _update(average: Any, value: Any, decay: Tensor, debias: bool) -> Any:
        with name_scope("AssignMovingAvg") as scope, colocate_with(average.op):
            share = 1.0 - decay
            if debias:
                return _debiased(average, value, share, scope)
            return assign_sub(average, (average - value) * share, name=scope)

    def average(self, var: Any) -> Any:
        """The copy of a variable, or None."""
        return self._averages.get(var)

    def average_name(self, var: Any) -> str:
        """Name of the copy."""
        if var in self._averages:
            found: str = self._averages[var].op.name
            return found
        return get_default_graph().unique_name(f"{var.op.name}/{self.name}", mark_as_used=False)

    def variables_to_restore(self, moving_avg_variables: Any = None) -> dict[str, Any]:
        """What to restore in place of the variables: their copies."""
        if moving_avg_variables is None:
            moving_avg_variables = [*trainable_variables(), *moving_average_variables()]
        found = {self.average_name(variable): variable for variable in moving_avg_variables}
        for variable in global_variables():
            if variable not in moving_avg_variables:
                found.setdefault(variable.op.name, variable)
        return found


def _debiased(average: Any, value: Any, share: Any, name: str) -> Any:
    """Update an average that begins at zero, and does not tend to it."""
    kind = average.dtype.base_dtype
    zeros = zeros_initializer()
    with variable_scope(average.op.name, values=[value]), colocate_with(average.op):
        biased = get_variable(_unused("biased"), average.shape, kind, zeros, trainable=False)
        steps = get_variable(_unused("local_step"), [], kind, zeros, trainable=False)
    moved: Any = assign_sub(biased, (biased - value) * share)
    count = steps.assign_add(1)
    rest: Any = apply("Pow", 1.0 - share, count)
    return assign(average, moved / (1 - rest), name=name)


def _unused(name: str) -> str:
    """A name that no variable of the open scope has."""
    scope = get_variable_scope()
    if scope.reuse:
        return name
    taken = {variable.op.name for variable in scope.global_variables()}
    found, number = name, 0
    while f"{scope.name}/{found}" in taken:
        number += 1
        found = f"{name}_{number}"
    return found
