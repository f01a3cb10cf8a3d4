"""The moves of a rename as a tree: a scope that moves whole is one row, not one a tensor.

Of a move `encoder/layer_0/kernel` to `bert/encoder/layer_0/kernel` the ends are the same, so what
moves is `encoder/` to `bert/encoder/`. Moves that come to the same stand together; where they are
not all of the scope, the rows below say which.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, NamedTuple

from scopecli.model.names import leaf_of, natural_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scopecli.analysis.rename import Dropped, Move, Plan


class Row(NamedTuple):
    """One line of the tree.

    Attributes:
        depth: 0 for a move of its own, more for what stands below one.
        old: the name, or the scope with its separator; empty for the top.
        new: what it becomes; empty where a row above says it, or for the top.
        moves: how many names the row stands for.
        total: how many names there are in that place.
        is_scope: whether it is a scope.
    """

    depth: int
    old: str
    new: str
    moves: int
    total: int
    is_scope: bool


class DroppedRow(NamedTuple):
    """Names that go away: all of a kind, or one.

    Attributes:
        name: the name; empty where all of the kind go.
        kind: what it is.
        number: how many go.
    """

    name: str
    kind: str
    number: int


def move_rows(plan: Plan, names: Sequence[str], separator: str) -> list[Row]:
    """The rows of all moves, in the order in which people sort names.

    Args:
        plan: what moves.
        names: all names of the file.
        separator: what splits them into scopes.
    """
    groups: dict[tuple[str, str], list[str]] = {}  # scopes: what moves, below them
    for move in plan.moves:
        old, new, rest = _split(move, separator)
        groups.setdefault((old, new), []).append(rest)
    tree = _Names(sorted(names), separator)
    rows: list[Row] = []
    for (old, new), rests in sorted(groups.items(), key=lambda item: natural_key(item[0][0])):
        total = tree.count(old)
        if rests == [""]:
            rows.append(Row(0, old, new, 1, 1, is_scope=False))
            continue
        old_scope, new_scope = (scope and scope + separator for scope in (old, new))
        rows.append(Row(0, old_scope, new_scope, len(rests), total, is_scope=True))
        if len(rests) < total:
            rows.extend(_parts(tree, old, rests))
    return rows


def dropped_rows(dropped: Sequence[Dropped], kinds: dict[str, int]) -> list[DroppedRow]:
    """The rows of what goes away; `kinds` says how many of each kind the file has."""
    by_kind: dict[str, list[str]] = {}
    for name, kind in dropped:
        by_kind.setdefault(kind, []).append(name)
    rows = []
    for kind, names in by_kind.items():
        if len(names) > 1 and len(names) == kinds.get(kind):
            rows.append(DroppedRow("", kind, len(names)))
        else:
            rows.extend(DroppedRow(name, kind, 1) for name in sorted(names, key=natural_key))
    return rows


class _Names:
    """All names of the file, sorted."""

    def __init__(self, names: list[str], separator: str) -> None:
        self._names = names
        self._known = frozenset(names)
        self.separator = separator

    def count(self, scope: str) -> int:
        """How many names are in a scope, with the name that the scope itself may be."""
        if not scope:
            return len(self._names)
        inside = scope + self.separator
        end = inside[:-1] + chr(ord(inside[-1]) + 1)
        found = bisect_left(self._names, end) - bisect_left(self._names, inside)
        return found + (scope in self._known)


def _split(move: Move, separator: str) -> tuple[str, str, str]:
    """What differs of the old and the new name, and the end that they share."""
    old, new = move.old.split(separator), move.new.split(separator)
    same = 0
    while same < min(len(old), len(new)) and old[-1 - same] == new[-1 - same]:
        same += 1
    rest = old[len(old) - same :]
    ends = len(old) - same, len(new) - same
    return separator.join(old[: ends[0]]), separator.join(new[: ends[1]]), separator.join(rest)


def _parts(tree: _Names, scope: str, rests: Sequence[str]) -> list[Row]:
    """Rows for what moves below a scope of which not all does."""
    separator = tree.separator
    rows: list[Row] = []
    waiting = [(scope, list(rests), 0)]
    while waiting:
        name, inside, depth = waiting.pop()
        is_scope = inside != [""]
        total = tree.count(name) if is_scope else 1
        if depth:
            label = leaf_of(name, separator) + (separator if is_scope else "")
            rows.append(Row(depth, label, "", len(inside), total, is_scope))
        if not is_scope or (depth and len(inside) == total):
            continue
        children: dict[str, list[str]] = {}
        for rest in inside:
            head, _, tail = rest.partition(separator)
            path = separator.join(filter(None, (name, head)))
            children.setdefault(path, []).append(tail)
        waiting.extend(
            (path, children[path], depth + 1)
            for path in sorted(children, key=natural_key, reverse=True)
        )
    return rows
