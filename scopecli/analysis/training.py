"""How a graph is trained: what optimizers update, what else is written, what has a gradient."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING

from scopecli.analysis.dataflow import VARIABLE_OPS
from scopecli.analysis.wiring import PASSING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scopecli.analysis.wiring import Wiring
    from scopecli.model.graph import Function, Graph

_UPDATE = "update_"  # how `tf.train.Optimizer` begins the name of that scope
_WRITE_STARTS = ("Assign", "ResourceScatter", "Scatter")
_RESTORE_STARTS = ("Restore",)
_MOST_STEPS = 4  # between what a Restore operation reads and what it is assigned to
# Operations that call functions, and may write the variables that they are given.
_CALLS = frozenset(
    {"Case", "If", "PartitionedCall", "StatefulPartitionedCall", "While", "StatelessIf"}
)
# Operations that look at a variable without computing with it.
_LOOKING = frozenset(
    {"DestroyResourceOp", "IsVariableInitialized", "NoOp", "VarIsInitializedOp", "VariableShape"}
)
_LOOKING_STARTS = ("Save", "HistogramSummary", "ScalarSummary", "WriteHistogramSummary")
# `tf.gradients` puts the gradient of an operation below its own scope, under that name and `_grad`.
_GRADIENT = r"(?:.*/)?gradients(?:_[0-9]+)?/(.*?)_grad/"
_GRADIENTS = "/gradients"
_REGULARIZER = "/Regularizer"


class Training:
    """What trains, updates and differentiates in a graph."""

    def __init__(self, graph: Graph, wiring: Wiring) -> None:
        self._graph = graph
        self.wiring = wiring

    @cached_property
    def _applies(self) -> Mapping[int, str]:
        """The operations that apply a gradient, with the variable that each updates.

        An optimizer that has none for that assigns, in a scope that is called after the variable.
        """
        wiring = self.wiring
        found = {}
        for number, (name, op) in enumerate(zip(wiring.names, wiring.ops, strict=True)):
            is_applied = "Apply" in op
            if is_applied or (_UPDATE in name and op.startswith(_WRITE_STARTS)):
                owner = self._target(number)
                if owner and (is_applied or f"{_UPDATE}{owner}/" in name):
                    found[number] = owner
        return found

    @property
    def exists(self) -> bool:
        """Whether the graph has an optimizer."""
        return bool(self._applies)

    @cached_property
    def updated(self) -> frozenset[str]:
        """The variables that an optimizer updates."""
        return frozenset(self._applies.values())

    @cached_property
    def run(self) -> set[int]:
        """What runs with a training step: all that leads to the optimizers or to what follows them.

        A `tf.group` of the step and an update follows the step, so the update runs with it.
        """
        return self.wiring.before(self.wiring.after(self._applies))

    @cached_property
    def writers(self) -> Mapping[str, list[int]]:
        """For each variable, the operations that write it, other than to initialize or restore."""
        found: dict[str, list[int]] = {}
        wiring = self.wiring
        for number, op in enumerate(wiring.ops):
            if op.startswith(_WRITE_STARTS):
                target = self._target(number)
                own = f"{target}/Assign"
                if target and wiring.names[number] != own and not self._restores(number):
                    found.setdefault(target, []).append(number)
            elif op in _CALLS and self._writes(number):
                for source in wiring.inputs[number]:
                    origin = wiring.origin(source)
                    if wiring.ops[origin] in VARIABLE_OPS:
                        found.setdefault(wiring.names[origin], []).append(number)
        return found

    def is_written(self, variable: str) -> bool:
        """Whether something that runs with training writes a variable."""
        return any(number in self.run for number in self.writers.get(variable, ()))

    def written_by(self, number: int) -> frozenset[str]:
        """The variables that a node writes, or else the nearest nodes before it: a group does."""
        wiring = self.wiring
        waiting = {number}
        for _ in range(_MOST_STEPS):
            found = {self._written[node] for node in waiting if node in self._written}
            if found:
                return frozenset(found)
            waiting = {
                source
                for node in waiting
                for source in (*wiring.inputs[node], *wiring.controls[node])
            }
        return frozenset()

    @cached_property
    def _written(self) -> Mapping[int, str]:
        return {number: name for name, numbers in self.writers.items() for number in numbers}

    def is_used(self, variable: str) -> bool:
        """Whether anything uses a variable, other than to initialize, save or summarize it."""
        wiring = self.wiring
        waiting = [wiring.find(variable)]
        seen = set(waiting)
        while waiting:
            for consumer in wiring.consumers[waiting.pop()]:
                op = wiring.ops[consumer]
                if consumer in seen or op in _LOOKING or op.startswith(_LOOKING_STARTS):
                    continue
                if op not in PASSING and not self._only_sets(consumer):
                    return True
                seen.add(consumer)
                waiting += [consumer] if op in PASSING else []
        return False

    def _only_sets(self, number: int) -> bool:
        """Whether a node gives a variable its initial value, or the one in a file."""
        if not self.wiring.ops[number].startswith("Assign"):
            return False
        own = f"{self._target(number)}/Assign"
        return self.wiring.names[number] == own or self._restores(number)

    @cached_property
    def differentiated(self) -> Mapping[str, frozenset[str]]:
        """The operations that have a gradient, with the scopes of the gradients."""
        match = re.compile(_GRADIENT).match
        found: dict[str, set[str]] = {}
        for name in self.wiring.names:
            if "_grad/" in name and (matched := match(name)):
                found.setdefault(matched[1], set()).add(name[: matched.start(1)])
        return {name: frozenset(scopes) for name, scopes in found.items()}

    @cached_property
    def penalties(self) -> Mapping[str, Mapping[str, list[str]]]:
        """For each variable, the scopes of its regularizers with their operations.

        A penalty that is written by hand, as `tf.nn.l2_loss(w)`, counts as a scope of its own.
        """
        found: dict[str, dict[str, list[str]]] = {}
        for scope, numbers in self._penalizing().items():
            variable = scope.partition(_REGULARIZER)[0]
            if not self._is_variable(variable):
                variable = next(filter(None, map(self._target, numbers)), "")
            if variable:
                names = [self.wiring.names[number] for number in numbers]
                found.setdefault(variable, {})[scope] = names
        return found

    def _penalizing(self) -> Mapping[str, list[int]]:
        """The scopes that penalize a variable, and their operations.

        TensorFlow has those of `w` in `w/Regularizer`; layers have them under their own word for
        the weight: those of `fc/weights` may be in `fc/kernel/Regularizer`.
        """
        wiring = self.wiring
        found: dict[str, list[int]] = {}
        for number, (name, op) in enumerate(zip(wiring.names, wiring.ops, strict=True)):
            before, inside, rest = name.partition(_REGULARIZER)
            if inside and _GRADIENTS not in f"/{before}":
                scope = f"{before}{_REGULARIZER}{rest.partition('/')[0]}"
                found.setdefault(scope, []).append(number)
            elif op == "L2Loss":
                found[name] = [number]
        return found

    def regularizers(self, variable: str) -> Mapping[str, list[str]]:
        """The penalties of a variable, without those that are written by hand."""
        scopes = self.penalties.get(variable, {})
        return {scope: names for scope, names in scopes.items() if _REGULARIZER in scope}

    def _target(self, number: int) -> str:
        """The variable that is a node's first input; empty where that is something else."""
        wiring = self.wiring
        if not wiring.inputs[number]:
            return ""
        origin = wiring.origin(wiring.inputs[number][0])
        return wiring.names[origin] if wiring.ops[origin] in VARIABLE_OPS else ""

    def _is_variable(self, name: str) -> bool:
        number = self.wiring.find(name)
        return number >= 0 and self.wiring.ops[number] in VARIABLE_OPS

    def _restores(self, number: int) -> bool:
        """Whether what a node writes comes from a file."""
        wiring = self.wiring
        sources = wiring.inputs[number][-1:]
        for _ in range(_MOST_STEPS):
            if not sources:
                break
            if wiring.ops[sources[0]].startswith(_RESTORE_STARTS):
                return True
            sources = wiring.inputs[sources[0]][:1]
        return False

    def _writes(self, number: int) -> bool:
        """Whether a function that a node calls writes a variable."""
        attributes = self._graph.nodes[number].attributes
        called = (self._function(attributes[name]) for name in attributes)
        return any(
            op.startswith(_WRITE_STARTS)
            for function in called
            if function is not None
            for op in function.nodes.ops
        )

    def _function(self, attribute: object) -> Function | None:
        name = getattr(attribute, "name", None)
        return self._graph.functions.get(name) if isinstance(name, str) else None
