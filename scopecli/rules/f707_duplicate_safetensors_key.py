"""F707: one key stands for two tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.rules import damage
from scopecli.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.model.finding import Hit
    from scopecli.rules.context import Context

RULE = Rule(
    code="F707",
    name="duplicate-safetensors-key",
    severity="error",
    needs="variables",
    summary="A safetensors header or an archive of arrays has one key twice.",
    why="The library takes the last one and says nothing, so a tensor is lost. It is also how a"
    " file shows one tensor to a scanner and another to a loader.",
    fix="write the file again with names that differ",
    bad="""
        format := safetensors
        !duplicate-key w: is in the header 2 times: the last one counts
    """,
    subjects=("w",),
    good="""
        format := safetensors
        w: float32[2]
    """,
)


def check(context: Context) -> Iterator[Hit]:
    """Look for what the reader noticed."""
    yield from damage.noted(context, "duplicate-key")
