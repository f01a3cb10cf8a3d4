"""How many operations of which type a graph has, by scope.

The names of all nodes are sorted once; a scope is a range of them, as in `scopecli.model.scope`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scopecli.model.graph import Graph

SEPARATOR = "/"
_AFTER = chr(ord(SEPARATOR) + 1)


class Operations:
    """The operations of a graph's main body, counted by scope and type."""

    __slots__ = ("_names", "_ops")

    def __init__(self, graph: Graph) -> None:
        pairs = sorted(zip(graph.nodes.names, graph.nodes.ops, strict=True))
        self._names = [name for name, _ in pairs]
        self._ops = [op for _, op in pairs]

    def counts(self, scope: str) -> Counter[str]:
        """How many operations of each type are below a scope; all, for the empty one."""
        start, stop = self._range(scope)
        return Counter(self._ops[start:stop])

    def scopes_in(self, scope: str) -> list[str]:
        """The names of the scopes directly inside one, in the order of names."""
        at, stop = self._range(scope)
        skip = len(scope) + 1 if scope else 0
        found = []
        while at < stop:
            name = self._names[at]
            cut = name.find(SEPARATOR, skip)
            if cut < 0:
                at += 1
                continue
            found.append(name[skip:cut])
            at = bisect_left(self._names, name[:cut] + _AFTER, at, stop)
        return found

    def _range(self, scope: str) -> tuple[int, int]:
        if not scope:
            return 0, len(self._names)
        start = bisect_left(self._names, scope + SEPARATOR)
        return start, bisect_left(self._names, scope + _AFTER, start)
