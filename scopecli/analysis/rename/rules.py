"""The rules of a rename: which names each matches, and the new names it gives.

Rules are tried in the order in which they were given, and the first that matches a name decides,
so that `a=b b=a` swaps two names. Adjacent rules for exact names and scopes share a table: a map of
100,000 names over as many variables costs as many lookups.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING

from scopecli.errors import ScopecliError
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from scopecli.model.renaming import Subject

# Number of the rule that matched, and the new name; None where the subject is dropped.
Match = tuple[int, str | None]


class Replace(NamedTuple):
    """`OLD=NEW`: one name, or a scope with all below it if both end in the separator.

    An empty NEW dissolves a scope: what was in it moves up.
    """

    old: str
    new: str

    def __str__(self) -> str:
        return f"{self.old}={self.new}"


class Substitute(NamedTuple):
    """`--regex`: replaces every match of a regular expression in a name, as `re.sub` does."""

    pattern: str
    replacement: str

    def __str__(self) -> str:
        return f"--regex {self.pattern}={self.replacement}"


class StripPrefix(NamedTuple):
    """`--strip-prefix`: removes the beginning of a name."""

    prefix: str

    def __str__(self) -> str:
        return f"--strip-prefix {self.prefix}"


class AddPrefix(NamedTuple):
    """`--add-prefix`: puts a prefix before every name."""

    prefix: str

    def __str__(self) -> str:
        return f"--add-prefix {self.prefix}"


class Drop(NamedTuple):
    """`--drop`: drops names that match a glob, whose `*` crosses scopes."""

    glob: str

    def __str__(self) -> str:
        return f"--drop {self.glob}"


class DropSlots(NamedTuple):
    """`--drop-slots`: drops the state that optimizers keep for variables."""

    def __str__(self) -> str:
        return "--drop-slots"


Rule = Replace | Substitute | StripPrefix | AddPrefix | Drop | DropSlots


def replacement(text: str) -> Replace:
    """`OLD=NEW` as a rule; a name with `=` in it needs a map.

    Raises:
        ScopecliError: the text is not of that form.
    """
    old, sign, new = text.partition("=")
    if not sign or not old:
        raise ScopecliError(f"rule {text!r} is not OLD=NEW")
    return Replace(old, new)


def substitution(text: str) -> Substitute:
    """`PATTERN=REPL` as a rule, split at the last `=`, because patterns have `(?=` in them.

    Raises:
        ScopecliError: the text is not of that form.
    """
    pattern, sign, new = text.rpartition("=")
    if not sign or not pattern:
        raise ScopecliError(f"--regex {text!r} is not PATTERN=REPL")
    return Substitute(pattern, new)


class Matcher:
    """Rules, compiled to be matched against the names of a file."""

    def __init__(self, rules: Sequence[Rule], names: Sequence[str], separator: str) -> None:
        """Compile the rules.

        Args:
            rules: in the order in which they are tried.
            names: of the file, sorted.
            separator: what splits them into scopes.

        Raises:
            ScopecliError: a rule contradicts itself.
        """
        self._tries: list[Callable[[Subject], Match | None]] = []
        table: _Table | None = None
        for number, rule in enumerate(rules):
            if isinstance(rule, Replace):
                if table is None:
                    table = _Table(names, separator)
                    self._tries.append(table.match)
                table.add(number, rule)
            else:
                table = None
                self._tries.append(_single(number, rule))

    def match(self, subject: Subject) -> Match | None:
        """The first rule that matches the subject, and the new name that it gives."""
        for attempt in self._tries:
            match = attempt(subject)
            if match is not None:
                return match
        return None


class _Table:
    """Rules for exact names and for scopes."""

    def __init__(self, names: Sequence[str], separator: str) -> None:
        self._names = names
        self._separator = separator
        self._exact: dict[str, Match] = {}
        self._scopes: dict[str, tuple[int, str]] = {}

    def add(self, number: int, rule: Replace) -> None:
        """Add a rule; another one with the same OLD would never match."""
        separator = self._separator
        if not rule.old.endswith(separator):
            if rule.new.endswith(separator) or not rule.new:
                raise ScopecliError(
                    f"rule {str(rule)!r} turns a name into no name",
                    hint=f"for a whole scope write {rule.old}{separator}={rule.new}",
                )
            self._exact.setdefault(rule.old, (number, rule.new))
            return
        if rule.new and not rule.new.endswith(separator):
            raise ScopecliError(
                f"rule {str(rule)!r} turns a scope into a name",
                hint=f"for the whole scope write {rule}{separator}",
            )
        old, new = rule.old.removesuffix(separator), rule.new.removesuffix(separator)
        self._scopes.setdefault(old, (number, new))

    def match(self, subject: Subject) -> Match | None:
        """The first rule for the subject's name or for a scope around it."""
        name = subject.name
        best = self._exact.get(name)
        if not self._scopes:
            return best
        scope = self._scopes.get(name)
        if scope is not None and self._is_scope(name):
            best = _earlier(best, (scope[0], scope[1]))
        end = name.rfind(self._separator)
        while end > 0:
            scope = self._scopes.get(name[:end])
            if scope is not None:
                number, new = scope
                rest = name[end:] if new else name[end + len(self._separator) :]
                best = _earlier(best, (number, new + rest))
            end = name.rfind(self._separator, 0, end)
        return best

    def _is_scope(self, name: str) -> bool:
        inside = name + self._separator
        at = bisect_left(self._names, inside)
        return at < len(self._names) and self._names[at].startswith(inside)


def _earlier(one: Match | None, other: Match) -> Match:
    return other if one is None or other[0] < one[0] else one


def _single(number: int, rule: Rule) -> Callable[[Subject], Match | None]:
    """A function that tries one rule."""
    if isinstance(rule, Substitute):
        return _substituting(number, rule)
    if isinstance(rule, StripPrefix):
        prefix = rule.prefix
        return lambda subject: (
            (number, subject.name[len(prefix) :]) if subject.name.startswith(prefix) else None
        )
    if isinstance(rule, AddPrefix):
        prefix = rule.prefix
        return lambda subject: (number, prefix + subject.name)
    if isinstance(rule, Drop):
        from fnmatch import translate

        glob = re.compile(translate(rule.glob))
        return lambda subject: (number, None) if glob.match(subject.name) else None
    return lambda subject: (number, None) if subject.kind == "slot" else None


def _substituting(number: int, rule: Substitute) -> Callable[[Subject], Match | None]:
    try:
        pattern = re.compile(rule.pattern)
    except re.error as error:
        raise ScopecliError(f"{rule}: {error}") from error

    def attempt(subject: Subject) -> Match | None:
        try:
            name, count = pattern.subn(rule.replacement, subject.name)
        except (re.error, IndexError) as error:
            raise ScopecliError(f"{rule}: {error}") from error
        return (number, name) if count else None

    return attempt
