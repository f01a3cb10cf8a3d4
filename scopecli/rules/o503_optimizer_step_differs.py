"""O503: the optimizer counted another number of steps than the model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.analysis import steps
from scopecli.model.finding import Hit
from scopecli.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.rules.context import Context

RULE = Rule(
    code="O503",
    name="optimizer-step-differs",
    severity="warning",
    needs="variables",
    summary="Adam's `beta2_power` does not belong to the number of steps in `global_step`.",
    why="The optimizer was created anew while the count went on, or the other way round: its"
    " averages belong to other steps, and its first updates after a restore are too large.",
    fix="restore the optimizer together with the model, or start both from scratch",
    false_alarms="Stored checksums tell the values, if the format has them. Two to five updates in"
    " each step, and the usual values of beta if no graph has it, are allowed for. After 87,000"
    " steps the power is too small to tell, and nothing is reported.",
    bad="""
        global_step: int64[] holds=1000
        beta2_power: float32[] bookkeeping holds=0.99
    """,
    subjects=("beta2_power",),
    good="""
        global_step: int64[] holds=9
        beta2_power: float32[] bookkeeping holds=0.99
    """,
)

_BETAS = (steps.DEFAULT_BETA2, 0.9999, 0.997, 0.99, 0.98, 0.95, 0.9)
_RATIOS = (1, 2, 3, 4, 5, 1 / 2, 1 / 3, 1 / 4, 1 / 5)  # updates a step
_SLACK, _PRECISION = 2, 0.01  # each step multiplied and rounded


def check(context: Context) -> Iterator[Hit]:
    """Take the logarithm, and compare."""
    counted = steps.counted(context.model)
    if counted is None:
        return
    name, count = counted
    betas = steps.betas(context.model) or _BETAS
    for power in steps.powers(context.model):
        if not any(
            _is_near(power.steps(beta), count * ratio) for beta in betas for ratio in _RATIOS
        ):
            own = round(power.steps(betas[0]))
            yield Hit(power.name, f"is that of step {own}, and {name} is {count}")


def _is_near(one: float, other: float) -> bool:
    return abs(one - other) <= _SLACK + _PRECISION * other
