"""The plan of a rename: which names change, which are dropped, and all conflicts."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from scopecli.analysis.rename.rules import Matcher, Replace, StripPrefix
from scopecli.model.names import listed, nearest, scope_of
from scopecli.model.records import NamedTuple
from scopecli.model.renaming import Renaming

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from scopecli.analysis.rename.rules import Match, Rule
    from scopecli.model.renaming import Subject

    # Given all names, yields those that the format cannot have, each with what is wrong with it.
    Complaints = Callable[[Sequence[str]], Iterable[tuple[str, str]]]

_MOST_NAMED = 5
_SLASH = "/"
# Looking for similar names in a large file takes a while.
_MOST_SUGGESTED = 10


class Request(NamedTuple):
    """What a rename is asked to do.

    Attributes:
        rules: in the order in which they are tried.
        with_slots: whether slots and averages follow their variables.
        allow_unmatched: whether a rule may match nothing.
    """

    rules: Sequence[Rule]
    with_slots: bool = True
    allow_unmatched: bool = False


class Move(NamedTuple):
    """A name that becomes another."""

    old: str
    new: str
    kind: str


class Dropped(NamedTuple):
    """A name that is dropped."""

    name: str
    kind: str


class Conflict(NamedTuple):
    """A reason not to rename.

    Attributes:
        subject: the name concerned, or the rule.
        problem: what is wrong with it.
    """

    subject: str
    problem: str

    def __str__(self) -> str:
        return f"{self.subject}: {self.problem}"


class Plan(NamedTuple):
    """What a rename would do.

    Attributes:
        moves: in the file's order.
        drops: in the file's order.
        unmatched: the rules that match nothing, each with what may have been meant.
        conflicts: all reasons not to rename; unmatched rules are among them unless allowed.
        total: names in the file.
    """

    moves: tuple[Move, ...]
    drops: tuple[Dropped, ...]
    unmatched: tuple[Conflict, ...]
    conflicts: tuple[Conflict, ...]
    total: int

    def __repr__(self) -> str:
        """In one line: a large model has thousands of moves."""
        counts = f"{len(self.moves)} of {self.total} names move, {len(self.drops)} dropped"
        return f"<Plan: {counts}, {len(self.conflicts)} conflicts>"

    @property
    def renaming(self) -> Renaming:
        """The plan as a writer takes it."""
        moves = {move.old: move.new for move in self.moves}
        return Renaming(moves, frozenset(dropped.name for dropped in self.drops))


def plan(
    subjects: Sequence[Subject], separator: str, request: Request, complaints: Complaints
) -> Plan:
    """Apply the rules to the names of a file.

    Raises:
        ScopecliError: a rule contradicts itself.
    """
    first: dict[str, Subject] = {}  # of every name
    for subject in subjects:
        if subject.name not in first or (subject.follows and not first[subject.name].follows):
            first[subject.name] = subject
    names = sorted(first)
    becomes, used = _decided(first, names, request, separator)
    unmatched = _unmatched(request.rules, used, list(first.values()), separator)
    conflicts = list(() if request.allow_unmatched else unmatched)
    conflicts += _collisions(subjects, becomes)
    conflicts += _empty_parts(becomes, separator)
    conflicts += _complaints(names, becomes, complaints)
    changed = [(name, becomes[name], first[name].kind) for name in first if name in becomes]
    return Plan(
        tuple(Move(name, new, kind) for name, new, kind in changed if new is not None),
        tuple(Dropped(name, kind) for name, new, kind in changed if new is None),
        tuple(unmatched),
        tuple(conflicts),
        len(first),
    )


def _decided(
    subjects: Mapping[str, Subject], names: Sequence[str], request: Request, separator: str
) -> tuple[dict[str, str | None], set[int]]:
    """New names of the names that change, None where one is dropped; and the rules that matched."""
    matcher = Matcher(request.rules, names, separator)
    matches = {name: match for name in subjects if (match := matcher.match(subjects[name]))}
    if request.with_slots:
        matches = _followed(subjects, matches, request, separator)
    becomes = {name: new for name, (_, new) in matches.items() if new != name}
    return becomes, {number for number, _ in matches.values()}


def _followed(
    subjects: Mapping[str, Subject],
    own: Mapping[str, Match],
    request: Request,
    separator: str,
) -> dict[str, Match]:
    """The matches of all names, with slots renamed like the variables that they follow.

    Of the rules that match the slot or its variable, the first decides for the slot: after
    `net/w=kernel` the slot `net/w/Adam` goes with `net/w`, even if `net/=enc/` renames all else. A
    rule that drops the slot, or that has exactly its name, is about the slot and comes before.
    """
    decided: dict[str, Match] = {}
    visited: set[str] = set()
    for start in subjects:
        chain: list[str] = []
        name = start
        while name in subjects and name not in visited:
            visited.add(name)
            chain.append(name)
            name = subjects[name].follows
        for name in reversed(chain):
            match = own.get(name)
            owner = subjects[name].follows
            lead = decided.get(owner)
            if lead is not None and not _is_about(request.rules, match, name, lead):
                number, new = lead
                led = None if new is None else _with_owner(name, owner, new, separator)
                if led != name or match is None:
                    match = number, led
            if match is not None:
                decided[name] = match
    return decided


def _is_about(rules: Sequence[Rule], match: Match | None, name: str, lead: Match) -> bool:
    """Whether the rule that matches a slot decides for it, and not the one for its variable."""
    if match is None:
        return False
    number, new = match
    rule = rules[number]
    return number <= lead[0] or new is None or (isinstance(rule, Replace) and rule.old == name)


def _with_owner(name: str, owner: str, new: str, separator: str) -> str:
    """The name with its owner's new name in place of the old one.

    `train/dense/kernel/Adam` has `dense/kernel` in it. A name that starts with its owner's has it
    there; of several other occurrences, the last is the owner.
    """
    if name.startswith(owner + separator):
        return new + name[len(owner) :]
    bounded = f"{separator}{name}{separator}"
    at = bounded.rfind(f"{separator}{owner}{separator}")
    return name if at < 0 else name[:at] + new + name[at + len(owner) :]


def _unmatched(
    rules: Sequence[Rule], used: set[int], subjects: Sequence[Subject], separator: str
) -> list[Conflict]:
    """The rules that matched nothing, the first of them with what may be wrong with them."""
    names = sorted(subject.name for subject in subjects)
    found: list[Conflict] = []
    for number, rule in enumerate(rules):
        if number in used:
            continue
        hint = ""
        if len(found) < _MOST_SUGGESTED:
            hint = _taken(rules[: number + 1], names, subjects, separator)
            hint = hint or _advice(rule, names, separator)
        found.append(Conflict(str(rule), f"matches nothing{hint}"))
    return found


def _taken(
    rules: Sequence[Rule], names: Sequence[str], subjects: Sequence[Subject], separator: str
) -> str:
    """What decides a name that the last rule would match, too."""
    alone = Matcher(rules[-1:], names, separator)
    subject = next((subject for subject in subjects if alone.match(subject)), None)
    match = Matcher(rules, names, separator).match(subject) if subject else None
    if subject is None or match is None:
        return ""
    is_own = match[0] == len(rules) - 1
    why = f"goes with {subject.follows}" if is_own else f"is decided by {rules[match[0]]}"
    return f" that is left: {subject.name} {why}"


def _advice(rule: Rule, names: Sequence[str], separator: str) -> str:
    """What may have been meant by a rule that matched nothing."""
    if isinstance(rule, Replace) and any(name.startswith(rule.old + separator) for name in names):
        whole = f"{rule.old}{separator}={rule.new}{separator}"
        return f": {rule.old} is a scope, so write {whole}"
    if isinstance(rule, Replace) and "*" in rule.old:
        return ": a star stands for itself; write --regex, or a scope as in a/=b/"
    if isinstance(rule, Replace) and rule.old.endswith(_SLASH) and separator != _SLASH:
        dotted = str(rule).replace(_SLASH, separator)
        return f": scopes end in {separator!r} here, so write {dotted}"
    similar = _similar(rule, names, separator)
    return f", did you mean {' or '.join(similar)}?" if similar else ""


def _similar(rule: Rule, names: Sequence[str], separator: str) -> list[str]:
    if isinstance(rule, Replace) and not rule.old.endswith(separator):
        return nearest(rule.old, names)
    if isinstance(rule, Replace | StripPrefix):
        scopes: dict[str, None] = {}
        for name in names:
            while (name := scope_of(name, separator)) and name + separator not in scopes:
                scopes[name + separator] = None
        return nearest(rule[0], scopes)
    return []


def _collisions(
    subjects: Iterable[Subject], becomes: Mapping[str, str | None]
) -> Iterable[Conflict]:
    """Names that two subjects of one space would have."""
    # One name may stand for several subjects of a space, which stay together.
    spaces: dict[str, set[str]] = {}
    for subject in subjects:
        spaces.setdefault(subject.space, set()).add(subject.name)
    sources: dict[tuple[str, str], list[str]] = {}
    for space, names in sorted(spaces.items()):
        crowded = _crowded([new for name in names if (new := becomes.get(name, name)) is not None])
        for name in sorted(names) if crowded else ():
            if (new := becomes.get(name, name)) in crowded:
                sources.setdefault((space, new), []).append(name)
    seen = set()
    for (_, new), olds in sources.items():
        if new not in seen:
            seen.add(new)
            movers = [old for old in olds if old != new]
            who = listed(movers, _MOST_NAMED)
            if len(movers) < len(olds):
                yield Conflict(new, f"exists and stays; it would be the new name of {who}")
            else:
                yield Conflict(new or '""', f"would be the new name of several: {who}")


def _crowded(targets: Sequence[str]) -> set[str]:
    """The names that occur more than once."""
    if len(set(targets)) == len(targets):
        return set()
    return {target for target, count in Counter(targets).items() if count > 1}


def _empty_parts(becomes: Mapping[str, str | None], separator: str) -> Iterable[Conflict]:
    """New names such as `.conv.weight`, which a prefix without its separator leaves behind."""
    for name, new in becomes.items():
        if new and "" in new.split(separator) and "" not in name.split(separator):
            yield Conflict(new, f"has an empty part, as the new name of {name}")


def _complaints(
    names: Sequence[str], becomes: Mapping[str, str | None], complaints: Complaints
) -> Iterable[Conflict]:
    """What the format says against the new names; what was wrong before may stay as it is."""
    becoming = {new for name in names if (new := becomes.get(name, name)) is not None}
    found = list(complaints(sorted(becoming)))
    if not found:
        return
    before = set(complaints(names))
    sources: dict[str | None, list[str]] = {name: [] for name, _ in found}
    for name in names:
        if (new := becomes.get(name, name)) in sources:
            sources[new].append(name)
    for name, problem in found:
        olds = sources[name] or [name]
        if not any((old, problem) in before for old in olds):
            moved = [old for old in olds if old != name]
            of = f", as the new name of {listed(moved, _MOST_NAMED)}" if moved else ""
            yield Conflict(name or '""', f"{problem}{of}")
