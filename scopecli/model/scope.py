"""The scope hierarchy: views over sorted names, not a tree of objects.

All variables below one scope stand next to one another when their paths are sorted, so a scope is
a path and a range. Totals come from prefix sums. 100,000 variables cost 100,000 names, and scopes
nothing until somebody looks at them.
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import accumulate
from typing import TYPE_CHECKING

from scopecli.model.names import MAX_DEPTH, natural_key
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from scopecli.model.variable import Variable


class Totals(NamedTuple):
    """Sums over everything below a scope.

    Attributes:
        entries: of every kind.
        params: elements of the model's own variables; optimizer state is not parameters.
        bytes: of every entry.
    """

    entries: int
    params: int
    bytes: int

    def times(self, factor: int) -> Totals:
        """The sums of several equal scopes."""
        return Totals(self.entries * factor, self.params * factor, self.bytes * factor)


class Member(NamedTuple):
    """What has one name inside a scope: variables, a scope, or both at once."""

    name: str
    variables: Sequence[Variable]
    scope: Scope | None


class ScopeTree:
    """The scopes of some variables, which need not be all of a model's."""

    __slots__ = ("_bytes", "_params", "paths", "separator", "variables")

    def __init__(self, variables: Iterable[Variable], separator: str) -> None:
        given = list(variables)
        paths = [variable.path for variable in given]
        order = sorted(range(len(paths)), key=paths.__getitem__)
        self.separator = separator
        self.paths = [paths[i] for i in order]
        self.variables = [given[i] for i in order]
        params = (v.params if v.is_parameter else 0 for v in self.variables)
        self._params = list(accumulate(params, initial=0))
        self._bytes = list(accumulate((v.nbytes or 0 for v in self.variables), initial=0))

    @property
    def root(self) -> Scope:
        """The scope that holds everything; its path is empty."""
        return Scope(self, "", "", 0, len(self.paths), 0)

    def find(self, path: str) -> Scope | None:
        """The scope at a path, or None where no variable is below it."""
        path = path.removesuffix(self.separator)
        if not path:
            return self.root
        prefix = path + self.separator
        start = bisect_left(self.paths, prefix)
        stop = self.end_of(prefix, start, len(self.paths))
        if start == stop:
            return None
        name = path.rpartition(self.separator)[2]
        return Scope(self, path, name, start, stop, path.count(self.separator) + 1)

    def end_of(self, prefix: str, start: int, stop: int) -> int:
        """The end of the paths with a prefix that ends in the separator, within a range."""
        after = prefix[:-1] + chr(ord(self.separator) + 1)
        return bisect_left(self.paths, after, start, stop)

    def totals(self, start: int, stop: int) -> Totals:
        """Sums over a range."""
        return Totals(
            stop - start,
            self._params[stop] - self._params[start],
            self._bytes[stop] - self._bytes[start],
        )


class Scope:
    """One scope: a path and a range of the tree's variables.

    Attributes:
        path: without a trailing separator; empty for the root.
        name: its last part.
        start: first variable of the range.
        stop: one past the last.
        depth: how many scopes it is below the root.
    """

    __slots__ = ("_tree", "depth", "name", "path", "start", "stop")

    def __init__(
        self, tree: ScopeTree, path: str, name: str, start: int, stop: int, depth: int
    ) -> None:
        self._tree = tree
        self.path = path
        self.name = name
        self.start = start
        self.stop = stop
        self.depth = depth

    @property
    def prefix(self) -> str:
        """What the paths of everything below start with."""
        return self.path + self._tree.separator if self.depth else ""

    @property
    def totals(self) -> Totals:
        """Sums over everything below."""
        return self._tree.totals(self.start, self.stop)

    @property
    def variables(self) -> Sequence[Variable]:
        """Everything below, sorted by path."""
        return self._tree.variables[self.start : self.stop]

    def relative_paths(self) -> list[str]:
        """The paths of everything below, as seen from here."""
        skip = len(self.prefix)
        return [path[skip:] for path in self._tree.paths[self.start : self.stop]]

    def members(self) -> list[Member]:
        """What is directly inside, ordered as people count: `layer_2` before `layer_10`."""
        tree, prefix = self._tree, self.prefix
        paths, separator, stop = tree.paths, tree.separator, self.stop
        skip = len(prefix)
        is_deepest = self.depth >= MAX_DEPTH
        leaves: dict[str, list[Variable]] = {}
        scopes: dict[str, Scope] = {}
        at = self.start
        while at < stop:
            path = paths[at]
            cut = -1 if is_deepest else path.find(separator, skip)
            if cut < 0:
                leaves.setdefault(path[skip:], []).append(tree.variables[at])
                at += 1
                continue
            end = tree.end_of(path[: cut + 1], at, stop)
            name = path[skip:cut]
            scopes[name] = Scope(tree, path[:cut], name, at, end, self.depth + 1)
            at = end
        names = sorted(leaves.keys() | scopes.keys(), key=natural_key)
        return [Member(name, leaves.get(name, ()), scopes.get(name)) for name in names]
