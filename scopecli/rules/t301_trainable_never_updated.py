"""T301: no optimizer updates a trainable variable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.model.finding import Hit
from scopecli.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.rules.context import Context

RULE = Rule(
    code="T301",
    name="trainable-never-updated",
    severity="warning",
    needs="training",
    summary="A variable is trainable and read, and neither an optimizer nor anything else writes"
    " it.",
    why="It keeps its initial values: the loss does not depend on it, it is not in the list of"
    " variables that the optimizer was given (`var_list`), or the gradient is stopped on the way.",
    fix="find out why it has no update; pass `trainable=False` if none is intended",
    false_alarms="Layers that are frozen by `var_list` while others are fine-tuned are reported,"
    " once for the whole scope: create them with `trainable=False`.",
    bad="""
        w: float32[3] trainable
        v: float32[3] trainable
        old/v: float32[3] trainable
        old/b: float32[3] trainable
        y = MulAdd(w/read, v/read, old/v/read, old/b/read)
        update = ApplyGradientDescent(w, rate, gradient)
    """,
    subjects=("old", "v"),
    good="""
        w: float32[3] trainable
        v: float32[3] untrainable
        y = Mul(w/read, v/read)
        update = ApplyGradientDescent(w, rate, gradient)
    """,
)


def check(context: Context) -> Iterator[Hit]:
    """Look for what writes each trainable variable; a scope without any such is one finding."""
    training = context.training
    never: list[str] = []
    trained: set[str] = set()
    for name, variable in context.graph_variables.items():
        if variable.trainable:
            if name in training.updated or name in training.writers:
                trained.update(_scopes(name))
            elif training.is_used(name):
                never.append(name)
    groups: dict[str, list[str]] = {}
    for name in never:
        whole = (scope for scope in _scopes(name) if scope not in trained)
        groups.setdefault(next(whole, name), []).append(name)
    for scope, names in groups.items():
        if len(names) > 1:
            count = len(names)
            yield Hit(scope, f"has {count} trainable variables, and no optimizer updates them")
        else:
            yield Hit(names[0], "is trainable, and no optimizer updates it")


def _scopes(name: str) -> Iterator[str]:
    """The scopes around a variable, the largest first."""
    end = name.find("/")
    while end >= 0:
        yield name[:end]
        end = name.find("/", end + 1)
