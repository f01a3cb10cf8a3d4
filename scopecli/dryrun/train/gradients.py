"""Gradients: what they reach, and one node that stands for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.default import get_default_graph
from scopecli.dryrun.graph.nodes import Operation, Tensor
from scopecli.dryrun.graph.scopes import colocate_with, name_scope
from scopecli.dryrun.ops.applying import apply, convert_to_tensor
from scopecli.dryrun.ops.arithmetic import cast
from scopecli.dryrun.ops.arrays import identity, shape_node, stack
from scopecli.dryrun.ops.constants import constant
from scopecli.dryrun.ops.filled import zeros_like
from scopecli.dryrun.ops.indexed_slices import IndexedSlices
from scopecli.dryrun.ops.reductions import reduce_sum
from scopecli.dryrun.train.row_gradients import RowReaders
from scopecli.dryrun.values.dtypes import COMPLEX, FLOATING

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


# What gradients flow through.
_FLOWING = FLOATING | COMPLEX | {"resource"}


def connected(losses: Sequence[Tensor]) -> tuple[set[Operation], set[int]]:
    """The nodes that gradients of these go through, and the ids of the tensors that they reach."""
    seen: set[Operation] = set()
    tensors = {id(loss) for loss in losses}
    waiting = [loss.op for loss in losses]
    while waiting:
        op = waiting.pop()
        if op in seen or op.type in _STOPS:
            continue
        seen.add(op)
        for tensor in op.inputs:
            if tensor.dtype.base_dtype.name in _FLOWING:
                tensors.add(id(tensor))
                waiting.append(tensor.op)
    return seen, tensors


class UnconnectedGradients:
    """What stands for the gradient of something that a loss does not depend on."""

    NONE, ZERO = "none", "zero"


def gradients(
    ys: Any,
    xs: Any,
    grad_ys: Any = None,
    name: str = "gradients",
    colocate_gradients_with_ops: bool = False,
    gate_gradients: bool = False,
    aggregation_method: Any = None,
    stop_gradients: Any = None,
    unconnected_gradients: str = UnconnectedGradients.NONE,
) -> list[Any]:
    """The gradients as outputs of one node; None where nothing flows back.

    Where only rows of a target are read, they are `IndexedSlices` of two outputs.

    Raises:
        ValueError: what comes from behind does not go with the losses.
    """
    losses = [convert_to_tensor(y) for y in (ys if isinstance(ys, (list, tuple)) else [ys])]
    targets = list(xs) if isinstance(xs, (list, tuple)) else [xs]
    given = grad_ys if isinstance(grad_ys, (list, tuple)) else [grad_ys] * len(losses)
    if len(given) != len(losses):
        raise ValueError(f"Length mismatch. Passed {len(given)} grad_ys for {len(losses)} ys")
    reached, touched = connected(losses)
    graph = get_default_graph()
    with graph.name_scope(name):
        wanted = [target for target in targets if id(plain_tensor(target)) in touched]
        if not wanted and any("opaque" in op.attributes for op in reached):
            # What is not known may read any variable.
            wanted = [target for target in targets if not isinstance(target, Tensor)]
        readers = RowReaders(reached, losses)
        known = [readers.outputs(target, plain_tensor(target)) for target in wanted]
        inputs = [*losses, *[plain_tensor(target) for target in wanted]]
        outputs = [output for several in known for output in several]
        op = graph.add("Gradients", graph.unique_name("Gradients"), inputs, outputs, {})
        tensors = iter(op.outputs)
        found: dict[int, Any] = {}
        for target, several in zip(wanted, known, strict=True):
            gradient: Any = next(tensors)
            if len(several) > 1:
                whole = shape_node(plain_tensor(target), None, "int32", optimize=True)
                gradient = IndexedSlices(gradient, next(tensors), whole)
            found[id(target)] = gradient
    if unconnected_gradients == UnconnectedGradients.ZERO:
        return [found[id(x)] if id(x) in found else zeros_like(x) for x in targets]
    return [found.get(id(target)) for target in targets]


def plain_tensor(target: Any) -> Tensor:
    """A tensor, or what a variable's own node gives."""
    return target if isinstance(target, Tensor) else target.op.outputs[0]


def clip_by_global_norm(
    t_list: Any, clip_norm: Any, use_norm: Any = None, name: str | None = None
) -> tuple[list[Any], Tensor]:
    """Tensors that are not longer than a bound together, and how long they were.

    Raises:
        TypeError: they are no list.
    """
    given = _several(t_list)
    if use_norm is None:
        use_norm = global_norm(given, name)
    with name_scope(name, "clip_by_global_norm") as scope:
        inverse: Any = 1.0 / use_norm
        one: Any = constant(1.0, use_norm.dtype)
        finite: Any = clip_norm * apply("Minimum", inverse, one / clip_norm)
        scale: Any = finite + (use_norm - use_norm)
        clipped: list[Any] = []
        for number, (value, tensor) in enumerate(zip(given, _values(given), strict=True)):
            if tensor is None:
                clipped.append(None)
                continue
            with colocate_with(tensor.op):
                short = identity(tensor * cast(scale, tensor.dtype), f"{scope}_{number}")
            rows = isinstance(value, IndexedSlices)
            clipped.append(value.with_values(short) if rows else short)
    return clipped, use_norm


def global_norm(t_list: Any, name: str | None = None) -> Tensor:
    """How long tensors are together.

    Raises:
        TypeError: they are no list.
    """
    with name_scope(name, "global_norm"):
        halves = []
        for tensor in _values(_several(t_list)):
            if tensor is not None:
                with colocate_with(tensor.op):
                    halves.append(apply("L2Loss", tensor))
        total: Any = reduce_sum(stack(halves))
        return apply("Sqrt", total * constant(2.0, total.dtype), name="global_norm")


def _several(t_list: Any) -> list[Any]:
    if not isinstance(t_list, (list, tuple)):
        raise TypeError(f"`t_list` should be a sequence of tensors. Received {type(t_list)}.")
    return list(t_list)


def _values(t_list: list[Any]) -> list[Tensor | None]:
    """The tensors, and the rows that others have, made tensors."""
    rows = [value.values if isinstance(value, IndexedSlices) else value for value in t_list]
    return [
        None if value is None else convert_to_tensor(value, name=f"t_{number}")
        for number, value in enumerate(rows)
    ]
