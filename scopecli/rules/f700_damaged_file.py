"""F700: a file is damaged in a way that no other rule of the family reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.rules import damage
from scopecli.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.model.finding import Hit
    from scopecli.rules.context import Context

RULE = Rule(
    code="F700",
    name="damaged-file",
    severity="error",
    needs="damage",
    summary="The bytes of a file contradict its format, so that it cannot be opened.",
    why="The copy was cut off, the disk was full, or the file was transferred as text. Some"
    " frameworks read what comes before the damage, and say nothing.",
    fix="get a whole copy, or use an earlier checkpoint",
    bad="damage := DamagedFileError no object starts here",
    subjects=("",),
    good="w: float32[2]",
)


def check(context: Context) -> Iterator[Hit]:
    """Say where the damage is."""
    yield from damage.hits(context, RULE.code)
