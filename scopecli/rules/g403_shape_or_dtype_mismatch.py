"""G403: a variable that a graph restores has another shape or type in the checkpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.model.finding import Hit
from scopecli.model.names import type_text
from scopecli.rules import restores
from scopecli.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.analysis.restore.prediction import Entry
    from scopecli.rules.context import Context

RULE = Rule(
    code="G403",
    name="shape-or-dtype-mismatch",
    severity="error",
    needs="restore",
    summary="A variable of the graph has another shape or type in the checkpoint.",
    why="`Saver.restore` ends with an error; or, for a resource variable of another shape, it goes"
    " through and leaves a variable that contradicts its own graph.",
    fix="change the model back, or leave the variable out and train it from scratch",
    bad="""
        net/w: float32[4,3]
        saver := net/w
        ---
        net/w: float32[4,5]
    """,
    subjects=("net/w",),
    good="""
        net/w: float32[4,3]
        saver := net/w
        ---
        net/w: float32[4,3]
    """,
)


def check(context: Context) -> Iterator[Hit]:
    """Predict the restore, and take what does not fit."""
    for entry in restores.entries(context, "shape", "dtype", "partial", ways=restores.BY_KEY):
        said = f"TensorFlow says: {entry.error.message}" if entry.error else _silent(entry)
        yield Hit(entry.target or entry.key, said)


def _silent(entry: Entry) -> str:
    """A mismatch that raises no error, in words."""
    wanted, found = (
        "unknown" if tensor is None else type_text(tensor.dtype, tensor.shape)
        for tensor in (entry.expected, entry.found)
    )
    return f"is {wanted} in the graph and {found} in the checkpoint, which TensorFlow lets pass"
