"""S201: two scopes hold the same variables and share none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.model.finding import Hit
from scopecli.rules.rule import Rule
from scopecli.rules.twins import Twin, twins_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.rules.context import Context

RULE = Rule(
    code="S201",
    name="parallel-twin-scopes",
    severity="warning",
    needs="graph",
    summary="A scope and its numbered twin hold the same variables, side by side, and share none.",
    why="A network that is built twice without `reuse` is two networks: `net` and `net_1`. Both"
    " take memory, each sees half of the data, and nothing warns of it.",
    fix="reuse the scope if one network was intended; otherwise give the second its own name",
    false_alarms="Towers for two kinds of things (users and items) look the same and are intended."
    " Scopes that are numbered from the start (`branch_0`, `branch_1`), layers in a row, two heads"
    " on one input, layers without a name of their own (`dense`, `dense_1`) and what is found by"
    " its object, as in TensorFlow 2, are not reported.",
    bad="""
        net/w: float32[4,3]
        net_1/w: float32[4,3]
        images = Placeholder()
        fakes = Placeholder()
        net/MatMul = MatMul(images, net/w/read)
        net_1/MatMul = MatMul(fakes, net_1/w/read)
    """,
    subjects=("net_1",),
    good="""
        net/w: float32[4,3]
        images = Placeholder()
        fakes = Placeholder()
        net/MatMul = MatMul(images, net/w/read)
        net_1/MatMul = MatMul(fakes, net/w/read)
        dense/kernel: float32[4,3]
        dense_1/kernel: float32[4,3]
        dense/MatMul = MatMul(images, dense/kernel/read)
        dense_1/MatMul = MatMul(fakes, dense_1/kernel/read)
    """,
)


def check(context: Context) -> Iterator[Hit]:
    """Report each scope whose twin came before it."""
    for twin in twins_of(context):
        yield Hit(twin.scope, _message(twin))


def _message(twin: Twin) -> str:
    count = len(twin.variables)
    what = f"the same {count} variables" if count > 1 else "the same variable"
    return f"has {what} as {twin.first}, shares none and has other inputs"
