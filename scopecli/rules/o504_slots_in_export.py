"""O504: an exported model carries its optimizer's state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.model.finding import Hit
from scopecli.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.rules.context import Context

RULE = Rule(
    code="O504",
    name="slots-in-export",
    severity="info",
    needs="variables",
    summary="A model that was saved as a whole has optimizer slots in it.",
    why="Adam's state is twice as large as the model, so the file is three times as large as"
    " inference needs.",
    fix="save without the optimizer: with `include_optimizer=False` to HDF5; to `.keras`, from a"
    " model that is not compiled",
    false_alarms="To continue training, they are needed. Checkpoints serve that purpose, and are"
    " not reported.",
    bad="""
        format := keras-v3
        dense/kernel: float32[4,3]
        optimizer/m: float32[4,3] slot
    """,
    subjects=("",),
    good="""
        format := keras-v3
        dense/kernel: float32[4,3]
    """,
)

_EXPORTS = frozenset({"keras-h5", "keras-v3", "tf-saved-model"})


def check(context: Context) -> Iterator[Hit]:
    """Add up the slots."""
    if context.model.format not in _EXPORTS:
        return
    slots = [variable for variable in context.model.variables if variable.kind == "slot"]
    if slots:
        state = sum(slot.nbytes or 0 for slot in slots)
        total = sum(variable.nbytes or 0 for variable in context.model.variables)
        what = f"{len(slots)} optimizer slots" if len(slots) > 1 else "an optimizer slot"
        yield Hit("", f"has {what}, {state:,} of {total:,} bytes")
