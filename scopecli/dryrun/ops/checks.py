"""Assertions in the graph: `tf.assert_equal`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.scopes import name_scope, no_op
from scopecli.dryrun.ops.applying import apply, apply_op, constant, convert_to_tensor
from scopecli.dryrun.ops.reductions import reduce_all

if TYPE_CHECKING:
    from scopecli.dryrun.graph.nodes import Operation


_TEXTS = ("Condition x == y did not hold element-wise:", "x = ", "y = ")


def assert_equal(
    x: Any, y: Any, data: Any = None, summarize: Any = None, message: Any = None, name: Any = None
) -> Operation:
    """A node that fails where two tensors differ."""
    with name_scope(name, "assert_equal"):
        pass  # the older function opens a scope, and calls the newer one that opens another
    with name_scope(name, "assert_equal"):
        x = convert_to_tensor(x, name="x")
        y = convert_to_tensor(y, name="y")
        if x is y:
            return no_op("static_checks_determined_all_ok")
        condition = reduce_all(apply("Equal", x, y))
        with name_scope("Assert"):
            for text in _TEXTS:
                constant(text)
            return apply_op("Assert", condition, [*_TEXTS[:2], x, _TEXTS[2], y])
