"""H802: optimizer state is all zeros after training."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.model.finding import Hit
from scopecli.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.rules.context import Context

RULE = Rule(
    code="H802",
    name="zero-slots",
    severity="warning",
    needs="variables",
    summary="After training, an optimizer's slot for a variable is all zeros.",
    why="The variable never had a gradient: the loss does not depend on it, all its units are dead,"
    " or the optimizer was created anew and saved before its first step.",
    fix="check whether the loss depends on the variable; continue from a checkpoint with its"
    " optimizer state",
    false_alarms="Stored checksums tell this without reading data; formats without them are checked"
    " only with `--values`. An optimizer with a momentum of 0 has such slots.",
    bad="""
        global_step: int64[] holds=1000
        net/w: float32[4,3]
        net/w/Adam: float32[4,3] slot slot_of=net/w slot_name=Adam holds=0
        net/v: float32[4,3]
        net/v/Adam: float32[4,3] slot slot_of=net/v slot_name=Adam holds=0.5
    """,
    subjects=("net/w",),
    good="""
        global_step: int64[] holds=1000
        net/w: float32[4,3]
        net/w/Adam: float32[4,3] slot slot_of=net/w slot_name=Adam holds=0.5
        net/v: float32[4,3]
        net/v/Momentum: float32[4,3] slot slot_of=net/v slot_name=Momentum holds=0.5
    """,
)


def check(context: Context) -> Iterator[Hit]:
    """Look at the slots, once there was training."""
    if not context.step:
        return
    slots = [
        variable
        for variable in context.model.variables
        if variable.kind == "slot" and (variable.shape != () or "slot_of" in variable.attributes)
    ]  # a lone number without an owner is what an optimizer does not use, as Adafactor for biases
    zero = [slot for slot in slots if context.holds_only(slot, 0)]
    if len(zero) == len(slots) > 1:
        yield Hit("", f"all {len(slots)} slots of the optimizer are 0 at step {context.step}")
        return
    names: dict[str, list[str]] = {}
    for slot in zero:
        owner = str(slot.attributes.get("slot_of", slot.name))
        names.setdefault(owner, []).append(str(slot.attributes.get("slot_name", "state")))
    for owner, found in names.items():
        words = " and ".join(dict.fromkeys(found))
        yield Hit(owner, f"has {words} all 0 after {context.step} steps")
