"""What changed between two models: variables, their properties, their names, their values.

`diff` compares the structure, and values as far as stored checksums tell; `compare_values` reads
the values themselves.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import TYPE_CHECKING, Literal

from scopecli.analysis.compare.collections import CollectionChange, collection_changes
from scopecli.analysis.compare.renames import Renames, find_renames
from scopecli.analysis.compare.tensors import Tolerance, ValueDifference, compare_all, stored_same
from scopecli.analysis.fingerprints import stored
from scopecli.analysis.layouts import transposition
from scopecli.analysis.select import Selection, select
from scopecli.errors import ScopecliError, UnknownNameError
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from scopecli.analysis.compare.renames import Rename
    from scopecli.analysis.fingerprints import Fingerprint
    from scopecli.analysis.layouts import Layout
    from scopecli.model.model import Model
    from scopecli.model.variable import Variable

Status = Literal["same", "added", "removed", "renamed", "changed", "values"]
STATUSES: tuple[Status, ...] = ("same", "added", "removed", "renamed", "changed", "values")


class DiffOptions(NamedTuple):
    """Settings of a diff.

    Attributes:
        by: whether variables are matched by `name` or by `key`.
        renames: whether variables that only one model has are looked for under other names.
        selection: which variables are compared, in either model.
        fingerprints: for each model, the function that tells equal contents when renames are
            looked for.
    """

    by: str = "name"
    renames: bool = True
    selection: Selection = Selection()
    fingerprints: tuple[Fingerprint, Fingerprint] = (stored, stored)


_PLAIN = DiffOptions()


@dataclass(frozen=True, slots=True)
class Change:
    """One property that is not the same.

    Attributes:
        property: `shape`, `dtype`, `kind`, `trainable` or `collections`.
        old: what it was.
        new: what it is.
    """

    property: str
    old: object
    new: object


@dataclass(frozen=True, slots=True)
class Values:
    """What is known of the values of a pair.

    Attributes:
        verdict: `unknown` where nothing was read and no checksum tells.
        by: what told: stored checksums, or the values.
        difference: in numbers, where they were read.
        problem: why they could not be read, or not be compared.
    """

    verdict: Literal["same", "different", "unknown"]
    by: Literal["checksum", "values", "nothing"] = "nothing"
    difference: ValueDifference | None = None
    problem: str = ""


UNKNOWN = Values("unknown")
_STORED = {
    True: Values("same", "checksum"),
    False: Values("different", "checksum"),
    None: UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One variable, or a pair of them.

    Attributes:
        status: the first of renamed, changed and values that is true.
        a: its name in the first model; None where it is not there.
        b: its name in the second; None where it is not there.
        old: the variable of the first model.
        new: the variable of the second.
        changes: properties that are not the same.
        rename: how a pair with two names was found.
        layout: how the new one is transposed, where shapes say so.
        values: whether the values are the same.
    """

    status: Status
    a: str | None
    b: str | None
    old: Variable | None
    new: Variable | None
    changes: tuple[Change, ...] = ()
    rename: Rename | None = None
    layout: Layout | None = None
    values: Values = UNKNOWN

    @property
    def name(self) -> str:
        """Its name in the second model, or in the first if it was removed."""
        return self.b if self.b is not None else self.a or ""

    @property
    def comparable(self) -> bool:
        """Whether both sides have values of one shape, or of a shape and its transpose."""
        if self.old is None or self.new is None:
            return False
        return self.old.shape == self.new.shape or self.layout is not None


@dataclass(frozen=True, slots=True)
class Diff:
    """What changed from one model to another.

    Attributes:
        a: the first model.
        b: the second.
        entries: all variables, the same or not, ordered by name.
        renames: the rules, and what was ambiguous.
        collections: changed collections of other things than variables; for those of variables,
            see the changes of the entries.
    """

    a: Model
    b: Model
    entries: Sequence[Entry]
    renames: Renames = field(default_factory=Renames)
    collections: tuple[CollectionChange, ...] = ()

    def __repr__(self) -> str:
        """In one line, as that of a model."""
        counts = ", ".join(f"{count} {name}" for name, count in self.summary.items() if count)
        return f"<Diff {self.a.path!r} to {self.b.path!r}: {counts or 'nothing'}>"

    @property
    def summary(self) -> dict[str, int]:
        """How many entries have each status, of all `STATUSES`."""
        counts = Counter(entry.status for entry in self.entries)
        return {status: counts[status] for status in STATUSES}

    @property
    def differs(self) -> bool:
        """Whether anything is not the same."""
        return bool(self.collections) or any(entry.status != "same" for entry in self.entries)

    @property
    def unknown_values(self) -> int:
        """How many pairs have values of which nothing tells whether they are the same."""
        return sum(e.values.verdict == "unknown" and e.comparable for e in self.entries)

    @property
    def renamed(self) -> dict[str, str]:
        """The renamed variables, old name to new name."""
        return {e.a: e.b for e in self.entries if e.status == "renamed" and e.a and e.b}


def diff(a: Model, b: Model, options: DiffOptions = _PLAIN) -> Diff:
    """Compare two models: their structure, and their values where stored checksums tell.

    Raises:
        UnknownNameError: neither model has what the selection names.
    """
    old, new = identities(a, options.by), identities(b, options.by)
    renames = Renames()
    if options.renames:
        separators = (a.separator, b.separator)
        renames = find_renames(old, new, separators, options.fingerprints)
    by_old = {rename.old: rename for rename in renames.pairs}
    taken = {rename.new for rename in renames.pairs}
    pair = _Pairing(a, b)
    entries: list[Entry] = []
    for name, variable in old.items():
        rename = by_old.get(name)
        partner = name if rename is None else rename.new
        if partner in new:
            entries.append(pair(name, variable, partner, new[partner], rename))
        else:
            entries.append(Entry("removed", name, None, variable, None))
    entries += [
        Entry("added", None, name, None, variable)
        for name, variable in new.items()
        if name not in old and name not in taken
    ]
    entries.sort(key=attrgetter("name"))
    found = Diff(a, b, entries, renames, tuple(collection_changes(a, b)))
    return found if options.selection == Selection() else _selected(found, options.selection)


def identities(model: Model, by: str) -> dict[str, Variable]:
    """The variables by name or by key.

    Where several variables have one name, each is under its path in the tree, which Keras makes
    unique, or else under its key.
    """
    if by == "key":
        return {variable.key: variable for variable in model.variables}
    found = {variable.name: variable for variable in model.variables}
    if len(found) == len(model.variables):
        return found
    found = {}
    names = Counter(variable.name for variable in model.variables)
    paths = Counter(variable.path for variable in model.variables)
    for variable in model.variables:
        name, path = variable.name, variable.path
        unique = name if names[name] == 1 else path if paths[path] == 1 else variable.key
        found[variable.key if unique in found else unique] = variable
    return found


def narrowed(found: Diff, statuses: Sequence[str]) -> Diff:
    """Only the entries with these statuses."""
    return _only(found, [entry for entry in found.entries if entry.status in statuses])


def _only(found: Diff, entries: Sequence[Entry]) -> Diff:
    """The part of a diff that concerns these entries."""
    names = {name for entry in entries for name in (entry.a, entry.b)}
    ambiguous = tuple(
        case for case in found.renames.ambiguous if not names.isdisjoint((*case.old, *case.new))
    )
    rules = {entry.rename.rule for entry in entries if entry.rename}
    renames = replace(
        found.renames,
        rules=tuple(rule for rule in found.renames.rules if rule in rules),
        ambiguous=ambiguous,
    )
    return replace(found, entries=entries, renames=renames, collections=())


class _Pairing:
    """Makes the entry of a pair of variables; what the models say of them is looked up once."""

    def __init__(self, a: Model, b: Model) -> None:
        self._properties = ["shape", "dtype"]
        if a.format == b.format or (_tells_kinds(a) and _tells_kinds(b)):
            self._properties.append("kind")
        comparable = bool(a.collections) and bool(b.collections)
        self._old = a.collections_of() if comparable else {}
        self._new = b.collections_of() if comparable else {}

    def __call__(
        self, a: str, old: Variable, b: str, new: Variable, rename: Rename | None
    ) -> Entry:
        changes: tuple[Change, ...] = ()
        layout = None
        # Shape, dtype, bytes, kind and trainable: of most pairs, all at once.
        if old[2:7] != new[2:7] or self._old or self._new:
            layout = transposition(old.shape, new.shape)
            changes = tuple(self._changes(old, new))
        values = _STORED[stored_same(old, new)]
        status = _status(rename, changes, values)
        return Entry(status, a, b, old, new, changes, rename, layout, values)

    def _changes(self, old: Variable, new: Variable) -> Iterator[Change]:
        for name in self._properties:
            before, after = getattr(old, name), getattr(new, name)
            if before != after:
                yield Change(name, before, after)
        if old.trainable is not new.trainable and None not in {old.trainable, new.trainable}:
            yield Change("trainable", old.trainable, new.trainable)
        was, now = self._old.get(old.key, ()), self._new.get(new.key, ())
        if set(was) != set(now):
            yield Change("collections", was, now)


def _tells_kinds(model: Model) -> bool:
    """Whether a file tells slots from variables; many formats hold tensors and nothing else."""
    return any(variable.kind != "variable" for variable in model.variables)


def _status(rename: Rename | None, changes: Sequence[Change], values: Values) -> Status:
    if rename is not None:
        return "renamed"
    if changes:
        return "changed"
    return "values" if values.verdict == "different" else "same"


def _selected(found: Diff, selection: Selection) -> Diff:
    """The entries of which either variable is selected."""
    keys: list[set[str]] = []
    errors: list[ScopecliError] = []
    for model in (found.a, found.b):
        try:
            keys.append({variable.key for variable in select(model, selection)})
        except UnknownNameError as error:  # a scope that was added is in one of them only
            error.path = model.path
            errors.append(error)
            keys.append(set())
    if len(errors) == 2:
        raise errors[1]
    if selection.include and not any(keys):  # that nothing differs would be no answer
        globs = " or ".join(map(repr, selection.include))
        raise UnknownNameError(f"neither model has anything that matches {globs}")
    entries = [
        entry
        for entry in found.entries
        if (entry.old and entry.old.key in keys[0]) or (entry.new and entry.new.key in keys[1])
    ]
    return _only(found, entries)


def to_compare(found: Diff) -> list[Entry]:
    """The pairs whose values have to be read to know how they differ.

    Equal checksums need no reading: another tensor has the same one time in four billion.
    """
    return [entry for entry in found.entries if entry.comparable and entry.values.verdict != "same"]


def bytes_to_read(found: Diff) -> int:
    """How much `compare_values` will read of both files."""
    return sum(
        variable.nbytes or 0
        for entry in to_compare(found)
        for variable in (entry.old, entry.new)
        if variable is not None
    )


def compare_values(
    found: Diff, tolerance: Tolerance, progress: Callable[[int], None] = lambda _: None
) -> Diff:
    """Read the values of all pairs and say how they differ; `progress` gets the bytes read.

    Where the values of a pair are missing or cannot be compared, `Values.problem` says why.
    """
    entries = to_compare(found)
    pairs = [
        (entry.old, entry.new, entry.layout.axes if entry.layout else None)
        for entry in entries
        if entry.old is not None and entry.new is not None
    ]
    results = compare_all(found.a, found.b, pairs, tolerance, progress)
    compared: Mapping[int, Entry] = {
        id(entry): _with_values(entry, result)
        for entry, result in zip(entries, results, strict=True)
    }
    return replace(found, entries=[compared.get(id(e), e) for e in found.entries])


def _with_values(entry: Entry, result: ValueDifference | ScopecliError) -> Entry:
    if isinstance(result, ScopecliError):
        values = replace(entry.values, problem=str(result))
        return replace(entry, values=values)
    verdict: Literal["same", "different"] = "same" if result.same else "different"
    values = Values(verdict, "values", result)
    return replace(entry, values=values, status=_status(entry.rename, entry.changes, values))
