"""G401: a graph looks for a key that the checkpoint does not have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.model.finding import Hit
from scopecli.rules import restores
from scopecli.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.rules.context import Context

RULE = Rule(
    code="G401",
    name="key-missing",
    severity="error",
    needs="restore",
    summary="The graph's saver looks for a key that the checkpoint does not have.",
    why="`Saver.restore` ends with `Key ... not found in checkpoint`, and nothing is restored. It"
    " is the error that users of TensorFlow 1 ask about most.",
    fix="rename the variable in the checkpoint, give the Saver a dict of names, or leave the"
    " variable out of its `var_list`",
    false_alarms="The graph is the `.meta` beside the checkpoint, or the one that `--against`"
    " names.",
    bad="""
        net/w: float32[4,3]
        net/v: float32[3]
        saver := net/w, net/v
        ---
        net/w: float32[4,3]
    """,
    subjects=("net/v",),
    good="""
        net/w: float32[4,3]
        net/v: float32[3]
        saver := net/w
        ---
        net/w: float32[4,3]
    """,
)


def check(context: Context) -> Iterator[Hit]:
    """Predict the restore, and take what is missing."""
    for entry in restores.entries(context, "missing", ways=restores.BY_KEY):
        said = f"TensorFlow says: {entry.error.message}" if entry.error else "is not found"
        likely = f"; it is probably {entry.rename}" if entry.rename else ""
        yield Hit(entry.target or entry.key, f"{said}{likely}")
