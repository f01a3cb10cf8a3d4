"""Finds variables that have another name in the other model, as git finds renamed files.

First by equal contents; then by rules that explain many names at once; then by similar names. Where
two pairs would do equally well, none is made, and the ambiguity is reported.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from sys import intern
from typing import TYPE_CHECKING, Literal

from scopecli.analysis.compare.name_rules import as_narrow_as_true, find_rules
from scopecli.analysis.fingerprints import stored
from scopecli.analysis.layouts import PYTORCH, PYTORCH_WORDS, TENSORFLOW, transposition
from scopecli.model.names import leaf_of

if TYPE_CHECKING:
    from collections.abc import Container, Hashable, Mapping, Sequence

    from scopecli.analysis.compare.name_rules import Explained, Parts
    from scopecli.analysis.compare.name_rules import Rule as NameRule
    from scopecli.analysis.fingerprints import Fingerprint
    from scopecli.model.variable import Variable

# Less similar names are no rename; git's own threshold is 50 %.
_ALIKE = 0.6
# By how much the best partner must be more similar than any other.
_CLEARLY = 0.05
# In a part that ends with a number: `layer_1`.
_BEFORE_NUMBER = re.compile(r"(?<=[^/.])_(?=[0-9]+(?:[/.]|$))")
# Pairs of names to compare, at some 50 us each.
_MOST_COMPARED = 20_000


@dataclass(frozen=True, slots=True)
class Rule:
    """A change of names that explains many renames.

    Attributes:
        old: pattern of the old names, `*` for what stays: `encoder/*`.
        new: pattern of the new names: `bert/encoder/*`.
        variables: how many renames it explains.
    """

    old: str
    new: str
    variables: int


@dataclass(frozen=True, slots=True)
class Rename:
    """One variable under two names.

    Attributes:
        old: its name in the first model.
        new: its name in the second.
        by: how it was found: equal values, a rule, or similar names.
        rule: the rule that explains it; None where none does.
        similarity: of the names, from 0 to 1, if the pair was found by them; else None.
    """

    old: str
    new: str
    by: Literal["checksum", "rule", "name"]
    rule: Rule | None = None
    similarity: float | None = None


@dataclass(frozen=True, slots=True)
class Ambiguity:
    """Names that were probably renamed, in one of several ways.

    Attributes:
        old: names in the first model.
        new: names in the second that they may have become.
        reason: why it cannot be decided.
    """

    old: tuple[str, ...]
    new: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Renames:
    """The result of a search for renames.

    Attributes:
        pairs: the renames, in the order of the old names.
        rules: those that explain the most renames first.
        ambiguous: what could not be decided.
        words: words of TensorFlow and PyTorch for the same thing that pairs rest on: `kernel` and
            `weight`.
        not_compared: number of pairs of names that were not compared because they were too many.
    """

    pairs: tuple[Rename, ...] = ()
    rules: tuple[Rule, ...] = ()
    ambiguous: tuple[Ambiguity, ...] = ()
    words: tuple[tuple[str, str], ...] = ()
    not_compared: int = 0


def find_renames(
    old: Mapping[str, Variable],
    new: Mapping[str, Variable],
    separators: tuple[str, str] = ("/", "/"),
    prints: tuple[Fingerprint, Fingerprint] = (stored, stored),
) -> Renames:
    """Find partners for the names that only one of two models has.

    Args:
        old: all variables of the first model by name.
        new: all variables of the second. Names that both have are no candidates, but a rule must
            not contradict them, and contents must be unique among them, too.
        separators: of the names of each model.
        prints: for each model, a function that gives the fingerprint of a variable.
    """
    words = PYTORCH_WORDS if set(separators) == {TENSORFLOW, PYTORCH} else {}
    search = _Search(
        _Side(old, new, separators[0], words, prints[0]),
        _Side(new, old, separators[1], words, prints[1]),
    )
    if not search.old.waiting or not search.new.waiting:
        return Renames()
    search.by_contents()
    search.by_rules()
    search.by_names()
    pairs = sorted(search.pairs, key=lambda pair: pair.old)
    return Renames(
        pairs=tuple(pairs),
        rules=tuple(sorted(search.rules, key=lambda rule: -rule.variables)),
        ambiguous=tuple(search.ambiguous),
        words=_words_used(pairs, separators, words),
        not_compared=search.not_compared,
    )


def _words_used(
    pairs: Sequence[Rename], separators: tuple[str, str], words: Mapping[str, str]
) -> tuple[tuple[str, str], ...]:
    """The last parts of paired names that are different words for the same thing."""
    leaves = {
        (leaf_of(pair.old, separators[0]), leaf_of(pair.new, separators[1]))
        for pair in pairs
        if words and pair.rule is not None
    }
    return tuple(sorted((a, b) for a, b in leaves if words.get(a) == b or words.get(b) == a))


# What must be equal of two variables for their contents to be compared.
_Case = tuple[str, tuple[int | None, ...] | None]
_Contents = tuple[_Case, "Hashable"]


def _case(variable: Variable) -> _Case:
    return variable.dtype, variable.shape


class _Side:
    """The variables of one model, and those without a partner."""

    def __init__(
        self,
        variables: Mapping[str, Variable],
        others: Mapping[str, Variable],
        separator: str,
        words: Mapping[str, str],
        fingerprint: Fingerprint,
    ) -> None:
        self.variables = variables
        self.separator = separator
        self._words = words
        self._fingerprint = fingerprint
        self.waiting = {name: v for name, v in variables.items() if name not in others}
        self.names: dict[Parts, str] = {}
        for name in self.waiting:
            parts = self.parts(name)
            self.names[tuple(name.split(separator)) if parts in self.names else parts] = name

    def has_slots(self) -> bool:
        """Whether the model tells slots from parameters, which some formats do not."""
        return not all(variable.is_parameter for variable in self.variables.values())

    def parts(self, name: str) -> Parts:
        """The parts of a name, the last one translated into PyTorch's word for it.

        PyTorch's `layer.1` are two parts, and so are TensorFlow's `layer_1` where the one is
        compared to the other. Interned, because a hundred thousand names consist of a few hundred
        words.
        """
        if self._words:
            name = _BEFORE_NUMBER.sub(self.separator, name)
        parts = name.split(self.separator)
        parts[-1] = self._words.get(parts[-1], parts[-1])
        return tuple(map(intern, parts))

    def contents(self, among: Container[_Case]) -> dict[_Contents, str]:
        """The waiting names of these dtypes and shapes, by the contents of their variables.

        Only contents that no other variable of the model has: one bias of zeros must not be taken
        for another.
        """
        names: dict[_Contents, list[str]] = {}
        for name, variable in self.waiting.items():
            if _case(variable) in among:
                mark = self._fingerprint(variable)
                if mark is not None:
                    names.setdefault((_case(variable), mark), []).append(name)
        cases = {case for case, _ in names}
        for name, variable in self.variables.items():
            case = _case(variable)
            if case in cases and name not in self.waiting:
                names.pop((case, self._fingerprint(variable)), None)
        return {contents: found[0] for contents, found in names.items() if len(found) == 1}


class _Search:
    """The state of one search: names that wait for a partner, and what was found."""

    def __init__(self, old: _Side, new: _Side) -> None:
        self.old, self.new = old, new
        self._tell_slots = old.has_slots() and new.has_slots()
        self.pairs: list[Rename] = []
        self.rules: list[Rule] = []
        self.ambiguous: list[Ambiguity] = []
        self.not_compared = 0
        self._equal: dict[str, str] = {}  # old and new name of what has equal contents
        self._equal_back: dict[str, str] = {}

    def by_contents(self) -> None:
        """Pair what has equal contents that nothing else in either model has."""
        cases = [set(map(_case, side.waiting.values())) for side in (self.old, self.new)]
        both = cases[0] & cases[1]
        olds, news = self.old.contents(both), self.new.contents(both)
        self._equal = {olds[c]: news[c] for c in olds if c in news}
        self._equal_back = {new: old for old, new in self._equal.items()}

    def by_rules(self) -> None:
        """Find the rules, and pair what they explain; then what has equal contents all the same."""
        separators = (self.old.separator, self.new.separator)
        kept = [n for n in self.old.variables if n not in self.old.waiting]
        everything = [*self.old.names, *map(self.old.parts, kept)]
        for found in find_rules(self.old.names, self.new.names, self._fits, separators):
            if len(found) > 1:
                self._add_ambiguous([pairs for _, pairs in found])
                continue
            ((rule, pairs),) = found
            self._add_rule(as_narrow_as_true(rule, pairs, everything), pairs)
        for name, other in self._equal.items():
            if name in self.old.waiting and other in self.new.waiting:
                self._pair(Rename(name, other, "checksum"))

    def by_names(self) -> None:
        """Pair names that are alike, of variables with equal shape and dtype."""
        groups = self._grouped(self.old), self._grouped(self.new)
        compared = 0
        for case, names in groups[0].items():
            others = groups[1].get(case, [])
            compared += len(names) * len(others)
            if compared > _MOST_COMPARED:
                self.not_compared += len(names) * len(others)
                continue
            self._pair_alike(names, others)

    def _fits(self, old: Parts, new: Parts) -> bool:
        """Whether shapes allow that two names mean one variable, and contents do not forbid it."""
        name, other = self.old.names[old], self.new.names[new]
        x, y = self.old.variables[name], self.new.variables[other]
        if self._equal.get(name, other) != other or self._equal_back.get(other, name) != name:
            return False
        if self._tell_slots and x.is_parameter != y.is_parameter:
            return False  # a slot has the shape of its variable
        return x.shape == y.shape or transposition(x.shape, y.shape) is not None

    def _add_rule(self, rule: NameRule, pairs: Explained) -> None:
        first, second = next(iter(pairs.items()))
        said = Rule(
            _as_written(rule.old, self.old.names[first]),
            _as_written(rule.new, self.new.names[second]),
            len(pairs),
        )
        self.rules.append(said)
        for old, new in pairs.items():
            name, other = self.old.names[old], self.new.names[new]
            equal = self._equal.get(name) == other
            self._pair(Rename(name, other, "checksum" if equal else "rule", said))

    def _add_ambiguous(self, choices: Sequence[Explained]) -> None:
        """Note rules that contradict each other; contents may still decide on some names."""
        olds = dict.fromkeys(self.old.names[name] for pairs in choices for name in pairs)
        news = dict.fromkeys(self.new.names[name] for pairs in choices for name in pairs.values())
        self._say_ambiguous(
            [name for name in olds if name not in self._equal],
            [name for name in news if name not in self._equal_back],
            "equal shapes, and several rules explain as much",
        )

    def _say_ambiguous(self, olds: Sequence[str], news: Sequence[str], reason: str) -> None:
        if olds and news:
            self.ambiguous.append(Ambiguity(tuple(olds), tuple(news), reason))
        for name in olds:
            self.old.waiting.pop(name, None)
        for name in news:
            self.new.waiting.pop(name, None)

    def _pair(self, rename: Rename) -> None:
        del self.old.waiting[rename.old], self.new.waiting[rename.new]
        self.pairs.append(rename)

    def _grouped(self, side: _Side) -> dict[tuple[_Case, bool], list[str]]:
        """The waiting names, by what must be equal of two variables to be paired."""
        groups: dict[tuple[_Case, bool], list[str]] = {}
        for name, variable in side.waiting.items():
            is_parameter = variable.is_parameter or not self._tell_slots
            groups.setdefault((_case(variable), is_parameter), []).append(name)
        return groups

    def _pair_alike(self, olds: Sequence[str], news: Sequence[str]) -> None:
        """Pair names of one group that are each other's best by a clear margin.

        Clear pairs come first, as they have no name in common; the rest may want names of theirs.
        """
        scores = {(a, b): score for a in olds for b in news if (score := _likeness(a, b)) >= _ALIKE}
        undecided: list[tuple[str, list[str]]] = []
        for name in olds:
            near = sorted(
                ((score, b) for (a, b), score in scores.items() if a == name), reverse=True
            )
            if not near:
                continue
            score, best = near[0]
            rivals = (s for (a, b), s in scores.items() if (a == name) != (b == best))
            second = max(rivals, default=0.0)
            if score - second >= _CLEARLY:
                self._pair(Rename(name, best, "name", similarity=round(score, 3)))
            elif score >= second:
                undecided.append((name, [b for s, b in near if s > score - _CLEARLY]))
        free = set(self.new.waiting)
        for name, close in undecided:
            left = [b for b in close if b in free]
            self._say_ambiguous([name], left, "equal shapes and equally similar names")


def _as_written(pattern: str, name: str) -> str:
    """A pattern that begins as one of its names does: `layer_*`, though `layer/1` is compared."""
    fixed = pattern.find("*")
    return name[:fixed] + pattern[fixed:] if fixed > 0 else pattern


def _likeness(a: str, b: str) -> float:
    from difflib import SequenceMatcher

    matcher = SequenceMatcher(None, a, b, autojunk=False)
    if matcher.real_quick_ratio() < _ALIKE or matcher.quick_ratio() < _ALIKE:
        return 0.0
    return matcher.ratio()
