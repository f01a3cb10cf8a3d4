"""N107: a name is a variable and a scope at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.model.finding import Hit
from scopecli.model.names import leaf_of, listed
from scopecli.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.rules.context import Context

RULE = Rule(
    code="N107",
    name="path-prefix-clash",
    severity="error",
    needs="variables",
    summary="A name is both a variable and the scope of others.",
    why="HDF5 keeps variables as files and scopes as folders: `net/w` cannot be both, so the model"
    " cannot be saved to `.h5` or `.keras`, and conversion fails or loses one of them. Tools that"
    " build trees out of names stumble over it too.",
    fix="rename the variable or the scope",
    false_alarms="Optimizer slots, averages and what TensorFlow itself keeps below a moving average"
    " (`biased`, `local_step`) are left out: nobody saves those to HDF5 under such names. Names"
    " that are split at dots are keys of flat files and are left out as well.",
    bad="""
        net/w: float32[4,3]
        net/w/scale: float32[3]
    """,
    subjects=("net/w",),
    good="""
        net/w: float32[4,3]
        net/w/Adam: float32[4,3] slot slot_of=net/w
        net/w_scale: float32[3]
    """,
)

_COMPANIONS = frozenset({"biased", "local_step"})
_MOST_NAMED = 3


def check(context: Context) -> Iterator[Hit]:
    """Look for each scope among the variables."""
    separator = context.model.separator
    if separator != "/":
        return
    by_path = context.by_path
    for scope, inside in context.scopes.items():
        if scope in by_path:
            names = [variable.path for variable in inside]
            names = [name for name in names if leaf_of(name, separator) not in _COMPANIONS]
            if names:
                yield Hit(scope, f"is a variable and the scope of {listed(names, _MOST_NAMED)}")
    for scope, inner in context.inner_scopes.items():
        if scope in by_path and scope not in context.scopes:
            yield Hit(scope, f"is a variable and the scope of {listed(inner, _MOST_NAMED)}")
