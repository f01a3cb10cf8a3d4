"""L904: a collection has other members than in the reference."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.model.finding import Hit
from scopecli.model.names import listed
from scopecli.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scopecli.rules.context import Context

RULE = Rule(
    code="L904",
    name="collection-changed-since-lock",
    severity="error",
    needs="reference",
    summary="A variable is in other collections than in the reference, or a collection has other"
    " members.",
    why="Collections decide what is trained, saved, added to the loss or run as an update, so the"
    " same code now does something else.",
    fix="undo the change, or update the lock if it is intended",
    bad="""
        net/w: float32[4,3]
        @trainable_variables: net/w
        @variables: net/w
        ---
        net/w: float32[4,3]
        @variables: net/w
    """,
    subjects=("net/w",),
    good="""
        net/w: float32[4,3]
        @variables: net/w
        ---
        net/w: float32[4,3]
        @variables: net/w
    """,
)

_MOST_NAMED = 5


def check(context: Context) -> Iterator[Hit]:
    """Report what changed in collections."""
    if context.drift is None:
        return
    for entry in context.drift.entries:
        for change in entry.changes:
            if change.property == "collections":
                added, removed = _new(change.new, change.old), _new(change.old, change.new)
                yield Hit(entry.name, _words(added, removed, "is now in", "is no longer in"))
    for collection in context.drift.collections:
        words = _words(collection.added, collection.removed, "now has", "no longer has")
        yield Hit(collection.key, words)


def _new(names: object, known: object) -> list[str]:
    """The names that were not there."""
    assert isinstance(names, tuple)  # noqa: S101 - collections are tuples of keys
    assert isinstance(known, tuple)  # noqa: S101
    return [name for name in names if name not in known]


def _words(added: Sequence[str], removed: Sequence[str], now: str, before: str) -> str:
    """What came and what went."""
    parts = ((now, added), (before, removed))
    return " and ".join(f"{verb} {listed(names, _MOST_NAMED)}" for verb, names in parts if names)
