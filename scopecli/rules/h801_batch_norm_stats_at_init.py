"""H801: batch normalization never learned its statistics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.model.finding import Hit
from scopecli.model.names import listed
from scopecli.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.rules.context import Context

RULE = Rule(
    code="H801",
    name="batch-norm-stats-at-init",
    severity="warning",
    needs="variables",
    summary="After training, the moving mean of a batch normalization is all zeros and its moving"
    " variance all ones, as they were initialised.",
    why="Inference normalizes with them, so a model that did well in training gives nonsense."
    " Either the update ops were not run (`UPDATE_OPS`), or the statistics were not restored.",
    fix="run the update ops with each training step, or restore the statistics",
    false_alarms="Stored checksums tell this without reading data; formats without them are checked"
    " only with `--values`. A frozen layer that was never given statistics is reported, too.",
    bad="""
        global_step: int64[] holds=1000
        bn/moving_mean: float32[4] holds=0
        bn/moving_variance: float32[4] holds=1
    """,
    subjects=("bn",),
    good="""
        global_step: int64[] holds=1000
        bn/moving_mean: float32[4] holds=0.5
        bn/moving_variance: float32[4] holds=1
    """,
)

_MOST_NAMED = 3
_MEAN, _VARIANCE = "moving_mean", "moving_variance"


def check(context: Context) -> Iterator[Hit]:
    """Look at the statistics, once there was training."""
    if not context.step:
        return
    separator = context.model.separator
    layers, at_start = 0, []
    for mean in context.own:
        if not mean.path.endswith(_MEAN):
            continue
        scope, _, leaf = mean.path.rpartition(separator)
        variance = context.by_path.get(f"{scope}{separator}{_VARIANCE}")
        if leaf == _MEAN and variance is not None:
            layers += 1
            if context.holds_only(mean, 0) and context.holds_only(variance, 1):
                at_start.append(scope)
    if len(at_start) == layers > 1:
        words = f"all {layers} batch normalizations have a mean of 0 and a variance of 1"
        yield Hit("", f"{words} after {context.step} steps: {listed(at_start, _MOST_NAMED)}")
        return
    for scope in at_start:
        yield Hit(scope, f"has a mean of 0 and a variance of 1 after {context.step} steps")
