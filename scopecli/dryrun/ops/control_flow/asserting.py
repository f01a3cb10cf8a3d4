"""`tf.Assert`: a conditional, one branch of which fails.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/ops/control_flow_assert.py
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.scopes import name_scope
from scopecli.dryrun.ops.applying import apply_op, convert_to_tensor
from scopecli.dryrun.ops.control_flow.conditionals import cond
from scopecli.dryrun.ops.grouping import no_op

if TYPE_CHECKING:
    from scopecli.dryrun.graph.nodes import Operation


def Assert(  # noqa: N802 - TensorFlow's name for it
    condition: Any, data: Any, summarize: Any = None, name: str | None = None
) -> Operation:
    """A node that fails where something does not hold."""
    with name_scope(name, "Assert", [condition, *data]):
        values = [convert_to_tensor(value) for value in data]
        if all(value.dtype.name in {"string", "int32"} for value in values):
            return apply_op("Assert", condition, data, name="Assert")
        condition = convert_to_tensor(condition, name="Condition")
        guarded = cond(
            condition,
            no_op,
            lambda: apply_op("Assert", condition, data, name="Assert"),
            name="AssertGuard",
        )
        return guarded.op  # type: ignore[no-any-return]
