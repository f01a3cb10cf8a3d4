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
    summary="Of two scopes that hold the same variables, an optimizer trains one, and nothing"
    " writes the other.",
    why="The second copy keeps its initial values for ever while the graph computes with it: for"
    " example, a GAN's discriminator judges the generator's images with random weights. It was"
    " meant to be reused.",
    fix="reuse the scope; or copy the values over, if the second is meant to follow the first",
    false_alarms="A copy that is assigned to, such as a target network, is not reported. One that"
    " is only ever restored from a checkpoint is.",
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
    """Check which of the twins are updated or written."""
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
                yield Hit(scope, f"is not written by anything, while its twin {other} is trained")
