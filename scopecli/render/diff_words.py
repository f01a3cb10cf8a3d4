"""Differences in words, for the terminal and for markdown."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, cast

from scopecli.model.dtypes import BLOCKS
from scopecli.model.names import listed, printable
from scopecli.render import words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from scopecli.analysis.compare.tensors import ValueDifference
    from scopecli.analysis.diff import Change, Diff, Entry, Values
    from scopecli.render.style import Role

    Shape = tuple[int | None, ...] | None

_MOST_NAMED = 4
_MOST_AMBIGUOUS = 5

# How each status is counted, coloured and marked.
NOUNS: Mapping[str, str] = {
    "same": "same",
    "added": "added",
    "removed": "removed",
    "renamed": "renamed",
    "changed": "changed",
    "values": "with other values",
}
ROLES: Mapping[str, Role] = {
    "same": "dim",
    "added": "added",
    "removed": "removed",
    "renamed": "renamed",
    "changed": "changed",
    "values": "changed",
}
_SIGNS: Mapping[str, str] = {
    "same": "=",
    "added": "+",
    "removed": "-",
    "changed": "~",
    "values": "~",
}


def sign(status: str, arrow: str) -> str:
    """The sign of a status, which tells it without colours, too."""
    return _SIGNS.get(status, arrow)


def counts(numbers: Mapping[str, int]) -> list[str]:
    """`41 same`, `2 added`, ..., without zeros."""
    return [f"{count} {NOUNS[status]}" for status, count in numbers.items() if count]


def rules(diff: Diff, arrow: str) -> list[str]:
    """`encoder/* → bert/encoder/* (48 variables)`, a line for each rule."""
    return [
        f"{printable(rule.old)} {arrow} {printable(rule.new)}"
        f" ({words.plural(rule.variables, 'variable')})"
        for rule in diff.renames.rules
    ]


def dtypes(diff: Diff, arrow: str) -> list[str]:
    """`float32 → float16 (17 variables)`, a line for each change that several variables have."""
    changes = Counter(
        (change.old, change.new)
        for entry in diff.entries
        for change in entry.changes
        if change.property == "dtype"
    )
    return [
        f"{printable(str(old))} {arrow} {printable(str(new))} ({words.plural(times, 'variable')})"
        for (old, new), times in changes.most_common()
        if times > 1
    ]


def remarks_on_all(diff: Diff, arrow: str) -> list[str]:
    """What could not be decided, what was not compared, and changed collections."""
    lines = [
        f"ambiguous, so no rename: {printable(listed(found.old, _MOST_NAMED))} {arrow}"
        f" {printable(listed(found.new, _MOST_NAMED))} ({found.reason})"
        for found in diff.renames.ambiguous
    ]
    more = len(diff.renames.ambiguous) - _MOST_AMBIGUOUS
    if more > 0:
        lines[_MOST_AMBIGUOUS:] = [f"{more} more ambiguous names; --format json has all"]
    if diff.renames.words:
        said = ", ".join(f"{old} {arrow} {new}" for old, new in diff.renames.words)
        lines.append(f"TensorFlow's and PyTorch's words for the same: {said}")
    if diff.renames.not_compared:
        lines.append(
            f"{diff.renames.not_compared} pairs of names are too many to compare for similarity"
        )
    lines += [
        f"collection {printable(change.key)}: "
        + ", ".join(
            f"{mark}{printable(listed(members, _MOST_NAMED))}"
            for mark, members in (("+ ", change.added), ("- ", change.removed))
            if members
        )
        for change in diff.collections
    ]
    if diff.unknown_values:
        unknown = words.plural(diff.unknown_values, "pair")
        lines.append(f"the values of {unknown} {_why_unknown(diff)}")
    return lines


def _why_unknown(diff: Diff) -> str:
    if any(entry.values.problem for entry in diff.entries):  # so they were asked for
        return "could not be compared"
    without = {printable(m.path): None for m in (diff.a, diff.b) if m.tensors is None}
    if without:
        have = "has" if len(without) == 1 else "have"
        return f"were not compared: {' and '.join(without)} {have} none"
    return "were not compared: --values reads them"


def shape(entry: Entry, arrow: str) -> str:
    """The shape, or the old and the new one."""
    return _both(entry, "shape", lambda value: words.shape(cast("Shape", value)), arrow)


def dtype(entry: Entry, arrow: str) -> str:
    """The dtype, or the old and the new one."""
    return _both(entry, "dtype", lambda value: printable(str(value)), arrow)


def size(entry: Entry) -> str:
    """The size in bytes of the variable, as it is now."""
    variable = entry.new or entry.old
    return words.size(variable.nbytes if variable else None)


def _both(entry: Entry, name: str, text: Callable[[object], str], arrow: str) -> str:
    texts = [text(getattr(v, name)) for v in (entry.old, entry.new) if v is not None]
    return f" {arrow} ".join(dict.fromkeys(texts))


def remarks(entry: Entry, arrow: str) -> list[str]:
    """Everything else about one variable, except its old name."""
    said: list[str] = []
    if entry.rename is not None and entry.rename.similarity is not None:
        said.append(f"name {entry.rename.similarity:.0%} alike")
    if entry.layout is not None:
        said.append(entry.layout.name)
    said += [
        _CHANGES[change.property](change, arrow)
        for change in entry.changes
        if change.property in _CHANGES
    ]
    kinds = {v.kind for v in (entry.old, entry.new) if v is not None}
    if len(kinds) == 1 and kinds != {"variable"}:
        said += kinds
    said += _values(entry.values, arrow)
    compared = entry.values.difference
    if compared is not None and any(change.property == "dtype" for change in entry.changes):
        said.append(f"compared as {compared.compared_as}")
    return said


def _kind(change: Change, arrow: str) -> str:
    return f"{change.old} {arrow} {change.new}"


def _trainable(change: Change, arrow: str) -> str:
    texts = ["trainable" if value else "not trainable" for value in (change.old, change.new)]
    return f" {arrow} ".join(texts)


def _collections(change: Change, arrow: str) -> str:  # noqa: ARG001 - as the others in the table
    old, new = (cast("Sequence[str]", value) for value in (change.old, change.new))
    lost = [f"-{printable(key)}" for key in old if key not in new]
    return " ".join(lost + [f"+{printable(key)}" for key in new if key not in old])


# Shape and dtype have columns of their own.
_CHANGES: Mapping[str, Callable[[Change, str], str]] = {
    "kind": _kind,
    "trainable": _trainable,
    "collections": _collections,
}


def _values(values: Values, arrow: str) -> Iterator[str]:
    if values.problem:
        yield f"values not compared: {printable(values.problem)}"
    elif values.difference is not None:
        yield from difference(values.difference, arrow)
    elif values.verdict == "different":
        yield "values differ"


def difference(found: ValueDifference, arrow: str) -> Iterator[str]:
    """How values differ, in numbers; nothing but NaN and Inf for values that are equal."""
    if found.differing:
        elements = words.plural(found.elements, "element")
        where = "blocks with " if found.compared_as in BLOCKS else ""
        yield f"values differ in {where}{found.differing} of {elements}"
        for name, number in (
            ("max", found.max_abs),
            ("relative", found.max_relative),
            ("rms", found.rms),
        ):
            if number is not None:
                yield f"{name} {number:.3g}"
        if found.cosine is not None:
            yield f"cosine {found.cosine:.6f}"
    for name, (old, new) in (("NaN", found.nans), ("Inf", found.infinities)):
        if old or new:
            yield f"{old} {name}" if old == new else f"{name} {old} {arrow} {new}"
