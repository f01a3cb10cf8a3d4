"""G406: a graph was imported into a scope, but the keys of its saver were not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.model.finding import Hit
from scopecli.rules import restores
from scopecli.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.rules.context import Context

RULE = Rule(
    code="G406",
    name="import-scope-skew",
    severity="warning",
    needs="graph",
    summary="All variables of a saver are in a scope that is in none of its keys.",
    why="`import_meta_graph(import_scope=...)` puts the scope before the names of variables, but"
    " not before the imported keys. A new Saver in that graph looks for names with the scope, which"
    " earlier checkpoints do not have.",
    fix="restore with the saver that `import_meta_graph` returns, or give a new one a dict of"
    " names",
    bad="""
        tower/net/w: float32[4,3]
        tower/net/b: float32[3]
        saver := net/w=tower/net/w, net/b=tower/net/b
    """,
    subjects=("tower",),
    good="""
        tower/net/w: float32[4,3]
        tower/net/b: float32[3]
        saver := tower/net/w, tower/net/b
    """,
)


def check(context: Context) -> Iterator[Hit]:
    """Look for a scope that all names start with, and no key."""
    graph = context.graph
    for saver in [*([graph.saver] if graph.saver else []), *graph.stale_savers]:
        prefix = restores.prefix_of(saver)
        if prefix:
            count, where = len(saver.restores), saver.scope or "the graph"
            words = f"is in the names of {count} variables"
            yield Hit(prefix, f"{words}, but not in the keys of the saver in {where}")
