"""Gradients: what they reach, and one node that stands for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.default import get_default_graph
from scopecli.dryrun.graph.nodes import Operation, Tensor
from scopecli.dryrun.graph.scopes import name_scope
from scopecli.dryrun.ops.applying import apply, constant, convert_to_tensor

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
        inputs = [*losses, *[plain_tensor(target) for target in wanted]]
        op = graph.add("Gradients", graph.unique_name("Gradients"), inputs, known, {})
    found = dict(zip(map(id, wanted), op.outputs, strict=True))
    return [found.get(id(target)) for target in targets]


def plain_tensor(target: Any) -> Tensor:
    """A tensor, or what a variable's own node gives."""
    return target if isinstance(target, Tensor) else target.op.outputs[0]


def clip_by_global_norm(
    t_list: Any, clip_norm: Any, use_norm: Any = None, name: str | None = None
) -> tuple[list[Any], Tensor]:
    """Tensors that are not longer than a bound together, as outputs of one node; and the norm."""
    known = [None if value is None else convert_to_tensor(value) for value in t_list]
    tensors = [tensor for tensor in known if tensor is not None]
    norm = global_norm(t_list, name) if use_norm is None else convert_to_tensor(use_norm)
    graph = get_default_graph()
    with graph.name_scope(name or "clip_by_global_norm"):
        outputs = [(tensor.dtype.base_dtype, tensor.dims) for tensor in tensors]
        full = graph.unique_name("ClipByGlobalNorm")
        op = graph.add("ClipByGlobalNorm", full, tensors, outputs, {})
    rest = iter(op.outputs)
    return [None if tensor is None else next(rest) for tensor in known], norm


def global_norm(t_list: Any, name: str | None = None) -> Tensor:
    """How long tensors are together."""
    from scopecli.dryrun.ops.arrays import stack
    from scopecli.dryrun.ops.reductions import reduce_sum

    with name_scope(name, "global_norm"):
        tensors = [convert_to_tensor(value) for value in t_list if value is not None]
        halves = [apply("L2Loss", tensor) for tensor in tensors]
        total: Any = reduce_sum(stack(halves))
        return apply("Sqrt", total * constant(2.0, total.dtype), name="global_norm")
