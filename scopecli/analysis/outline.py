"""The scope tree as rows, with identical numbered siblings folded into one.

This decides what a tree shows; a renderer draws the rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.model.names import numbered, ranges
from scopecli.model.records import NamedTuple
from scopecli.model.scope import Member, ScopeTree

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from scopecli.analysis.operations import Operations
    from scopecli.model.scope import Scope, Totals
    from scopecli.model.variable import Variable

# Folding two siblings would save nothing.
_FEWEST_TO_FOLD = 3


def _as_listed(variable: Variable) -> object:
    """Shape, dtype, bytes, kind and trainable, which are the fields in the middle."""
    return variable[2:7]


class OutlineOptions(NamedTuple):
    """How much of the tree is shown.

    Attributes:
        depth: how many levels are shown; None for all.
        fold: whether identical numbered siblings become one row.
        order: `name`, `params`, `bytes` or `file`.
        operations: a graph's operations, whose scopes are shown even without variables; None for
            variables only.
        alike: gives what must be equal of the variables of two scopes for these to be folded.
        closed: whether a scope with these variables in it is shown without what is inside.
        rank: a sort key for siblings that replaces `order`.
    """

    depth: int | None = None
    fold: bool = True
    order: str = "name"
    operations: Operations | None = None
    alike: Callable[[Variable], object] = _as_listed
    closed: Callable[[Sequence[Variable]], bool] = lambda _: False
    rank: Callable[[Member], float] | None = None


class Row(NamedTuple):
    """One line of the tree.

    Attributes:
        depth: 0 for what is at the top.
        is_last: whether it is the last inside its parent.
        label: the member's name, or `layer_[0-11]` for folded ones.
        path: of the member; of the first where folded.
        variables: those that have exactly this path; of the first where folded.
        totals: over everything below; None where there are no variables below.
        times: how many members the row stands for.
        scope: the scope below, that of the first where folded; None where there is none.
    """

    depth: int
    is_last: bool
    label: str
    path: str
    variables: Sequence[Variable]
    totals: Totals | None
    times: int = 1
    scope: Scope | None = None


def outline(variables: Sequence[Variable], separator: str, options: OutlineOptions) -> list[Row]:
    """The rows of the tree of these variables, top down."""
    tree = ScopeTree(variables, separator)
    sort_key = options.rank or _sort_keys(variables).get(options.order)
    rows: list[Row] = []
    # A stack and not recursion: (scope, the members of it that are still to be shown).
    stack = [(tree.root, _groups(tree.root, sort_key, options))]
    while stack:
        scope, groups = stack[-1]
        if not groups:
            stack.pop()
            continue
        group = groups.pop()
        member = group[0]
        rows.append(_row(scope, group, depth=len(stack) - 1, is_last=not groups))
        deeper = options.depth is None or len(stack) < options.depth
        if member.scope and deeper and not options.closed(member.scope.variables):
            stack.append((member.scope, _groups(member.scope, sort_key, options)))
    return rows


Group = list[Member]


def _groups(
    scope: Scope, sort_key: Callable[[Member], float] | None, options: OutlineOptions
) -> list[Group]:
    """The members of a scope, folded, last first so that they can be popped."""
    members = scope.members()
    if sort_key is not None:
        members.sort(key=sort_key)
    if options.operations is not None:
        known = {member.name for member in members}
        others = options.operations.scopes_in(scope.path)
        members += [Member(name, (), None) for name in others if name not in known]
    groups = _fold(members, options.alike) if options.fold else [[member] for member in members]
    return groups[::-1]


def _row(scope: Scope, group: Group, *, depth: int, is_last: bool) -> Row:
    member, times = group[0], len(group)
    label = member.name
    if times > 1:
        parts = [part for other in group if (part := numbered(other.name))]
        stem, _, tail = parts[0]
        label = f"{stem}[{ranges(number for _, number, _ in parts)}]{tail}"
    totals = member.scope.totals.times(times) if member.scope else None
    path = scope.prefix + member.name
    return Row(depth, is_last, label, path, member.variables, totals, times, member.scope)


def _fold(members: list[Member], alike: Callable[[Variable], object]) -> list[Group]:
    """Runs of members that differ in one number only."""
    groups: list[Group] = []
    stem: tuple[str, str] | None = None
    for member in members:
        parts = numbered(member.name)
        this = (parts[0], parts[2]) if parts else None
        numbers_differ = groups and this is not None and this == stem
        if numbers_differ and _same_inside(groups[-1][0], member, alike):
            groups[-1].append(member)
        else:
            groups.append([member])
        stem = this
    return [
        part
        for group in groups
        for part in ([group] if len(group) >= _FEWEST_TO_FOLD else [[member] for member in group])
    ]


def _same_inside(a: Member, b: Member, alike: Callable[[Variable], object]) -> bool:
    """Whether two members hold the same names, with variables that are alike."""
    if not _same_variables(a.variables, b.variables, alike):
        return False
    if a.scope is None or b.scope is None:
        return a.scope is b.scope
    return (
        a.scope.totals == b.scope.totals
        and _same_variables(a.scope.variables, b.scope.variables, alike)
        and a.scope.relative_paths() == b.scope.relative_paths()
    )


def _same_variables(
    a: Sequence[Variable], b: Sequence[Variable], alike: Callable[[Variable], object]
) -> bool:
    return len(a) == len(b) and all(alike(x) == alike(y) for x, y in zip(a, b, strict=True))


def _sort_keys(variables: Sequence[Variable]) -> dict[str, Callable[[Member], float]]:
    """How siblings are ordered; by name is how they come."""
    places: dict[int, int] = {}

    def place(member: Member) -> int:
        if not places:
            places.update((id(variable), i) for i, variable in enumerate(variables))
        return min(places[id(v)] for v in members(member))

    def members(member: Member) -> list[Variable]:
        return [*member.variables, *(member.scope.variables if member.scope else ())]

    return {
        "params": lambda member: -sum(v.params for v in members(member) if v.is_parameter),
        "bytes": lambda member: -sum(v.nbytes or 0 for v in members(member)),
        "file": place,
    }
