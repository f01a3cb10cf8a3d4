"""Conditionals: both branches are built.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/ops/cond.py
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.keys import GraphKeys
from scopecli.dryrun.graph.scopes import add_to_collection, name_scope
from scopecli.dryrun.ops.applying import apply, apply_op
from scopecli.dryrun.ops.control_flow.contexts import CondContext
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
        (original, yes, context_t), (other, no, context_f) = built
        _check_alike((original, yes), (other, no))
        merged = [apply("Merge", [b, a]) for a, b in zip(yes, no, strict=True)]
        if context_t.outer is None:
            add_to_collection(GraphKeys.COND_CONTEXT, context_t)
            add_to_collection(GraphKeys.COND_CONTEXT, context_f)
        found = _as_in(original, merged)
        single = isinstance(found, (list, tuple)) and len(found) == 1 and not strict
        return found[0] if single else found


def _check_alike(true: tuple[Any, list[Any]], false: tuple[Any, list[Any]]) -> None:
    """Check that branches give the same structure of the same types.

    Args:
        true: what one gives, as it is and as a list of tensors.
        false: what the other gives.

    Raises:
        ValueError: they do not.
    """
    words = "The two structures don't have the same nested structure."
    if isinstance(true[0], (list, tuple)) != isinstance(false[0], (list, tuple)):
        raise ValueError(words)
    if len(true[1]) != len(false[1]):
        raise ValueError(f"Incompatible return values of 'true_fn' and 'false_fn': {words}")
    for a, b in zip(true[1], false[1], strict=True):
        if a.dtype.base_dtype != b.dtype.base_dtype:
            raise ValueError(
                "Outputs of 'true_fn' and 'false_fn' must have the same type(s). Received "
                f"{a.dtype.name} from 'true_fn' and {b.dtype.name} from 'false_fn'."
            )


def _branch(
    function: Callable[[], Any], context: CondContext, branch: int
) -> tuple[Any, list[Tensor], CondContext]:
    with context:
        original = function()
        if original is None:
            raise ValueError(f"'{'true_fn' if branch else 'false_fn'}' must have a return value.")
        results = [
            context.result(part)
            for leaf in flattened(original)
            for part in (leaf.parts if hasattr(leaf, "is_sparse") else [leaf])
        ]
    return original, results, context


def _as_in(original: Any, merged: list[Tensor]) -> Any:
    """What a branch gave, with the results of both in the places of its own."""
    parts = iter(merged)
    leaves = [
        type(leaf)(next(parts), next(parts), next(parts))
        if hasattr(leaf, "is_sparse")
        else next(parts)
        for leaf in flattened(original)
    ]
    return repacked(original, leaves)
