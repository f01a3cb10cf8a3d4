"""N109: two weights get the same name when an optimizer flattens names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.model.finding import Hit
from scopecli.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.model.model import Model
    from scopecli.rules.context import Context

RULE = Rule(
    code="N109",
    name="optimizer-name-flatten",
    severity="error",
    needs="variables",
    summary="Two weights of a Keras 3 model have the same name once `/` is replaced by `_`.",
    why="Keras 3 names an optimizer's state after the weight, with `/` replaced by `_`."
    " `a/b/kernel` (a layer `b` wrapped in `a`) and `a_b/kernel` then need the same dataset, and"
    " the compiled model cannot be saved to `.h5`.",
    fix="rename one of the layers",
    false_alarms="Only trainable weights in files with an optimizer are checked. Whether Keras put"
    " the name of an inner model before those of its weights is not in the file, so only names that"
    " collide either way are reported.",
    bad="""
        format := keras-v3
        meta := {"optimizer": "Adam"}
        a/b/kernel: float32[4,3] trainable
        a_b/kernel: float32[4,3] trainable
    """,
    subjects=("a_b/kernel",),
    good="""
        format := keras-v3
        meta := {"optimizer": "Adam"}
        a/b/kernel: float32[4,3] trainable
        a_c/kernel: float32[4,3] trainable
    """,
)

_KERAS_3 = frozenset({"keras-v3", "keras-weights-h5"})


def check(context: Context) -> Iterator[Hit]:
    """Flatten each name, and check whether another weight has it already."""
    model = context.model
    if model.format not in _KERAS_3 or not _has_optimizer(model):
        return
    taken: dict[tuple[str, ...], str] = {}
    for variable in context.own:
        if variable.trainable is not False:
            flat = tuple(name.replace("/", "_") for name in (variable.name, variable.path))
            other = taken.setdefault(flat, variable.path)
            if other != variable.path:
                yield Hit(variable.path, f"is {flat[0]} for an optimizer, and so is {other}")


def _has_optimizer(model: Model) -> bool:
    return "optimizer" in model.metadata or any(v.kind == "slot" for v in model.variables)
