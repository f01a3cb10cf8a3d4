"""What rules take from the prediction of a restore."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from scopecli.analysis.restore.prediction import Attempt, Entry, Status, Way
    from scopecli.model.graph import Saver
    from scopecli.rules.context import Context

# How TensorFlow restores; the others are ways of Keras.
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
    """The scope that is before the name of every variable of a saver and before none of its keys.

    Nothing where there is no such scope.
    """
    found = {
        entry.variable.removesuffix(entry.key) if entry.variable.endswith(f"/{entry.key}") else ""
        for entry in saver.restores
        if entry.variable
    }
    return found.pop().rstrip("/") if len(found) == 1 else ""
