"""H804: a few weights are in double precision, and most are not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.model.finding import Hit
from scopecli.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.rules.context import Context

RULE = Rule(
    code="H804",
    name="stray-float64",
    severity="info",
    needs="variables",
    summary="A few weights are float64, in a model whose other weights are in lower precision.",
    why="NumPy uses float64 where no type is given, and a framework keeps it. Such a weight takes"
    " twice the memory, its operations are slow on most accelerators, and a graph that mixes both"
    " has casts or does not run at all.",
    fix="give the initial value the type of the other weights",
    false_alarms="Scalars and untrainable variables, such as sums and moving averages, may need the"
    " precision and are left out. So are models with fewer than ten floating-point weights, and"
    " those where one in ten is float64.",
    bad="""
        a/w: float32[4,3]
        a/b: float32[3]
        b/w: float32[3,3]
        b/b: float32[3]
        c/w: float32[3,3]
        c/b: float32[3]
        d/w: float32[3,3]
        d/b: float32[3]
        e/w: float32[3,3]
        e/b: float32[3]
        e/scale: float64[3]
    """,
    subjects=("e/scale",),
    good="""
        a/w: float32[4,3]
        a/b: float32[3]
        b/w: float32[3,3]
        b/b: float32[3]
        c/w: float32[3,3]
        c/b: float32[3]
        d/w: float32[3,3]
        d/b: float32[3]
        e/w: float32[3,3]
        e/b: float32[3]
        e/scale: float32[3]
        e/mean: float64[3] untrainable
        e/step: float64[]
    """,
)

_LARGE = "float64"
_FLOATS = ("bfloat", "float")
_ONE_IN = 10


def check(context: Context) -> Iterator[Hit]:
    """Count the types of what may be trained."""
    weights = [
        variable
        for variable in context.own
        if variable.shape and variable.trainable is not False and variable.dtype.startswith(_FLOATS)
    ]
    large = [variable for variable in weights if variable.dtype == _LARGE]
    if len(weights) >= _ONE_IN and len(large) * _ONE_IN < len(weights):
        for variable in large:
            others = len(weights) - len(large)
            yield Hit(variable.name, f"is float64, and {others} other weights are not")
