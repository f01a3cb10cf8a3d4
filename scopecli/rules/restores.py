"""The prediction of a restore, as rules use it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from scopecli.analysis.restore.prediction import Attempt, Entry, Status, Way
    from scopecli.model.graph import Saver
    from scopecli.rules.context import Context

# The ways in which TensorFlow restores; the others are those of Keras.
BY_KEY: tuple[Way, ...] = ("saver", "objects")


def attempts(context: Context) -> Sequence[Attempt]:
    """The ways to restore, the default first; none where there is nothing to restore into."""
    return context.restoration.attempts if context.restoration else ()


def entries(context: Context, *statuses: Status, ways: Collection[Way]) -> Iterator[Entry]:
    """What becomes of the entries in the default way, where it is one of these."""
    for attempt in attempts(context)[:1]:
        if attempt.way in ways:
            yield from (entry for entry in attempt.entries if entry.status in statuses)


def prefix_of(saver: Saver) -> str:
    """The scope that all variables of a saver are in, but none of its keys; empty without one."""
    found = {
        entry.variable.removesuffix(entry.key) if entry.variable.endswith(f"/{entry.key}") else ""
        for entry in saver.restores
        if entry.variable
    }
    return found.pop().rstrip("/") if len(found) == 1 else ""
