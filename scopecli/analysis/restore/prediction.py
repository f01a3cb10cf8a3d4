"""The prediction of a restore as plain data: which entry goes where, and what a framework says.

`scopecli.analysis.restore.predict` makes these; `scopecli.render.restore` draws them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from scopecli.model.variable import Variable

    class Rename(Protocol):
        """One variable under two names."""

        @property
        def old(self) -> str:
            """Its name in the checkpoint."""

        @property
        def new(self) -> str:
            """The name that is looked for."""

    class RenameRule(Protocol):
        """A change of names that explains many."""

        @property
        def old(self) -> str:
            """The pattern of old names."""

        @property
        def new(self) -> str:
            """The pattern of new names."""

        @property
        def variables(self) -> int:
            """How many it explains."""

    class Renames(Protocol):
        """What a search for renames found."""

        @property
        def pairs(self) -> Sequence[Rename]:
            """The renames."""

        @property
        def rules(self) -> Sequence[RenameRule]:
            """The rules behind them."""

    class FindRenames(Protocol):
        """Looks for partners of the names that only one side has."""

        def __call__(
            self,
            old: Mapping[str, Variable],
            new: Mapping[str, Variable],
            separators: tuple[str, str],
            /,
        ) -> Renames:
            """The likely renames from old names to new ones."""


Status = Literal["restored", "drift", "shape", "dtype", "partial", "missing", "skipped", "extra"]

# The outcomes of an entry, in words.
STATUSES: dict[Status, str] = {
    "restored": "gets its value",
    "drift": "gets a value that was saved under another name",
    "shape": "found with another shape",
    "dtype": "found with another dtype",
    "partial": "the parts that are stored do not cover it",
    "missing": "not found",
    "skipped": "left as it is",
    "extra": "in the checkpoint, and not looked for",
}
_LOADED = frozenset({"restored", "drift"})

Verdict = Literal["restored", "differs", "nothing", "fails"]
VERDICTS: dict[Verdict, str] = {
    "restored": "would restore everything",
    "differs": "would go through without an error, and not as it should",
    "nothing": "would load nothing, without an error",
    "fails": "would fail",
}

Way = Literal["saver", "objects", "positional", "by_name", "by_path"]


@dataclass(frozen=True, slots=True)
class Tensor:
    """Type and shape, as one side has them."""

    dtype: str
    shape: tuple[int | None, ...] | None


@dataclass(frozen=True, slots=True)
class Complaint:
    """An exception that a framework raises.

    Attributes:
        kind: its class: `NotFoundError`.
        message: the part of what it says that tells which key and why.
    """

    kind: str
    message: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One variable to be restored, or a part of one; or an entry that nothing looks for.

    Attributes:
        status: what becomes of it.
        target: the graph's variable or the model's weight; empty where the file does not tell.
        key: what is looked for; for `extra`, what is there.
        source: key of the checkpoint's entry that is read; empty where there is none.
        source_name: what the framework calls that entry.
        spec: shape and slice of a part, as TensorFlow writes it; empty for a whole tensor.
        expected: what is to be restored; None where the file does not tell.
        found: what the checkpoint has.
        error: the exception that it would raise by itself; None where it would pass silently.
        rename: the entry of the checkpoint that is probably meant; empty where there is none.
    """

    status: Status
    target: str
    key: str
    source: str = ""
    source_name: str = ""
    spec: str = ""
    expected: Tensor | None = None
    found: Tensor | None = None
    error: Complaint | None = None
    rename: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """A change from the checkpoint's names to those looked for, which explains several misses."""

    old: str
    new: str
    variables: int


@dataclass(frozen=True, slots=True)
class Attempt:
    """One way to restore.

    Attributes:
        way: how entries are matched.
        call: the function that restores in this way.
        verdict: the outcome as a whole.
        error: the exception that ends it; None where none does.
        entries: in the order in which they are looked for, then those that nothing looks for.
        rules: rules that explain the likely renames.
        notes: remarks for people.
        apart: variables of the graph that are not to be restored at all.
    """

    way: Way
    call: str
    verdict: Verdict
    error: Complaint | None
    entries: tuple[Entry, ...]
    rules: tuple[Rule, ...] = ()
    notes: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()

    @property
    def counts(self) -> dict[Status, int]:
        """How many entries of each status there are, of those that occur."""
        found = Counter(entry.status for entry in self.entries)
        return {status: found[status] for status in STATUSES if found[status]}


@dataclass(frozen=True, slots=True)
class Prediction:
    """What restoring a checkpoint into a graph or model would do.

    Attributes:
        graph: path of the graph or model.
        checkpoint: path of the checkpoint or weights.
        attempts: the ways to do it; the framework's default is the first.
    """

    graph: str
    checkpoint: str
    attempts: tuple[Attempt, ...]

    @property
    def would_restore(self) -> bool:
        """Whether the default way gives every variable the value that was saved for it."""
        return self.attempts[0].verdict == "restored"


def verdict_of(entries: Iterable[Entry], error: Complaint | None) -> Verdict:
    """The outcome of a restore as a whole."""
    if error is not None:
        return "fails"
    statuses = {entry.status for entry in entries if entry.status != "extra"}
    if statuses <= {"restored"}:
        return "restored"
    return "differs" if statuses & (_LOADED | {"shape"}) else "nothing"


def tensor_of(variable: Variable) -> Tensor:
    """Type and shape of a variable."""
    return Tensor(variable.dtype, variable.shape)


def extras(variables: Iterable[Variable], entries: Iterable[Entry]) -> list[Entry]:
    """The entries of a checkpoint that nothing looks for."""
    used = {entry.source for entry in entries}
    return [
        Entry("extra", "", v.key, v.key, v.name, found=tensor_of(v))
        for v in variables
        if v.key not in used
    ]


def with_renames(
    entries: Sequence[Entry],
    old: Mapping[str, Variable],
    new: Mapping[str, Variable],
    find: FindRenames,
    separators: tuple[str, str],
) -> tuple[list[Entry], tuple[Rule, ...]]:
    """The entries, with the likely rename for each that is not found; and the rules behind them.

    Where another key than its variable's name is looked for, as that of an average, the variable
    itself may be there.

    Args:
        entries: what was predicted.
        old: the checkpoint's variables, by the names that they have there.
        new: the variables that are looked for, by name.
        find: looks for renames.
        separators: of the old and of the new names.
    """
    wanted = {
        entry.key
        for entry in entries
        if entry.status in {"missing", "skipped"} and not entry.source
    }
    if not wanted:
        return list(entries), ()
    found = find(old, new, separators)
    likely = {pair.new: old[pair.old].key for pair in found.pairs if pair.new in wanted}
    rules = tuple(Rule(rule.old, rule.new, rule.variables) for rule in found.rules)
    for entry in entries:
        meant, itself = new.get(entry.key), old.get(entry.target)
        if entry.key in wanted and meant and itself and meant.shape == itself.shape:
            likely[entry.key] = itself.key
    named = [
        replace(entry, rename=likely[entry.key]) if entry.key in likely else entry
        for entry in entries
    ]
    return named, rules
