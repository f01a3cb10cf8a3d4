"""T303: no training step runs an update operation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.model.finding import Hit
from scopecli.model.graph import node_name
from scopecli.model.names import listed
from scopecli.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.rules.context import Context

RULE = Rule(
    code="T303",
    name="update-op-unreachable",
    severity="warning",
    needs="training",
    summary="An operation is in UPDATE_OPS, and no training step runs it.",
    why="Batch normalization adds the updates of its moving statistics to that collection. If the"
    " training step does not depend on them, the statistics stay at 0 and 1: training looks fine,"
    " and evaluation is noise.",
    fix="minimize under `tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS))`,"
    " asked for when all layers are there",
    false_alarms="A program may run the collection by itself beside the training step, which no"
    " file tells. An update is not reported if another one of the same variable runs.",
    bad="""
        w: float32[3] trainable
        mean: float32[3] untrainable
        AssignMovingAvg = AssignSub(mean, delta)
        update = ApplyGradientDescent(w, rate, gradient)
        @update_ops: AssignMovingAvg
    """,
    subjects=("AssignMovingAvg",),
    good="""
        w: float32[3] trainable
        mean: float32[3] untrainable
        AssignMovingAvg = AssignSub(mean, delta)
        update = ApplyGradientDescent(w, rate, gradient)
        train = NoOp(^update, ^AssignMovingAvg)
        @update_ops: AssignMovingAvg
    """,
)


_MOST_NAMED = 3


def check(context: Context) -> Iterator[Hit]:
    """Look for each update among what training runs; where it runs none, that is one finding."""
    training = context.training
    missed: dict[str, list[str]] = {}
    members = [node_name(member) for member in dict.fromkeys(context.update_ops)]
    for member in members:
        number = context.wiring.find(member)
        if number >= 0 and number not in training.run:
            written = sorted(training.written_by(number))
            if not written or not all(map(training.is_written, written)):
                missed[member] = written
    if len(missed) == len(members) > 1:
        names = listed([name for written in missed.values() for name in written], _MOST_NAMED)
        what = f"; they write {names}" if names else ""
        yield Hit("", f"no training step runs any of the {len(members)} UPDATE_OPS{what}")
        return
    for member, written in missed.items():
        what = f"; it writes {', '.join(written)}" if written else ""
        yield Hit(member, f"is in UPDATE_OPS, and no training step runs it{what}")
