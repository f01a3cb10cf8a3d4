"""F704: a file with values is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.rules import damage
from scopecli.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.model.finding import Hit
    from scopecli.rules.context import Context

RULE = Rule(
    code="F704",
    name="missing-shard",
    severity="error",
    needs="variables",
    summary="A file that holds values of the model is missing.",
    why="Names and shapes are in the index, so the model looks complete in any listing. Restoring"
    " it fails, or restores only what the other files hold.",
    fix="copy all files of the model: for `model.ckpt-200` these are `model.ckpt-200.*`",
    bad="!missing-shard model.data-00000-of-00001: is missing",
    subjects=("model.data-00000-of-00001",),
    good="w: float32[2]",
)


def check(context: Context) -> Iterator[Hit]:
    """Report what the reader noted."""
    yield from damage.noted(context, "missing-shard")
