"""N102: a variable got a number because its name was taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.model.finding import Hit
from scopecli.rules.context import CONVERTED
from scopecli.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.rules.context import Context

RULE = Rule(
    code="N102",
    name="uniquified-variable",
    severity="info",
    needs="variables",
    summary="A variable has the name of its neighbour with a number appended, and the same shape.",
    why="TensorFlow appends a number to a name that is taken, so a variable that was created twice"
    " looks like this: `w` and `w_1`, of which one is often forgotten.",
    fix="check whether both are intended, and give them names of their own",
    false_alarms="Two weights of one layer may well be intended, so this is only information."
    " Variables that are found by their object, as in TensorFlow 2, are not reported: there, the"
    " program or the exporter chose the number. Nor are those of ONNX and TFLite, where"
    " operations have the number.",
    bad="""
        net/w: float32[4,3]
        net/w_1: float32[4,3]
    """,
    subjects=("net/w_1",),
    good="""
        net/w_in: float32[4,3]
        net/w_out: float32[4,3]
        export/w: float32[4,3] object_path=variables/0 path=export/w
        w: float32[4,3] object_path=all_variables/0 path=export/w_1
    """,
)


_GENERIC = "Variable"  # which N104 reports


def check(context: Context) -> Iterator[Hit]:
    """Look for the name without its number."""
    by_path = context.by_path
    if context.model.format in CONVERTED or context.finds_by_object:
        return
    for path, variable in by_path.items():
        if path[-1:].isdigit():
            stem, _, number = path.rpartition("_")
            other = by_path.get(stem) if number.isdecimal() else None
            if other is None or stem.endswith(_GENERIC):
                continue
            if (other.shape, other.dtype) == (variable.shape, variable.dtype):
                yield Hit(path, f"is {stem} with a number, and has the same shape and type")
