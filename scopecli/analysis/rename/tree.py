"""The moves of a rename, folded: a scope that moves as a whole is one row.

The move `encoder/layer_0/kernel` to `bert/encoder/layer_0/kernel` keeps the end of the name, so it
is part of `encoder/` to `bert/encoder/`. If only a part of a scope moves, there is a row for each
name and each inner scope that does.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from scopecli.model.names import natural_key
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from scopecli.analysis.rename.plan import Dropped, Move, Plan


class Row(NamedTuple):
    """One line of the tree.

    Attributes:
        old: the name, or the scope with its separator; empty for the top.
        new: what it becomes.
        names: how many names the row stands for.
        is_scope: whether it is a scope.
    """

    old: str
    new: str
    names: int
    is_scope: bool


class DroppedRow(NamedTuple):
    """Names that are dropped: all of a kind, or one.

    Attributes:
        name: the name; empty where all names of the kind are dropped.
        kind: the kind of the names.
        number: how many names are dropped.
    """

    name: str
    kind: str
    number: int


def move_rows(plan: Plan, names: Sequence[str], separator: str) -> list[Row]:
    """The rows of all moves, in the order in which people sort names.

    Args:
        plan: what moves.
        names: all names of the file, in order.
        separator: what splits them into scopes.
    """
    groups: dict[tuple[str, str], list[str]] = {}  # scopes: what moves, below them
    for move in plan.moves:
        old, new, rest = _split(move, separator)
        groups.setdefault((old, new), []).append(rest)
    tree = _Names(names, separator)
    rows: list[Row] = []
    for (old, new), rests in sorted(groups.items(), key=lambda item: natural_key(item[0][0])):
        rows.extend(_rows(tree, old, new, rests))
    return rows


def dropped_rows(dropped: Sequence[Dropped], kinds: Mapping[str, int]) -> list[DroppedRow]:
    """The rows of what is dropped; `kinds` says how many names of each kind the file has."""
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

    def __init__(self, names: Sequence[str], separator: str) -> None:
        self._names = names
        self.separator = separator

    def count(self, scope: str) -> int:
        """How many names are in a scope; the scope itself counts, too, if it is also a name."""
        if not scope:
            return len(self._names)
        inside = scope + self.separator
        end = inside[:-1] + chr(ord(inside[-1]) + 1)
        found = bisect_left(self._names, end) - bisect_left(self._names, inside)
        at = bisect_left(self._names, scope)
        return found + (list(self._names[at : at + 1]) == [scope])


def _split(move: Move, separator: str) -> tuple[str, str, str]:
    """The old and new name without the end that they share, and that end."""
    start = 0
    while start <= len(move.old):
        rest = move.old[start:]
        head = move.new.removesuffix(rest)
        if head != move.new and (not head or head.endswith(separator)):
            return move.old[:start].removesuffix(separator), head.removesuffix(separator), rest
        end = move.old.find(separator, start)
        if end < 0:
            break
        start = end + len(separator)
    return move.old, move.new, ""


def _rows(tree: _Names, old: str, new: str, rests: list[str]) -> list[Row]:
    """The rows for what moves from one scope to another, given as names inside it."""
    separator = tree.separator
    rows: list[Row] = []
    waiting = [(old, new, rests)]
    while waiting:
        old, new, inside = waiting.pop()
        if inside == [""]:
            rows.append(Row(old, new, 1, is_scope=False))
            continue
        # A move of the whole file is shown by its scope if it has only one.
        if len(inside) == tree.count(old) and (old or _several(inside, separator)):
            old_scope, new_scope = (scope and scope + separator for scope in (old, new))
            rows.append(Row(old_scope, new_scope, len(inside), is_scope=True))
            continue
        children: dict[str, list[str]] = {}
        for rest in inside:
            head, _, tail = rest.partition(separator)
            children.setdefault(head, []).append(tail)
        for head in sorted(children, key=natural_key, reverse=True):
            paths = [separator.join(filter(None, (scope, head))) for scope in (old, new)]
            waiting.append((paths[0], paths[1], children[head]))
    return rows


def _several(names: list[str], separator: str) -> bool:
    """Whether names start in more than one way."""
    first = names[0].partition(separator)[0]
    return any(name.partition(separator)[0] != first for name in names)
