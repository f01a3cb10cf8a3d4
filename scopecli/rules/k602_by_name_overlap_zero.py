"""K602: loading by name would load nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.model.finding import Hit
from scopecli.rules import restores
from scopecli.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.rules.context import Context

RULE = Rule(
    code="K602",
    name="by-name-overlap-zero",
    severity="error",
    needs="restore",
    summary="No layer of the model has the name of a layer in the file, and loading by position"
    " does not fit either.",
    why="`load_weights(by_name=True)` loads nothing and raises no error: the model predicts with"
    " its initial weights.",
    fix="rename the layers of the model, or those in the file",
    false_alarms="`--against` must give the model that the weights are for.",
    bad="""
        format := keras-v3
        a/w: float32[4,4]
        weights := a: a/w
        ---
        format := keras-h5
        x/w: float32[4,4]
        y/w: float32[4,4]
        weights := x: x/w
        weights := y: y/w
    """,
    subjects=("",),
    good="""
        format := keras-v3
        a/w: float32[4,4]
        weights := a: a/w
        ---
        format := keras-h5
        a/w: float32[4,4]
        y/w: float32[4,4]
        weights := a: a/w
        weights := y: y/w
    """,
)


def check(context: Context) -> Iterator[Hit]:
    """Predict what loading by name does, where loading by position does not work."""
    attempts = {attempt.way: attempt for attempt in restores.attempts(context)}
    by_name, positional = attempts.get("by_name"), attempts.get("positional")
    if by_name is None or positional is None or positional.verdict == "restored":
        return
    if by_name.verdict == "nothing":
        yield Hit("", f"{by_name.call} would load nothing into the model, without an error")
