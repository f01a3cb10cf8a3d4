"""G404: a graph has savers that look for different keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.model.finding import Hit
from scopecli.model.names import listed
from scopecli.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.model.graph import Saver
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
    false_alarms="A second saver for some of the keys, such as those of pretrained weights, is not"
    " reported.",
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
        stale := net/w
    """,
)

_MOST_NAMED = 3


def check(context: Context) -> Iterator[Hit]:
    """Compare the keys of the savers."""
    named = context.graph.saver
    others = [saver for saver in context.graph.stale_savers if saver.restores]
    if named is None:
        if len({frozenset(_keys(saver)) for saver in others}) > 1:
            scopes = listed([saver.scope for saver in others], _MOST_NAMED)
            yield Hit("", f"names no saver, and has several for different keys: {scopes}")
        return
    known = _keys(named)
    for saver in others if known else ():
        more = [key for key in _keys(saver) if key not in known]
        if more:
            words = f"restores {listed(more, _MOST_NAMED)}, which the file's own saver"
            yield Hit(saver.scope, f"{words} ({named.scope}) does not")


def _keys(saver: Saver) -> dict[str, None]:
    return dict.fromkeys(entry.key for entry in saver.restores)
