"""S202: a scope has a twin that is trained, and is not trained itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.model.finding import Hit
from scopecli.rules.rule import Rule
from scopecli.rules.twins import twins_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.rules.context import Context

RULE = Rule(
    code="S202",
    name="orphan-twin",
    severity="error",
    needs="training",
    summary="Of two scopes that hold the same, an optimizer trains one, and nothing writes the"
    " other.",
    why="The second copy keeps its initial values for ever while the graph computes with it: a"
    " GAN's discriminator that judges the generator's images with random weights. It was meant to"
    " be reused.",
    fix="reuse the scope; or copy the values over, if it is meant to follow",
    false_alarms="A copy that is assigned to, as a target network is, is no orphan. One that is"
    " only ever restored from a checkpoint is reported all the same.",
    bad="""
        net/w: float32[4,3] trainable
        net_1/w: float32[4,3] trainable
        images = Placeholder()
        fakes = Placeholder()
        net/MatMul = MatMul(images, net/w/read)
        net_1/MatMul = MatMul(fakes, net_1/w/read)
        update = ApplyGradientDescent(net/w, rate, gradient)
    """,
    subjects=("net_1",),
    good="""
        net/w: float32[4,3] trainable
        net_1/w: float32[4,3] trainable
        images = Placeholder()
        fakes = Placeholder()
        net/MatMul = MatMul(images, net/w/read)
        net_1/MatMul = MatMul(fakes, net_1/w/read)
        update = ApplyGradientDescent(net/w, rate, gradient)
        copy = Assign(net_1/w, net/w/read)
    """,
)


def check(context: Context) -> Iterator[Hit]:
    """Look which of the twins are updated or written."""
    training = context.training
    for twin in twins_of(context):
        first = [f"{twin.first}/{name}" for name in twin.variables]
        second = [f"{twin.scope}/{name}" for name in twin.variables]
        for orphans, others, scope, other in (
            (second, first, twin.scope, twin.first),
            (first, second, twin.first, twin.scope),
        ):
            if (
                training.updated.isdisjoint(orphans)
                and not training.updated.isdisjoint(others)
                and training.writers.keys().isdisjoint(orphans)
                and any(context.graph_variables[name].trainable for name in orphans)
            ):
                yield Hit(scope, f"is written by nothing, while {other}, its twin, is trained")
