"""N109: two weights get one name where an optimizer flattens names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.model.finding import Hit
from scopecli.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.rules.context import Context

RULE = Rule(
    code="N109",
    name="optimizer-name-flatten",
    severity="error",
    needs="variables",
    summary="Two weights of a Keras model have one name once `/` is written as `_`.",
    why="Keras names an optimizer's state after the weight with `/` flattened to `_`. `a/b/kernel`"
    " and `a_b/kernel` then ask for one dataset, and a compiled model cannot be saved to HDF5.",
    fix="rename one of the layers",
    false_alarms="Only trainable weights of Keras formats are looked at: others have no such"
    " state.",
    bad="""
        format := keras-v3
        a/b/kernel: float32[4,3] trainable
        a_b/kernel: float32[4,3] trainable
    """,
    subjects=("a_b/kernel",),
    good="""
        format := keras-v3
        a/b/kernel: float32[4,3] trainable
        a_c/kernel: float32[4,3] trainable
    """,
)


def check(context: Context) -> Iterator[Hit]:
    """Flatten each name, and look whether another is there already."""
    if not context.model.format.startswith("keras"):
        return
    taken: dict[str, str] = {}
    for path, variable in context.by_path.items():
        flat = path.replace("/", "_")
        other = taken.setdefault(flat, path) if variable.trainable is not False else path
        if other != path:
            yield Hit(path, f"and {other} are one name to an optimizer: {flat}")
