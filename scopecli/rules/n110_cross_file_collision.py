"""N110: files that are to be loaded together disagree about a variable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.model.finding import Hit
from scopecli.model.names import type_text
from scopecli.rules.context import own_variables
from scopecli.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.model.variable import Variable
    from scopecli.rules.context import Context

RULE = Rule(
    code="N110",
    name="cross-file-collision",
    severity="error",
    needs="together",
    summary="Two files that are to be loaded together use one name for different variables.",
    why="In one graph a name is one variable, so the second file does not fit the first:"
    " TensorFlow says `Trying to share variable, but specified shape`, and a loader that matches"
    " names overwrites one with the other.",
    fix="load one of them into a scope of its own, or rename its variables",
    false_alarms="The same name with the same shape and type is sharing, and fine.",
    bad="""
        path := first
        net/w: float32[4,3]
        ---
        net/w: float32[8,3]
    """,
    subjects=("net/w",),
    good="""
        path := first
        net/w: float32[4,3]
        ---
        net/w: float32[4,3]
        head/w: float32[8,3]
    """,
)


def check(context: Context) -> Iterator[Hit]:
    """Compare the variables with those of the files before."""
    for other in context.together:
        theirs = {variable.name: variable for variable in own_variables(other)}
        for variable in context.own:
            met = theirs.get(variable.name)
            if met is not None and _text(met) != _text(variable):
                yield Hit(
                    variable.name,
                    f"is {_text(variable)} here and {_text(met)} in {other.path}",
                )


def _text(variable: Variable) -> str:
    return type_text(variable.dtype, variable.shape)
