"""S206: a variable cannot be shared with the graph: it has another shape or type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.model.finding import Hit
from scopecli.rules import sharing
from scopecli.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.rules.context import Context

RULE = Rule(
    code="S206",
    name="share-other-shape",
    severity="error",
    needs="reference",
    summary="A variable has the name of one in the reference graph, and another shape or type.",
    why="If the program that created the one runs in the graph of the other, `get_variable` ends"
    " with `Trying to share variable ..., but specified shape ...`, whether or not the scope is"
    " reused.",
    fix="give one of them another scope, or the same shape",
    false_alarms="Only graphs are compared in this way, and only with a reference graph that has"
    " other variables, too: it is then taken for a graph in which both programs run.",
    bad="""
        graph := yes
        d/w: float32[8,3]
        e/w: float32[3]
        ---
        graph := yes
        d/w: float32[4,3]
        d/b: float32[3]
    """,
    subjects=("d/w",),
    good="""
        graph := yes
        d/w: float32[4,3]
        d/b: float32[3]
        e/w: float32[3]
        ---
        graph := yes
        d/w: float32[4,3]
        d/b: float32[3]
    """,
)


def check(context: Context) -> Iterator[Hit]:
    """Report variables of another shape or type, with TensorFlow's message."""
    there = sharing.variables_there(context)
    for variable in context.own:
        met = there.get(variable.name)
        if met is None:
            continue
        if met.shape != variable.shape:
            what = f"shape {sharing.text(variable.shape)} and found shape {sharing.text(met.shape)}"
        elif met.dtype != variable.dtype:
            what = f"dtype {variable.dtype} and found dtype {met.dtype}"
        else:
            continue
        yield Hit(
            variable.name,
            f"TensorFlow would say: Trying to share variable {variable.name}, but specified {what}",
        )
