"""N103: `get_variable` found its name taken and appended a number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.model.finding import Hit
from scopecli.model.graph import node_name
from scopecli.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.rules.context import Context

RULE = Rule(
    code="N103",
    name="shadowed-get-variable",
    severity="warning",
    needs="graph",
    summary="A variable of `get_variable` has a number after its name, because the name was taken.",
    why="`tf.get_variable('w')` after a `tf.Variable(name='w')`, or after a `w` in another case, is"
    " silently called `w_1`. A checkpoint then has both, code that restores by name gets the wrong"
    " one, and `reuse=True` shares another variable than intended. Initial values tell the two"
    " apart: `get_variable` computes them in `w_1/Initializer/`, `tf.Variable` anywhere.",
    fix="create both with get_variable, or give one of them another name",
    false_alarms="A variable that the program called `w_1` beside a `tf.Variable` called `w` looks"
    " the same in the file.",
    bad="""
        w: float32[3] initializer=zeros
        w_1: float32[3] initializer=w_1/Initializer/random_uniform
        zeros = Const()
        w_1/Initializer/random_uniform = Const()
    """,
    subjects=("w_1",),
    good="""
        w: float32[3] initializer=w/Initializer/random_uniform
        w_1: float32[3] initializer=w_1/Initializer/random_uniform
        w/Initializer/random_uniform = Const()
        w_1/Initializer/random_uniform = Const()
    """,
)


def check(context: Context) -> Iterator[Hit]:
    """Look for the name without its number, made in another way or written in another case."""
    lowered = {name.lower(): name for name in reversed(list(context.graph_variables))}
    for name in context.graph_variables:
        wanted, _, number = name.rpartition("_")
        other = lowered.get(wanted.lower()) if number.isdecimal() else None
        if other is not None and _by_get_variable(context, name):
            if other != wanted:
                yield Hit(name, f"got its number because {other} differs from it only in case")
            elif not _by_get_variable(context, other):
                yield Hit(name, f"got its number because a tf.Variable is called {other}")


def _by_get_variable(context: Context, name: str) -> bool:
    """Whether the initial value is computed where `get_variable` does it."""
    known = context.graph_variables[name].attributes.get("initializer")
    node = context.graph.node(f"{name}/Assign") if known is None else None
    if node is not None and len(node.inputs) > 1:
        known = node_name(node.inputs[1])
    return isinstance(known, str) and known.startswith(f"{name}/Initializer/")
