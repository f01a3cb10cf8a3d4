"""N107: a name is both a variable and a scope."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.model.finding import Hit
from scopecli.model.names import leaf_of, listed
from scopecli.rules.context import CHECKPOINTS
from scopecli.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.model.variable import Variable
    from scopecli.rules.context import Context

RULE = Rule(
    code="N107",
    name="path-prefix-clash",
    severity="error",
    needs="variables",
    summary="A name is both a variable and the scope of others.",
    why="In HDF5, variables are datasets and scopes are groups: `net/w` cannot be both, so the"
    " model cannot be saved to `.h5` or `.keras`, and conversion fails or loses one of them. Tools"
    " that build trees out of names have the same problem.",
    fix="rename the variable or the scope",
    false_alarms="Optimizer slots, averages and what TensorFlow itself keeps with a moving average"
    " (`biased`, `local_step`) are left out, as these are not saved to HDF5 under such names. Where"
    " only names tell slots, as in a checkpoint without its graph, whatever has the variable's own"
    " shape is taken for one. Names with dots are keys of flat files, and left out, too.",
    bad="""
        net/w: float32[4,3]
        net/w/scale: float32[3]
    """,
    subjects=("net/w",),
    good="""
        net/w: float32[4,3]
        net/w/Adam: float32[4,3] slot slot_of=net/w
        net/w/OfAnUnknownOptimizer: float32[4,3]
        net/w_scale: float32[3]
    """,
)

_COMPANIONS = frozenset({"biased", "local_step"})
_MOST_NAMED = 3


def check(context: Context) -> Iterator[Hit]:
    """Look for each scope among the variables."""
    if context.model.separator != "/":
        return
    by_path = context.by_path
    for scope in {**context.scopes, **context.inner_scopes}:
        if scope in by_path:
            inside = [v.path for v in context.scopes.get(scope, ()) if _counts(context, v, scope)]
            names = [*inside, *context.inner_scopes.get(scope, ())]
            if names:
                yield Hit(scope, f"is a variable and the scope of {listed(names, _MOST_NAMED)}")


def _counts(context: Context, variable: Variable, scope: str) -> bool:
    """Whether a variable in another's scope is neither its companion nor its slot."""
    if leaf_of(variable.path, "/") in _COMPANIONS:
        return False
    is_guess = context.model.graph is None and context.model.format in CHECKPOINTS
    return not (is_guess and variable.shape == context.by_path[scope].shape)
