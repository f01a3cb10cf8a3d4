"""F711: loading a file would run code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.rules import damage
from scopecli.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.model.finding import Hit
    from scopecli.rules.context import Context

RULE = Rule(
    code="F711",
    name="hostile-pickle",
    severity="error",
    needs="variables",
    summary="A pickle in the file imports functions that run code or reach out of the process.",
    why="Pickles are programs: `torch.load(weights_only=False)` runs them before anybody sees a"
    " tensor. No model needs `os.system`.",
    fix="do not load the file; find out where it comes from",
    false_alarms="Whole modules that were pickled import classes of their own. These are not"
    " reported, which does not mean that they are harmless.",
    bad="""
        format := torch
        !hostile-global os.system: would be imported, and can run programs
    """,
    subjects=("os.system",),
    good="""
        format := torch
        w: float32[2]
    """,
)


def check(context: Context) -> Iterator[Hit]:
    """Report what the reader noted."""
    yield from damage.noted(context, "hostile-global")
