"""Rules that turn many old names into new ones at once: `encoder/*` to `bert/encoder/*`.

Names are compared as tuples of their parts, so that the separators may differ.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

Parts = tuple[str, ...]

# Candidates come from a sample of the old names, and only the best of them are tried on all names:
# this is what keeps a hundred thousand names within seconds.
_SAMPLED = 256
_NEIGHBOURS = 3
_TRIED_ON_SAMPLE = 32
_TRIED_ON_ALL = 8
_NEARLY = 0.8
_MOST_RULES = 32
_FEWEST = 2  # pairs that make a rule
_CLEARLY = 0.05  # by how much one rule's names must be more alike than another's


@dataclass(frozen=True, slots=True)
class Rule:
    """One change of names. The parts between prefix and suffix stay.

    Attributes:
        prefix: first parts of the name, old and new.
        suffix: last parts, old and new.
        part: parts anywhere in the name, old and new; the first match is replaced.
        separators: of the old and of the new names.
    """

    prefix: tuple[Parts, Parts] = ((), ())
    suffix: tuple[Parts, Parts] = ((), ())
    part: tuple[Parts, Parts] = ((), ())
    separators: tuple[str, str] = ("/", "/")

    def apply(self, name: Parts) -> Parts | None:
        """The new name; None where the rule does not match the old one."""
        (prefix, new_prefix), (suffix, new_suffix) = self.prefix, self.suffix
        start, stop = len(prefix), len(name) - len(suffix)
        if start > stop or name[:start] != prefix or name[stop:] != suffix:
            return None
        part, new_part = self.part
        if not part:
            return new_prefix + name[start:stop] + new_suffix
        for at in range(start, stop - len(part) + 1):
            if name[at : at + len(part)] == part:
                return name[:at] + new_part + name[at + len(part) :]
        return None

    @property
    def size(self) -> int:
        """How many parts it names: of two rules that explain the same, the smaller is better."""
        pairs = (self.prefix, self.suffix, self.part)
        return sum(len(parts) for pair in pairs for parts in pair)

    @property
    def likeness(self) -> float:
        """How alike the names before and after are, from 0 to 1."""
        from difflib import SequenceMatcher

        return SequenceMatcher(None, self.old, self.new, autojunk=False).ratio()

    @property
    def old(self) -> str:
        """The pattern of old names: `encoder/*`; without a star for a part anywhere."""
        return self._pattern(0)

    @property
    def new(self) -> str:
        """The pattern of new names: `bert/encoder/*`."""
        return self._pattern(1)

    def _pattern(self, side: int) -> str:
        parts = self.part[side] or (*self.prefix[side], "*", *self.suffix[side])
        return self.separators[side].join(parts)


Explained = dict[Parts, Parts]


class Names:
    """New names without a partner, indexed to find those that are like an old name."""

    __slots__ = ("_backwards", "_forwards", "_with_part", "free")

    def __init__(self, names: Iterable[Parts]) -> None:
        self.free = dict.fromkeys(names)
        self._forwards = sorted(self.free)
        self._backwards = sorted(name[::-1] for name in self.free)
        self._with_part: dict[str, list[Parts]] = {}
        for name in self._forwards:
            for part in name:
                self._with_part.setdefault(part, []).append(name)

    def take(self, names: Iterable[Parts]) -> None:
        """Remove names that have found a partner."""
        for name in names:
            self.free.pop(name, None)
        self._forwards = [name for name in self._forwards if name in self.free]
        self._backwards = [name for name in self._backwards if name[::-1] in self.free]

    def like(self, name: Parts) -> Iterator[Parts]:
        """Names with a long common end, with a long common start, with the rarest common part.

        The first are neighbours when sorted by their parts backwards, the second when forwards.
        """
        for other in _around(self._backwards, name[::-1]):
            yield other[::-1]
        yield from _around(self._forwards, name)
        known = [self._with_part[part] for part in name if part in self._with_part]
        if known:
            rarest = min(known, key=len)
            yield from [other for other in rarest[: 2 * _NEIGHBOURS] if other in self.free]


def _around(ordered: Sequence[Parts], name: Parts) -> Sequence[Parts]:
    at = bisect_left(ordered, name)
    return ordered[max(at - _NEIGHBOURS, 0) : at + _NEIGHBOURS]


def find_rules(
    old: Iterable[Parts],
    new: Iterable[Parts],
    fits: Callable[[Parts, Parts], bool],
    separators: tuple[str, str],
) -> Iterator[list[tuple[Rule, Explained]]]:
    """Find rules greedily, each time one that explains the most pairs.

    Rules that explain equally many pairs, but not the same ones, are ambiguous unless the names of
    one are clearly more similar. Pairs that were explained, or are ambiguous, are out of the
    search.

    Args:
        old: names without a partner.
        new: likewise.
        fits: whether two variables may be one and the same, for all but their names.
        separators: of the old and of the new names.

    Yields:
        A rule with the pairs that it explains; several where they are ambiguous.
    """
    left, names = dict.fromkeys(old), Names(new)
    for _ in range(_MOST_RULES):
        found = _best(list(left), names, fits, separators)
        if not found:
            return
        yield found
        for _, pairs in found:
            for name in pairs:
                left.pop(name, None)
            names.take(pairs.values())


def _best(
    old: Sequence[Parts],
    new: Names,
    fits: Callable[[Parts, Parts], bool],
    separators: tuple[str, str],
) -> list[tuple[Rule, Explained]]:
    """The rule that explains the most pairs, and rivals that contradict it with as many."""
    sample = old[:: len(old) // _SAMPLED + 1]
    votes = Counter(_candidates(sample, new, fits, separators))
    likely = [rule for rule, _ in votes.most_common(_TRIED_ON_SAMPLE)]
    results = [(rule, _explained(rule, sample, new, fits)) for rule in likely]
    results.sort(key=lambda found: (-len(found[1]), found[0].size))
    tried = _worth_trying(results)[:_TRIED_ON_ALL]
    results = [(rule, _explained(rule, old, new, fits)) for rule in tried]
    most = max((len(pairs) for _, pairs in results), default=0)
    if most < _FEWEST:
        return []
    best = [(rule, pairs) for rule, pairs in results if len(pairs) == most]
    best.sort(key=lambda found: -found[0].likeness)  # a stable sort: of equals, the shorter rule
    first, pairs = best[0]
    rivals = [
        (rule, others)
        for rule, others in best[1:]
        if rule.likeness > first.likeness - _CLEARLY and _contradict(pairs, others)
    ]
    return [best[0], *rivals]


def _worth_trying(results: Sequence[tuple[Rule, Explained]]) -> list[Rule]:
    """The first rule, and those that explain nearly as much of the sample, and other pairs.

    A rule that explains less has its turn when the names of the first are out of the search.
    """
    if not results:
        return []
    first, best = results[0]
    others = (
        rule
        for rule, pairs in results[1:]
        if len(pairs) >= _NEARLY * len(best) and not pairs.items() <= best.items()
    )
    return [first, *others]


def _contradict(a: Explained, b: Explained) -> bool:
    """Whether some name has two partners."""
    if any(b.get(name, target) != target for name, target in a.items()):
        return True
    sources = {target: name for name, target in a.items()}
    return any(sources.get(target, name) != name for name, target in b.items())


def _explained(
    rule: Rule, old: Iterable[Parts], new: Names, fits: Callable[[Parts, Parts], bool]
) -> Explained:
    """The pairs that a rule explains."""
    sources: dict[Parts, Parts] = {}
    for name in old:
        target = rule.apply(name)
        if target is not None and target in new.free and fits(name, target):
            sources.setdefault(target, name)
    return {name: target for target, name in sources.items()}


def _candidates(
    sample: Sequence[Parts],
    new: Names,
    fits: Callable[[Parts, Parts], bool],
    separators: tuple[str, str],
) -> Iterator[Rule]:
    """Rules that turn a name of the sample into a new name that is like it."""
    if separators[0] != separators[1]:
        yield Rule(separators=separators)
    for name in sample:
        for other in dict.fromkeys(new.like(name)):
            if fits(name, other):
                yield from _between(name, other, separators)


def _between(old: Parts, new: Parts, separators: tuple[str, str]) -> Iterator[Rule]:
    """The rules that turn one name into the other."""
    start, end = _common(old, new), _common(old[::-1], new[::-1])
    if end:
        yield Rule(prefix=(old[:-end], new[:-end]), separators=separators)
    if start:
        yield Rule(suffix=(old[start:], new[start:]), separators=separators)
    if start and start + end < min(len(old), len(new)):
        part = (old[start : len(old) - end], new[start : len(new) - end])
        yield Rule(part=part, separators=separators)
    if not start and not end:
        yield from _around_block(old, new, separators)


def _around_block(old: Parts, new: Parts, separators: tuple[str, str]) -> Iterator[Rule]:
    """A rule that keeps the longest run of parts that both names have, and changes both ends."""
    from difflib import SequenceMatcher

    block = SequenceMatcher(None, old, new, autojunk=False).find_longest_match()
    if block.size:
        yield Rule(
            prefix=(old[: block.a], new[: block.b]),
            suffix=(old[block.a + block.size :], new[block.b + block.size :]),
            separators=separators,
        )


def _common(a: Parts, b: Parts) -> int:
    """How many parts two names have in common from the start."""
    count = 0
    for x, y in zip(a, b, strict=False):
        if x != y:
            break
        count += 1
    return count


def as_narrow_as_true(rule: Rule, explained: Explained, old: Iterable[Parts]) -> Rule:
    """The rule, narrowed to the scope in which it holds.

    If names below `encoder` are explained by `*` to `bert/*`, but `decoder` kept its names, the
    rule is `encoder/*` to `bert/encoder/*`.

    Args:
        rule: the rule.
        explained: the pairs that it explains.
        old: all old names, also those that did not change.
    """
    holds = all(name in explained or rule.apply(name) is None for name in old)
    if holds or rule.part[0]:
        return rule
    shared = _shared_start(list(explained), len(rule.suffix[0]) + 1)
    more = shared[len(rule.prefix[0]) :]
    return replace(rule, prefix=(rule.prefix[0] + more, rule.prefix[1] + more))


def _shared_start(names: Sequence[Parts], kept: int) -> Parts:
    """The first parts that all names have, without the last `kept` of each."""
    shared = names[0][: max(len(names[0]) - kept, 0)]
    for name in names:
        shared = shared[: min(_common(shared, name), max(len(name) - kept, 0))]
    return shared
