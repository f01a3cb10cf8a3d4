"""Loops: the condition and the body are built once, and what they use is taken into the loop.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/ops/while_loop.py
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.keys import GraphKeys
from scopecli.dryrun.graph.scopes import add_to_collection, name_scope
from scopecli.dryrun.ops.applying import apply, apply_op, convert_to_tensor
from scopecli.dryrun.ops.constants import constant
from scopecli.dryrun.ops.control_flow.contexts import WhileContext
from scopecli.dryrun.ops.control_flow.tensor_array import flow_of, with_flow
from scopecli.dryrun.values.shapes import TensorShape, dims_of
from scopecli.dryrun.values.structures import flattened, is_nested, repacked, same_structure

if TYPE_CHECKING:
    from scopecli.dryrun.graph.nodes import Tensor
    from scopecli.dryrun.values.shapes import Dims


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
        ValueError: there is nothing to loop over, or a variable changes its shape.
    """
    if not callable(cond):
        raise TypeError("'cond' must be callable.")
    if not callable(body):
        raise TypeError("'body' must be callable.")
    if parallel_iterations < 1:
        raise TypeError("'parallel_iterations' must be a positive integer.")
    loop_vars = _without_variables(loop_vars)
    with name_scope(name, "while", flattened(loop_vars)):
        if not loop_vars:
            raise ValueError("'loop_vars' must be provided.")
        if maximum_iterations is None:
            return _loop(cond, body, loop_vars, shape_invariants, return_same_structure)
        limit = convert_to_tensor(maximum_iterations, name="maximum_iterations")
        if limit.dims not in {None, ()}:
            raise ValueError(
                f"'maximum_iterations' must be a scalar. Received shape: {limit.shape}"
            )
        counter = constant(0, limit.dtype, name="iteration_counter")
        single = len(loop_vars) == 1 and not return_same_structure
        inner = loop_vars[0] if single else loop_vars

        def counted_cond(i: Any, values: Any) -> Any:
            more = i < limit
            return apply("LogicalAnd", more, cond(values) if single else cond(*values))

        def counted_body(i: Any, values: Any) -> Any:
            return i + 1, body(values) if single else body(*values)

        invariants = None if shape_invariants is None else ((), shape_invariants)
        return _loop(counted_cond, counted_body, (counter, inner), invariants, False)[1]


def _without_variables(values: Any) -> Any:
    leaves = [
        convert_to_tensor(leaf) if hasattr(leaf, "initialized_value") else leaf
        for leaf in flattened(values)
    ]
    return repacked(values, leaves)


def _loop(cond: Any, body: Any, loop_vars: Any, invariants: Any, same: bool) -> Any:
    """The nodes of a loop."""
    context = WhileContext()
    if context.outer is None:
        add_to_collection(GraphKeys.WHILE_CONTEXT, context)
    given = flattened(loop_vars)
    tensors = [convert_to_tensor(flow_of(value)) for value in given]
    shapes = _shapes(tensors, invariants)
    with context:
        enters = [
            _entered(context, tensor, dims) for tensor, dims in zip(tensors, shapes, strict=True)
        ]
        context.begin(enters)
        merges = [apply("Merge", [tensor, tensor]) for tensor in enters]
        context.pivots.append(merges[0])
        test = convert_to_tensor(cond(*repacked(loop_vars, _arrays(given, merges))))
        predicate = apply("LoopCond", test, name="LoopCond")
        switches = [apply_op("Switch", merge, predicate, name="Switch") for merge in merges]
        inside = [apply("Identity", switch.outputs[1]) for switch in switches]
        context.pivots.append(inside[0])
        variables = repacked(loop_vars, _arrays(given, inside))
        result = body(*variables)
        outcome = result if is_nested(result) else [result]
        same_structure(list(variables), list(outcome))
        leaves = [convert_to_tensor(flow_of(value)) for value in flattened(outcome)]
        for merge, tensor in zip(merges, leaves, strict=True):
            _close(merge, tensor)
        exits = [apply("Exit", switch.outputs[0]) for switch in switches]
    if context.outer is not None:
        context.outer.admit(exits)
    found = repacked(outcome, _arrays(flattened(outcome), exits))
    return found[0] if len(exits) == 1 and not same else found


def _shapes(tensors: list[Tensor], invariants: Any) -> list[Dims]:
    if invariants is None:
        return [tensor.dims for tensor in tensors]
    return [dims_of(shape) for shape in _invariants(invariants)]


def _invariants(value: Any) -> list[Any]:
    """The shapes in a structure: a list is one of them only where it holds sizes."""
    if isinstance(value, (list, tuple)) and value and not isinstance(value[0], (int, type(None))):
        return [leaf for item in value for leaf in _invariants(item)]
    return [value]


def _entered(context: WhileContext, tensor: Tensor, dims: Dims) -> Tensor:
    """A loop variable that enters the loop.

    Raises:
        ValueError: it has not the shape that it is to keep.
    """
    found = context.bring_in_variable(tensor)
    found.dims = None
    if not _at_most(tensor.dims, dims):
        raise ValueError(
            f"The shape invariant specified for {tensor.name} is not compatible with the initial "
            f"shape of the loop variable. It enters the loop with shape {tensor.shape}, but the "
            f"specified shape invariant is {TensorShape(dims)}."
        )
    found.dims = dims
    return found


def _at_most(dims: Dims, limit: Dims) -> bool:
    """Whether a shape says at least as much as another."""
    if limit is None:
        return True
    if dims is None or len(dims) != len(limit):
        return False
    return all(b is None or a == b for a, b in zip(dims, limit, strict=True))


def _close(merge: Tensor, tensor: Tensor) -> None:
    """Lead a loop variable back to where the loop begins.

    Raises:
        ValueError: it changed its shape.
    """
    again = apply("NextIteration", tensor)
    if not _at_most(again.dims, merge.dims):
        first = merge.op.inputs[0].op.inputs[0]
        raise ValueError(
            f"Input tensor '{first.name}' enters the loop with shape {first.shape}, but has shape "
            f"{again.shape} after one iteration. To allow the shape to vary across iterations, "
            "use the `shape_invariants` argument of tf.while_loop to specify a less-specific "
            "shape."
        )
    merge.op.inputs = [merge.op.inputs[0], again]


def _arrays(like: list[Any], tensors: list[Tensor]) -> list[Any]:
    """Tensors, in the place of tensor arrays those with the flow."""
    return [with_flow(value, tensor) for value, tensor in zip(like, tensors, strict=True)]
