"""F707: one key stands for two tensors, or one name for two members of an archive."""

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
    needs="file",
    summary="A safetensors header, a graph or an archive has one key twice; or a PyTorch archive"
    " has a second `data.pkl`.",
    why="A library takes the first or the last of the two and says nothing, so a tensor is lost. It"
    " is also how a file shows one tensor, or a harmless pickle, to a scanner and another to a"
    " loader.",
    fix="write the file again with distinct names",
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
    """Report what the reader noted."""
    yield from damage.hits(context, RULE.code)
    yield from damage.noted(context, "duplicate-key", "duplicate-member")
