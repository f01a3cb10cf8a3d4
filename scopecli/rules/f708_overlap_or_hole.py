"""F708: tensors share bytes, or bytes belong to no tensor."""

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
    why="Most loaders refuse such a file; the others give one tensor the bytes of another. Another"
    " file can hide in bytes that belong to no tensor.",
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
    """Report what the reader noted."""
    yield from damage.noted(context, "overlap", "hole", "trailing-data")
