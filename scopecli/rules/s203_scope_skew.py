"""S203: operations of one scope use the variables of another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.analysis.dataflow import without_number
from scopecli.model.finding import Hit
from scopecli.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.rules.context import Context

RULE = Rule(
    code="S203",
    name="scope-skew",
    severity="info",
    needs="graph",
    summary="A scope was entered again: operations under `enc_1` use the variables of `enc`.",
    why="This is how reuse looks, and it is fine. But a `tf.Variable`, or a layer without a name,"
    " that is created there is `enc_1/...` in the checkpoint, and a filter for `enc/` misses the"
    " operations.",
    fix="nothing, if the reuse is intended",
    bad="""
        enc/w: float32[4,3]
        a = Placeholder()
        b = Placeholder()
        enc/MatMul = MatMul(a, enc/w/read)
        enc_1/MatMul = MatMul(b, enc/w/read)
    """,
    subjects=("enc_1",),
    good="""
        enc/w: float32[4,3]
        a = Placeholder()
        enc/MatMul = MatMul(a, enc/w/read)
    """,
)


def check(context: Context) -> Iterator[Hit]:
    """Look for entries of a scope under its name with a number."""
    for reused in context.reuse.scopes:
        for entry in reused.entries:
            path = entry.removesuffix("/")
            if len(reused.entries) > 1 and path != reused.scope == without_number(path):
                count = len(reused.variables)
                yield Hit(path, f"has operations that use {_plural(count)} of {reused.scope}")


def _plural(count: int) -> str:
    return f"{count} variables" if count != 1 else "a variable"
