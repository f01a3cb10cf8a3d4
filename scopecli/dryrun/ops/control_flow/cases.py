"""`tf.case`: conditionals inside conditionals.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/ops/control_flow_case.py
"""

from __future__ import annotations

from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.scopes import control_dependencies, name_scope
from scopecli.dryrun.ops.applying import apply
from scopecli.dryrun.ops.arithmetic import cast
from scopecli.dryrun.ops.arrays import stack
from scopecli.dryrun.ops.constants import constant
from scopecli.dryrun.ops.control_flow.asserting import Assert
from scopecli.dryrun.ops.control_flow.conditionals import cond
from scopecli.dryrun.ops.reductions import reduce_sum

if TYPE_CHECKING:
    from scopecli.dryrun.graph.nodes import Operation


def case(
    pred_fn_pairs: Any,
    default: Any = None,
    exclusive: bool = False,
    strict: bool = False,
    name: str | None = "case",
) -> Any:
    """What the function of the first condition that holds gives; all functions are built.

    Raises:
        TypeError: there are no pairs of conditions and functions.
    """
    if not isinstance(pred_fn_pairs, (list, tuple, dict)):
        raise TypeError(
            f"'pred_fn_pairs' must be a list, tuple, or dict. Received: {type(pred_fn_pairs)}"
        )
    given: Any = pred_fn_pairs.items() if isinstance(pred_fn_pairs, dict) else pred_fn_pairs
    pairs = list(given)
    for pair in pairs:
        _check(pair)
    if default is not None and not callable(default):
        raise TypeError("default must be callable.")
    with name_scope(name, "case"):
        if default is None:
            predicate, function = pairs.pop()
            default = partial(_last, [p for p, _ in pairs], predicate, function)
        found = default
        for predicate, function in reversed(pairs):
            found = partial(cond, predicate, function, found)
        gate: Any = nullcontext()
        if exclusive:
            predicates = [predicate for predicate, _ in pairs]
            gate = control_dependencies([_at_most(predicates, 1, "Input error: exclusive=True")])
        with gate:
            return found()


def _check(pair: Any) -> None:
    if not isinstance(pair, tuple) or len(pair) != 2:
        raise TypeError(f"Each entry in 'pred_fn_pairs' must be a 2-tuple. Received {pair}.")
    if not callable(pair[1]):
        raise TypeError(f"Callable for pred {pair[0].name} must be callable.")


def _at_most(predicates: list[Any], most: int, words: str) -> Operation:
    """The assertion that not more conditions hold."""
    together = stack(predicates, name="preds_c")
    count = reduce_sum(cast(together, "int32"), name="num_true_conds")
    few = apply("LessEqual", count, constant(most, name="n_true_conds"))
    names = ", ".join(predicate.name for predicate in predicates)
    told = f"{words}: more than {most} conditions ({names}) evaluated as True:"
    return Assert(few, [told, together])


def _last(others: list[Any], predicate: Any, function: Any) -> Any:
    """The last function, once it is sure that its condition is the one that holds."""
    number = len(others)
    words = (
        f"Implementation error: selected default action #{number} was called, but some of other "
        "predicates are True: "
    )
    told = "Input error: None of conditions evaluated as True:"
    data = [told, stack([*others, predicate], name="preds_c")]
    with control_dependencies([_at_most(others, 0, words), Assert(predicate, data)]):
        return function()
