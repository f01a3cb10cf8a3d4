"""F708: tensors share bytes, or leave some out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.rules import damage
from scopecli.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.model.finding import Hit
    from scopecli.rules.context import Context

RULE = Rule(
    code="F708",
    name="overlap-or-hole",
    severity="error",
    needs="variables",
    summary="Tensors of a safetensors file share bytes, or bytes of it belong to no tensor.",
    why="Loaders refuse such a file, and those that do not give one tensor the bytes of another."
    " Bytes that belong to nothing are where a second file can hide.",
    fix="write the file again with a current safetensors library",
    bad="""
        format := safetensors
        !overlap w: shares 8 bytes with v
    """,
    subjects=("w",),
    good="""
        format := safetensors
        w: float32[2]
    """,
)


def check(context: Context) -> Iterator[Hit]:
    """Look for what the reader noticed."""
    yield from damage.noted(context, "overlap", "hole", "trailing-data")
