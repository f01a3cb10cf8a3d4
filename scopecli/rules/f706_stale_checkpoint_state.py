"""F706: the `checkpoint` file beside a checkpoint names one that is not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.rules import damage
from scopecli.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.model.finding import Hit
    from scopecli.rules.context import Context

RULE = Rule(
    code="F706",
    name="stale-checkpoint-state",
    severity="warning",
    needs="variables",
    summary="The `checkpoint` state file names a checkpoint that is gone, or is in another folder.",
    why="`tf.train.latest_checkpoint` gives None or a path of another machine, and training"
    " starts over or fails. This happens when a folder is moved, or cleaned up by hand.",
    fix="rewrite the state file with `tf.train.update_checkpoint_state`, or name the checkpoint"
    " itself",
    bad="!stale-state model.ckpt-300: is the newest and is not there: model.ckpt-200 is shown",
    subjects=("model.ckpt-300",),
    good="w: float32[2]",
)


def check(context: Context) -> Iterator[Hit]:
    """Report what the reader noted."""
    yield from damage.noted(context, "stale-state")
