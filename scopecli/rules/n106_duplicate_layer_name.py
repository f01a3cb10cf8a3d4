"""N106: two layers of one model have one name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.model.finding import Hit
from scopecli.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.rules.context import Context

RULE = Rule(
    code="N106",
    name="duplicate-layer-name",
    severity="error",
    needs="layers",
    summary="Two layers of one model have the same name.",
    why="Layers are connected, and weights are loaded, by the names of layers. Keras refuses to"
    " build such a model from its configuration and cannot save it to HDF5; `get_layer` and loading"
    " by name take the first.",
    fix="give each layer of a model a name of its own",
    false_alarms="The same name in an inner model is fine, and not reported.",
    bad="""
        format := keras-v3
        layer := dense Dense
        layer := dense Dense
    """,
    subjects=("dense",),
    good="""
        format := keras-v3
        layer := dense Dense
        layer := encoder Functional
        layer := encoder/dense Dense
    """,
)

# Only in models must names be unique; the cells of a recurrent layer are numbered.
_NOT_BY_NAME = "cells"


def check(context: Context) -> Iterator[Hit]:
    """Count the names in each model."""
    inside_by_number = {
        layer.path for layer in context.model.layers if _NOT_BY_NAME in layer.config
    }
    classes: dict[tuple[str, str], list[str]] = {}
    for layer in context.model.layers:
        if layer.parent not in inside_by_number:
            classes.setdefault((layer.parent, layer.name), []).append(layer.class_name)
    for (parent, name), found in classes.items():
        if len(found) > 1:
            path = f"{parent}/{name}" if parent else name
            yield Hit(path, f"is the name of {len(found)} layers: {', '.join(found)}")
