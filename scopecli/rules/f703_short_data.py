"""F703: a file ends before its data does."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from scopecli.formats.tensorflow.checkpoints import bundle_checks
from scopecli.model.finding import Hit
from scopecli.rules import damage
from scopecli.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.rules.context import Context

RULE = Rule(
    code="F703",
    name="short-data",
    severity="error",
    needs="file",
    summary="A file is shorter than what it says it holds.",
    why="The copy was cut off, or the disk was full. The beginning can often be read, so a tool"
    " that looks no further calls the file fine.",
    fix="copy the file again, or use an earlier checkpoint",
    bad="!short-data w: ends at byte 48, and the file at 40",
    subjects=("w",),
    good="w: float32[2]",
)


def check(context: Context) -> Iterator[Hit]:
    """Compare what should be there with the sizes of files."""
    yield from damage.hits(context, RULE.code)
    yield from damage.noted(context, "short-data", "size-mismatch")
    for key, end, size, path in bundle_checks.short(context.model):
        yield Hit(key, f"ends at byte {end} of {os.path.basename(path)}, which has {size}")
