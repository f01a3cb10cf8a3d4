"""Conditionals and loops: both branches are built, and the body of a loop once.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/ops/cond.py
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.default import get_default_graph
from scopecli.dryrun.graph.keys import GraphKeys
from scopecli.dryrun.graph.nodes import Operation, Tensor
from scopecli.dryrun.graph.scopes import add_to_collection, control_dependencies, name_scope
from scopecli.dryrun.graph.scopes import with_dependencies as after
from scopecli.dryrun.ops.applying import apply, apply_op, convert_to_tensor
from scopecli.dryrun.values.structures import flattened, repacked

if TYPE_CHECKING:
    from collections.abc import Callable


class CondContext:
    """One branch of a conditional that is being built: what comes from outside is switched.

    Attributes:
        name: of the context.
        outer: the branch around it.
    """

    def __init__(self, predicate: Tensor, pivot: Tensor, branch: int) -> None:
        graph = get_default_graph()
        self.name = graph.unique_name("cond_text")
        self._predicate = predicate
        self._pivot = pivot
        self._branch = branch
        self.outer = graph.context
        self._inside: set[Tensor] = {predicate, pivot}
        self._switched: dict[Tensor, Tensor] = {predicate: predicate, pivot: pivot}

    def add_op(self, op: Operation) -> None:
        """Take in a new node: its inputs from outside are replaced."""
        op.context = self
        if not op.inputs:
            if not any(self._holds(c.context) for c in op.control_inputs):
                op.control_inputs.append(self._pivot.op)
        else:
            op.inputs = [self._add_value(tensor) for tensor in op.inputs]
        context = self
        while context is not None:
            context._inside.update(op.outputs)
            context = context.outer

    def _holds(self, context: Any) -> bool:
        while context is not None:
            if context is self:
                return True
            context = context.outer
        return False

    def _add_value(self, tensor: Tensor) -> Tensor:
        if tensor in self._inside:
            return self._switched.get(tensor, tensor)
        self._inside.add(tensor)
        source = tensor
        if self.outer is not None:
            source = self.outer._add_value(tensor)  # noqa: SLF001 - the same class
            self._inside.add(source)
            self._switched[source] = source
        with control_dependencies(None):
            found = self._switch(source)
        found.op.context = self
        context: CondContext | None = self
        while context is not None:
            context._inside.add(found)  # noqa: SLF001 - the same class
            context = context.outer
        self._switched[tensor] = found
        return found

    def _switch(self, tensor: Tensor) -> Tensor:
        type_ = "RefSwitch" if tensor.dtype.is_ref else "Switch"
        op = apply_op(type_, tensor, self._predicate, name="Switch")
        return op.outputs[self._branch]

    def result(self, value: Any) -> Any:
        """What a branch returns, as tensors inside of it."""
        if isinstance(value, Operation):
            return after([value], self._pivot)
        tensor = convert_to_tensor(value)
        if tensor in self._inside:
            return self._switched.get(tensor, tensor)
        self._inside.add(tensor)
        source = tensor
        if self.outer is not None:
            source = self.outer._add_value(tensor)  # noqa: SLF001 - the same class
            self._inside.add(source)
            self._switched[source] = source
        found = self._switch(source)
        self._switched[tensor] = found
        return found


def cond(
    pred: Any,
    true_fn: Any = None,
    false_fn: Any = None,
    strict: bool = False,
    name: str | None = None,
    fn1: Any = None,
    fn2: Any = None,
) -> Any:
    """What one branch or the other gives; both are built.

    Raises:
        TypeError: a branch is missing, or the condition is no tensor.
        ValueError: a branch gives nothing, or they give different things.
    """
    true_fn = true_fn or fn1
    false_fn = false_fn or fn2
    for function, label in ((true_fn, "true_fn"), (false_fn, "false_fn")):
        if function is None:
            raise TypeError(f"cond(): '{label}' argument required")
        if not callable(function):
            raise TypeError(f"'{label}' must be callable.")
    with name_scope(name, "cond"):
        if isinstance(pred, bool):
            raise TypeError("'pred' must not be a Python bool.")
        switch = apply_op("Switch", pred, pred, name="Switch")
        pivots = [
            apply("Identity", switch.outputs[1], name="switch_t"),
            apply("Identity", switch.outputs[0], name="switch_f"),
        ]
        predicate = apply("Identity", pred, name="pred_id")
        built = []
        for function, pivot, branch in ((true_fn, pivots[0], 1), (false_fn, pivots[1], 0)):
            built.append(_branch(function, CondContext(predicate, pivot, branch), branch))
        (original, yes, context_t), (_, no, context_f) = built
        if len(yes) != len(no):
            raise ValueError(
                "Incompatible return values of 'true_fn' and 'false_fn': The two structures don't "
                "have the same nested structure."
            )
        for a, b in zip(yes, no, strict=True):
            if a.dtype.base_dtype != b.dtype.base_dtype:
                raise ValueError(
                    "Outputs of 'true_fn' and 'false_fn' must have the same type(s). Received "
                    f"{a.dtype.name} from 'true_fn' and {b.dtype.name} from 'false_fn'."
                )
        merged = [apply("Merge", [b, a]) for a, b in zip(yes, no, strict=True)]
        if context_t.outer is None:
            add_to_collection(GraphKeys.COND_CONTEXT, context_t)
            add_to_collection(GraphKeys.COND_CONTEXT, context_f)
        found = repacked(original, merged)
        single = isinstance(found, (list, tuple)) and len(found) == 1 and not strict
        return found[0] if single else found


def _branch(
    function: Callable[[], Any], context: CondContext, branch: int
) -> tuple[Any, list[Tensor], CondContext]:
    graph = get_default_graph()
    graph.context = context
    try:
        original = function()
        if original is None:
            raise ValueError(f"'{'true_fn' if branch else 'false_fn'}' must have a return value.")
        results = [context.result(value) for value in flattened(original)]
    finally:
        graph.context = context.outer
    return original, results, context


def case(
    pred_fn_pairs: Any,
    default: Any = None,
    exclusive: bool = False,
    strict: bool = False,
    name: str | None = "case",
) -> Any:
    """The first branch whose condition holds; all are built, as nested conditionals."""
    pairs = list(pred_fn_pairs.items() if isinstance(pred_fn_pairs, dict) else pred_fn_pairs)
    with name_scope(name, "case"):
        if default is None:
            default = pairs.pop()[1]

        def nested(rest: list[Any]) -> Any:
            if not rest:
                return default()
            predicate, function = rest[0]
            return cond(predicate, function, lambda: nested(rest[1:]))

        return nested(pairs)


def while_loop(
    cond: Any,
    body: Any,
    loop_vars: Any,
    shape_invariants: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    name: str | None = None,
    maximum_iterations: Any = None,
    return_same_structure: bool = False,
) -> Any:
    """A loop; its condition and body are built once.

    Raises:
        TypeError: the condition or the body is no function.
        ValueError: there is nothing to loop over.
    """
    if not callable(cond):
        raise TypeError("'cond' must be callable.")
    if not callable(body):
        raise TypeError("'body' must be callable.")
    if not loop_vars:
        raise ValueError("'loop_vars' must be provided.")
    values = list(loop_vars) if isinstance(loop_vars, (list, tuple)) else [loop_vars]
    with name_scope(name, "while"):
        tensors = [
            convert_to_tensor(value, name=f"loop_var_{i}")
            for i, value in enumerate(flattened(values))
        ]
        enters = [apply("Enter", tensor, name="Enter") for tensor in tensors]
        merges = [apply("Merge", [enter, enter]) for enter in enters]
        test = convert_to_tensor(cond(*repacked(values, merges)))
        predicate = apply("LoopCond", test, name="LoopCond")
        switches = [apply_op("Switch", merge, predicate, name="Switch") for merge in merges]
        inside = [apply("Identity", switch.outputs[1], name="Identity") for switch in switches]
        result = body(*repacked(values, inside))
        outcome = list(result) if isinstance(result, (list, tuple)) else [result]
        for tensor, merge in zip(flattened(outcome), merges, strict=True):
            again = apply("NextIteration", tensor)
            merge.op.inputs[1] = again
        exits = [apply("Exit", switch.outputs[0], name="Exit") for switch in switches]
        for leave, enter in zip(exits, tensors, strict=True):
            leave.dims = enter.dims
        found = repacked(values, exits)
        return found[0] if len(found) == 1 and not return_same_structure else found
