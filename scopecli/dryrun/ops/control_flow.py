"""Conditionals: both branches are built.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/ops/cond.py
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.keys import GraphKeys
from scopecli.dryrun.graph.scopes import add_to_collection, control_dependencies, name_scope
from scopecli.dryrun.ops.applying import apply, apply_op, constant, convert_to_tensor
from scopecli.dryrun.ops.contexts import CondContext, WhileContext
from scopecli.dryrun.ops.tensor_array import flow_of, with_flow
from scopecli.dryrun.values.shapes import dims_of
from scopecli.dryrun.values.structures import flattened, repacked

if TYPE_CHECKING:
    from collections.abc import Callable

    from scopecli.dryrun.graph.nodes import Tensor


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
    with context:
        original = function()
        if original is None:
            raise ValueError(f"'{'true_fn' if branch else 'false_fn'}' must have a return value.")
        results = [context.result(value) for value in flattened(original)]
    return original, results, context


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
        ValueError: there is nothing to loop over, or the body gives something else.
    """
    if not callable(cond):
        raise TypeError("'cond' must be callable.")
    if not callable(body):
        raise TypeError("'body' must be callable.")
    if not loop_vars:
        raise ValueError("'loop_vars' must be provided.")
    values = list(loop_vars) if isinstance(loop_vars, (list, tuple)) else [loop_vars]
    invariants = None if shape_invariants is None else flattened(shape_invariants)
    with name_scope(name, "while"):
        if maximum_iterations is None:
            found = _loop(cond, lambda *inside: _listed(body(*inside)), values, invariants)
        else:
            limit = convert_to_tensor(maximum_iterations, name="maximum_iterations")
            counter = constant(0, limit.dtype, name="iteration_counter")
            found = _loop(
                lambda i, *inside: apply("LogicalAnd", apply("Less", i, limit), cond(*inside)),
                lambda i, *inside: [i + 1, *_listed(body(*inside))],
                [counter, *values],
                None if invariants is None else [(), *invariants],
            )[1:]
    return found[0] if len(found) == 1 and not return_same_structure else found


def _listed(result: Any) -> list[Any]:
    return list(result) if isinstance(result, (list, tuple)) else [result]


def _loop(cond: Any, body: Any, values: list[Any], invariants: list[Any] | None) -> list[Any]:
    """The nodes of a loop, and what it leaves."""
    context = WhileContext()
    if context.outer is None:
        add_to_collection(GraphKeys.WHILE_CONTEXT, context)
    leaves = flattened(values)
    tensors = [convert_to_tensor(flow_of(leaf)) for leaf in leaves]
    if context.outer is not None:
        tensors = [context.outer.add_value(tensor) for tensor in tensors]
    with control_dependencies(None):
        enters = [apply("Enter", tensor, name="Enter") for tensor in tensors]
    for number, dims in enumerate(invariants or ()):
        enters[number].dims = dims_of(dims)
    context.admit(enters)

    def inside(flows: list[Tensor]) -> Any:
        pairs = zip(leaves, flows, strict=True)
        return repacked(values, [with_flow(leaf, flow) for leaf, flow in pairs])

    with context:
        merges = [apply("Merge", [enter, enter]) for enter in enters]
        context.pivots.append(merges[0])
        test = convert_to_tensor(cond(*inside(merges)))
        predicate = apply("LoopCond", test, name="LoopCond")
        switches = [apply_op("Switch", merge, predicate, name="Switch") for merge in merges]
        bodies = [apply("Identity", switch.outputs[1], name="Identity") for switch in switches]
        context.pivots.append(bodies[0])
        outcome = flattened(body(*inside(bodies)))
        if len(outcome) != len(merges):
            raise ValueError(
                f"The number of outputs of the loop body, {len(outcome)}, is not that of the "
                f"loop variables, {len(merges)}."
            )
        results = [convert_to_tensor(flow_of(value)) for value in outcome]
        for result, merge in zip(results, merges, strict=True):
            merge.op.inputs[1] = apply("NextIteration", result)
        exits = [apply("Exit", switch.outputs[0], name="Exit") for switch in switches]
    for leave, enter in zip(exits, enters, strict=True):
        leave.dims = enter.dims
    found: list[Any] = inside(exits)
    return found
