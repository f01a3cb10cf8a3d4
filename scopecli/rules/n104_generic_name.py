"""N104: a variable has TensorFlow's default name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.model.finding import Hit
from scopecli.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.rules.context import Context

RULE = Rule(
    code="N104",
    name="generic-name",
    severity="info",
    needs="variables",
    summary="A variable is called `Variable`, which is TensorFlow's default name.",
    why="The number in `Variable_3` follows the order in which variables are created. With one more"
    " before it, a checkpoint is restored into the wrong variables wherever the shapes allow it.",
    fix="give it a name",
    false_alarms="Variables that TensorFlow 2 finds by their object need no name and are not"
    " reported.",
    bad="""
        Variable: float32[4,3]
        Variable_1: float32[3]
    """,
    subjects=("Variable", "Variable_1"),
    good="""
        hidden/weights: float32[4,3]
        hidden/biases: float32[3]
        dense/kernel: float32[4,3] object_path=variables/0 path=Variable
    """,
)

_GENERIC = "Variable"


def check(context: Context) -> Iterator[Hit]:
    """Look at the last part of each name."""
    if context.finds_by_object:
        return
    separator = context.model.separator
    for path in context.by_path:
        if _GENERIC in path:
            stem, _, number = path.rpartition(separator)[2].partition("_")
            if stem == _GENERIC and (not number or number.isdecimal()):
                yield Hit(path, "has no name of its own")
