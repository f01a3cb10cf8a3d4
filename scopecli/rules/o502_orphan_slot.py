"""O502: an optimizer's state without its variable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.model.finding import Hit
from scopecli.model.names import leaf_of
from scopecli.rules.context import CHECKPOINTS
from scopecli.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.rules.context import Context

RULE = Rule(
    code="O502",
    name="orphan-slot",
    severity="warning",
    needs="variables",
    summary="An optimizer slot belongs to no variable.",
    why="The variable was renamed or removed, and its slot was not: restoring with the optimizer"
    " does not find the slot under the new name, and the file is larger than it need be.",
    fix="rename the slot with its variable, or remove it",
    false_alarms="Slots are told by name, and only if other variables of the file have a slot of"
    " that name.",
    bad="""
        net/w: float32[4,3]
        net/w/Adam: float32[4,3] slot slot_of=net/w slot_name=Adam
        old/w/Adam: float32[4,3]
    """,
    subjects=("old/w/Adam",),
    good="""
        net/w: float32[4,3]
        net/w/Adam: float32[4,3] slot slot_of=net/w slot_name=Adam
        net/Adam: float32[4,3]
        net/b: float32[4,3]
    """,
)


def check(context: Context) -> Iterator[Hit]:
    """Look for names that end like the slots of this file."""
    if context.model.format not in CHECKPOINTS:
        return
    slots = [variable for variable in context.model.variables if variable.kind == "slot"]
    names = {str(slot.attributes["slot_name"]) for slot in slots if "slot_name" in slot.attributes}
    for owner, inside in context.scopes.items() if names else ():
        if not owner or owner in context.inner_scopes:
            continue
        if not all(leaf_of(variable.name, "/") in names for variable in inside):
            continue  # a scope of a model, with a variable of that name
        for variable in inside:
            yield Hit(variable.name, f"has the name of optimizer state, but there is no {owner}")
