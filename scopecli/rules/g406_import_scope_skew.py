"""G406: a graph was imported into a scope, and its saver was not."""

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
    summary="The variables are in a scope that no key of a saver has.",
    why="`import_meta_graph(import_scope=...)` puts it before the names of variables and not"
    " before the imported keys. A new Saver in that graph looks for the names with the scope,"
    " which no checkpoint from before has.",
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
    """Look for one scope that is before all names and before no key."""
    graph = context.graph
    for saver in [*([graph.saver] if graph.saver else []), *graph.stale_savers]:
        prefix = restores.prefix_of(saver)
        if prefix:
            count, where = len(saver.restores), saver.scope or "the graph"
            words = f"is before the names of {count} variables"
            yield Hit(prefix, f"{words}, and not before the keys of the saver in {where}")
