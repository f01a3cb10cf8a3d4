"""N103: `get_variable` found its name taken and took another."""

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
    summary="A variable that was asked for under one name got another, because the name was taken.",
    why="`tf.get_variable('w')` after a `tf.Variable(name='w')`, or after a `w` in other case,"
    " makes a second variable `w_1` and says nothing. A checkpoint then has both, code that"
    " restores by name gets the wrong one, and `reuse=True` shares another variable than the one"
    " meant. The node that initializes it keeps the name that was asked for.",
    fix="make both with get_variable, or give one of them another name",
    bad="""
        w: float32[3]
        w_1: float32[3] initializer=w/Initializer/zeros
        w/Initializer/zeros = Const()
    """,
    subjects=("w_1",),
    good="""
        w: float32[3] initializer=w/initial_value
        v: float32[3] initializer=v/Initializer/zeros
        w/initial_value = Const()
        v/Initializer/zeros = Const()
    """,
)

_INITIALIZER = "/Initializer/"


def check(context: Context) -> Iterator[Hit]:
    """Hold the names of variables against those of their initializers."""
    lowered = {name.lower(): name for name in context.graph_variables}
    for name in context.graph_variables:
        if name[-1:].isdigit():
            wanted, found, _ = _initial_value(context, name).partition(_INITIALIZER)
            number = name.lower().removeprefix(f"{wanted.lower()}_")
            taken = lowered.get(wanted.lower())
            if found and taken is not None and number.isdecimal():
                yield Hit(name, f"was asked for as {wanted}, which {taken} had taken")


def _initial_value(context: Context, name: str) -> str:
    """The node of the first value: as the collections say, or as the assignment does."""
    known = context.graph_variables[name].attributes.get("initializer")
    if isinstance(known, str) and _INITIALIZER in known:
        return known
    node = context.graph.node(f"{name}/Assign")
    return node_name(node.inputs[1]) if node is not None and len(node.inputs) > 1 else ""
