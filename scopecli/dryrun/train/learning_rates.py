"""Learning rates that change with the step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.scopes import (
    name_scope,
)
from scopecli.dryrun.ops.applying import apply, convert_to_tensor

if TYPE_CHECKING:
    from scopecli.dryrun.graph.nodes import Tensor


def exponential_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    decay_rate: Any,
    staircase: bool = False,
    name: str | None = None,
) -> Tensor:
    """A rate that falls by the same factor over so many steps."""
    from scopecli.dryrun.ops.arithmetic import cast
    from scopecli.dryrun.ops.arithmetic import pow as power

    with name_scope(name, "ExponentialDecay") as scope:
        rate = convert_to_tensor(learning_rate, name="initial_learning_rate")
        kind = rate.dtype.base_dtype
        steps, factor = cast(decay_steps, kind), cast(decay_rate, kind)
        done = cast(global_step, kind) / steps
        if staircase:
            done = apply("Floor", done)
        return apply("Mul", rate, power(factor, done), name=scope)
