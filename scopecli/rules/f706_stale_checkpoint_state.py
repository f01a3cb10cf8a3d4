"""F706: the `checkpoint` file beside it names what is not there."""

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
    " starts anew or fails. A folder that was moved or cleaned by hand leaves such a file.",
    fix="write the state file anew with `tf.train.update_checkpoint_state`, or name the"
    " checkpoint itself",
    bad="!stale-state model.ckpt-300: is the newest and is not there: model.ckpt-200 is shown",
    subjects=("model.ckpt-300",),
    good="w: float32[2]",
)


def check(context: Context) -> Iterator[Hit]:
    """Look for what the reader noticed."""
    yield from damage.noted(context, "stale-state")
