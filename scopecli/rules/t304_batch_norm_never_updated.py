"""T304: nothing updates the statistics of a batch normalization."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.model.finding import Hit
from scopecli.model.graph import node_name
from scopecli.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.rules.context import Context

RULE = Rule(
    code="T304",
    name="batch-norm-never-updated",
    severity="warning",
    needs="training",
    summary="The moving statistics of a batch normalization are not written by any training step.",
    why="They stay at 0 and 1, so the layer has no effect in evaluation. Either the layer is built"
    " with `training=False`, or its updates are not in the training step: Keras layers in a graph"
    " do not add them to UPDATE_OPS.",
    fix="pass `training=True` when building the training graph, and run the layer's updates",
    false_alarms="A layer whose scale and offset are not trained either is frozen, and left out."
    " Updates in UPDATE_OPS are reported by T303.",
    bad="""
        bn/gamma: float32[3] trainable
        bn/moving_mean: float32[3] untrainable
        update = ApplyGradientDescent(bn/gamma, rate, gradient)
    """,
    subjects=("bn",),
    good="""
        bn/gamma: float32[3] trainable
        bn/moving_mean: float32[3] untrainable
        bn/AssignMovingAvg = AssignSub(bn/moving_mean, delta)
        update = ApplyGradientDescent(bn/gamma, rate, gradient)
        train = NoOp(^update, ^bn/AssignMovingAvg)
    """,
)

_STATISTICS = frozenset({"moving_mean", "moving_variance"})
_LEARNED = ("gamma", "beta")


def check(context: Context) -> Iterator[Hit]:
    """Look for what writes the statistics of each layer that is trained."""
    training, wiring = context.training, context.wiring
    members = (wiring.find(node_name(member)) for member in context.update_ops)
    listed = {name for number in members if number >= 0 for name in training.written_by(number)}
    layers: dict[str, list[str]] = {}
    for name in context.graph_variables:
        scope, _, leaf = name.rpartition("/")
        if leaf in _STATISTICS and name not in listed and not training.is_written(name):
            learned = {f"{scope}/{own}" for own in _LEARNED} & context.graph_variables.keys()
            if not learned or not training.updated.isdisjoint(learned):
                layers.setdefault(scope, []).append(name)
    for scope, names in layers.items():
        writers = [
            wiring.names[number] for name in names for number in training.writers.get(name, ())
        ]
        what = f"no training step runs {writers[0]}" if writers else "nothing writes them"
        statistics = " and ".join(name.rpartition("/")[2] for name in names)
        yield Hit(scope, f"keeps the initial values of {statistics}: {what}")
