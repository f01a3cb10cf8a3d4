"""K601: weights are loaded into a layer of another name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.model.finding import Hit
from scopecli.rules import restores
from scopecli.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.rules.context import Context

RULE = Rule(
    code="K601",
    name="positional-name-drift",
    severity="warning",
    needs="restore",
    summary="A layer of the model gets the weights that were saved for a layer of another name.",
    why="Keras loads in the order of layers, or by class and number, and does not compare names: if"
    " the shapes agree, layers that were swapped get each other's weights without an error.",
    fix="load with `by_name=True`, or put the layers into the order in which they were saved",
    false_alarms="`--against` must give the model that the weights are for. Names that differ only"
    " in the number that Keras appends (`dense_7` for `dense`) are not reported.",
    bad="""
        format := keras-v3
        path := model.keras
        layer := a Dense
        layer := b Dense
        a/w: float32[4,4]
        b/w: float32[4,4]
        weights := a: a/w
        weights := b: b/w
        ---
        format := keras-h5
        b/w: float32[4,4]
        a/w: float32[4,4]
        weights := b: b/w
        weights := a: a/w
    """,
    subjects=("a/w", "b/w"),
    good="""
        format := keras-v3
        a/w: float32[4,4]
        weights := a: a/w
        ---
        format := keras-h5
        a/w: float32[4,4]
        weights := a: a/w
    """,
)


def check(context: Context) -> Iterator[Hit]:
    """Predict what loading does, and report weights of another name."""
    for entry in restores.entries(context, "drift", ways=("positional", "by_path")):
        yield Hit(entry.target, f"gets the values of {entry.source_name or entry.source}")
