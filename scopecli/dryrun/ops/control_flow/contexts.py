"""Control flow contexts: what is built inside a branch or a loop gets its inputs through it.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/ops/control_flow_ops.py
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.default import get_default_graph
from scopecli.dryrun.graph.nodes import Operation
from scopecli.dryrun.graph.scopes import control_dependencies
from scopecli.dryrun.ops.applying import apply, apply_op, convert_to_tensor
from scopecli.dryrun.ops.grouping import with_dependencies as after

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scopecli.dryrun.graph.nodes import Tensor


class Context:
    """Something that is built apart from the graph around it.

    Attributes:
        name: of the context.
        outer: the context around it.
    """

    def __init__(self, name: str) -> None:
        graph = get_default_graph()
        self.name = graph.unique_name(name)
        self.outer: Context | None = graph.context
        self._inside: set[Tensor] = set()
        self._standing_in: dict[Tensor, Tensor] = {}

    def __enter__(self) -> None:
        get_default_graph().context = self

    def __exit__(self, *_: object) -> None:
        get_default_graph().context = self.outer

    @property
    def pivot(self) -> Tensor:
        """What is there as soon as the inside runs."""
        raise NotImplementedError

    def bring_in(self, tensor: Tensor) -> Tensor:
        """Make the node that brings a tensor in from outside."""
        raise NotImplementedError

    def add_op(self, op: Operation) -> None:
        """Take in a new node: its inputs from outside are replaced."""
        op.context = self
        op.inputs = [self.add_value(tensor) for tensor in op.inputs]
        if self.runs_at_once(op):
            op.control_inputs.append(self.pivot.op)
        self.admit(op.outputs)

    def runs_at_once(self, op: Operation) -> bool:
        """Whether nothing else makes a node wait for the inside to run."""
        return not op.inputs and not any(self.holds(c.context) for c in op.control_inputs)

    def loop(self) -> WhileContext | None:
        """The loop that this is, or is in."""
        return None if self.outer is None else self.outer.loop()

    def holds(self, context: Context | None) -> bool:
        """Whether another context is this one, or inside."""
        while context is not None:
            if context is self:
                return True
            context = context.outer
        return False

    def admit(self, tensors: Sequence[Tensor]) -> None:
        """Count tensors as inside, here and in the contexts around."""
        context: Context | None = self
        while context is not None:
            context._inside.update(tensors)  # noqa: SLF001 - the same class
            context = context.outer

    def add_value(self, tensor: Tensor) -> Tensor:
        """The tensor that stands inside for one that may be outside."""
        if tensor in self._inside:
            return self._standing_in.get(tensor, tensor)
        self._inside.add(tensor)
        source = self._from_outer(tensor)
        with control_dependencies(None):
            found = self.bring_in(source)
        found.op.context = self
        self.admit([found])
        self._standing_in[tensor] = found
        return found

    def _from_outer(self, tensor: Tensor) -> Tensor:
        if self.outer is None:
            return tensor
        source = self.outer.add_value(tensor)
        self._inside.add(source)
        self._standing_in[source] = source
        return source


class CondContext(Context):
    """One branch of a conditional: what comes from outside is switched."""

    def __init__(self, predicate: Tensor, pivot: Tensor, branch: int) -> None:
        super().__init__("cond_text")
        self._predicate = predicate
        self._pivot = pivot
        self._branch = branch
        self._inside = {predicate, pivot}
        self._standing_in = {predicate: predicate, pivot: pivot}

    @property
    def pivot(self) -> Tensor:
        return self._pivot

    def bring_in(self, tensor: Tensor) -> Tensor:
        type_ = "RefSwitch" if tensor.dtype.is_ref else "Switch"
        op = apply_op(type_, tensor, self._predicate, name="Switch")
        return op.outputs[self._branch]

    def result(self, value: Any) -> Any:
        """What a branch returns, as tensors inside of it."""
        if isinstance(value, Operation):
            return after([value], self._pivot)
        tensor = convert_to_tensor(value)
        if tensor in self._inside:
            return self._standing_in.get(tensor, tensor)
        self._inside.add(tensor)
        found = self.bring_in(self._from_outer(tensor))
        self._standing_in[tensor] = found
        return found


class WhileContext(Context):
    """A loop: what comes from outside enters it once.

    Attributes:
        pivots: what is there once the condition, and then the body, runs.
    """

    def __init__(self) -> None:
        super().__init__("while_context")
        self.pivots: list[Tensor] = []

    @property
    def pivot(self) -> Tensor:
        return self.pivots[-1]

    def add_value(self, tensor: Tensor) -> Tensor:
        if tensor in self._inside or tensor.op.context is self:
            return self._standing_in.get(tensor, tensor)
        self._inside.add(tensor)
        found = self.bring_in(tensor if self.outer is None else self.outer.add_value(tensor))
        found.op.attributes["is_constant"] = True
        self._inside.add(found)
        self._standing_in[tensor] = found
        return found

    def bring_in(self, tensor: Tensor) -> Tensor:
        """Make the node; it waits for what the tensor itself would wait for."""
        with control_dependencies(None):
            found = apply("RefEnter" if tensor.dtype.is_ref else "Enter", tensor)
        op = found.op
        op.context = self
        outer = None if self.outer is None else self.outer.loop()
        waits = op.graph.controls_for({op.inputs[0].op}, op)
        op.control_inputs += [control for control in waits if _loop_of(control) is outer]
        return found

    def bring_in_variable(self, tensor: Tensor) -> Tensor:
        """Let a loop variable in."""
        return self.bring_in(tensor if self.outer is None else self.outer.add_value(tensor))

    def begin(self, tensors: Sequence[Tensor]) -> None:
        """Count the loop variables as inside, and nothing else."""
        self._inside = set(tensors)

    def loop(self) -> WhileContext:
        return self

    def add_op(self, op: Operation) -> None:
        op.context = self
        op.inputs = [self.add_value(tensor) for tensor in op.inputs]
        inside = [control for control in op.control_inputs if _loop_of(control) is self]
        outside = [control for control in op.control_inputs if control not in inside]
        op.control_inputs[:] = inside
        constant = all(tensor.op.attributes.get("is_constant") for tensor in op.inputs)
        if constant and not inside and self.pivots:
            op.control_inputs.append(self.pivot.op)
        self._inside.update(op.outputs)
        sources = [control.outputs[0] for control in outside if control.outputs]
        if sources:
            with control_dependencies(None), self:
                op.control_inputs += [apply("Identity", source).op for source in sources]


def _loop_of(op: Operation) -> WhileContext | None:
    """The loop that a node's outputs are in."""
    context = op.context
    if context is not None and op.type == "Exit":
        context = context.outer
    return None if context is None else context.loop()
