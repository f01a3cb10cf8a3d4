"""F702: a block of a checkpoint's index is damaged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.rules import damage
from scopecli.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.model.finding import Hit
    from scopecli.rules.context import Context

RULE = Rule(
    code="F702",
    name="index-block-crc",
    severity="error",
    needs="file",
    summary="A block of a checkpoint's index contradicts its checksum or its own layout.",
    why="TensorFlow ends a listing at such a block and says nothing: after one flipped bit it"
    " lists 1,778 of 10,000 variables. Restoring any that come after it fails, because their keys"
    " are not found.",
    fix="copy the `.index` again, or use an earlier checkpoint",
    bad="damage := DamagedIndexError checksum mismatch: stored 0bad0bad, computed 600d600d",
    subjects=("",),
    good="w: float32[2]",
)


def check(context: Context) -> Iterator[Hit]:
    """Say where the damage is."""
    yield from damage.hits(context, RULE.code)
