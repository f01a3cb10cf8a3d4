"""G404: a graph has savers that look for different keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.model.finding import Hit
from scopecli.model.names import listed
from scopecli.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.rules.context import Context

RULE = Rule(
    code="G404",
    name="ambiguous-saver",
    severity="warning",
    needs="graph",
    summary="The graph has a saver that restores more than the one that the file names, or several"
    " of which the file names none.",
    why="`import_meta_graph` restores with the saver that the file names. Variables that only the"
    " other one restores keep their initial values, without an error.",
    fix="export the graph with one Saver for everything that is to be restored",
    false_alarms="A second saver for some of the variables, such as pretrained weights, is not"
    " reported, whatever keys it has.",
    bad="""
        net/w: float32[4,3]
        head/w: float32[3]
        saver := net/w
        stale := net/w, head/w
    """,
    subjects=("save_1",),
    good="""
        net/w: float32[4,3]
        head/w: float32[3]
        saver := net/w, head/w
        stale := vgg/w=net/w
    """,
)

_MOST_NAMED = 3


def check(context: Context) -> Iterator[Hit]:
    """Compare what the savers restore."""
    named = context.graph.saver
    others = [saver for saver in context.graph.stale_savers if saver.restores]
    if named is None:
        if len({frozenset(entry.key for entry in saver.restores) for saver in others}) > 1:
            scopes = listed([saver.scope for saver in others], _MOST_NAMED)
            yield Hit("", f"names no saver, and has several for different keys: {scopes}")
        return
    known = {entry.variable or entry.key for entry in named.restores}
    for saver in others if known else ():
        beside = (entry for entry in saver.restores if (entry.variable or entry.key) not in known)
        more = list(dict.fromkeys(entry.key for entry in beside))
        if more:
            words = f"restores {listed(more, _MOST_NAMED)}, which the file's own saver"
            yield Hit(saver.scope, f"{words} ({named.scope}) does not")
