"""The outcome of loading weights into a Keras model, for all ways to load them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from scopecli.analysis.restore.prediction import Entry, tensor_of
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scopecli.analysis.restore.prediction import Complaint, Status
    from scopecli.model.variable import Variable

VALUE_ERROR = "ValueError"


class Loaded(NamedTuple):
    """What becomes of the weights of some layers.

    Attributes:
        entries: of the model's weights, in its order.
        error: the first exception that loading them raises.
        notes: remarks for people.
    """

    entries: list[Entry]
    error: Complaint | None
    notes: tuple[str, ...] = ()


def joined(parts: Iterable[Loaded]) -> Loaded:
    """Several outcomes, one after the other."""
    entries: list[Entry] = []
    error: Complaint | None = None
    for part in parts:
        entries += part.entries
        error = error or part.error
    return Loaded(entries, error)


def matched(status: Status, weight: Variable, stored: Variable) -> Entry:
    """The entry of a weight with the one in the file that it is loaded from."""
    return Entry(
        status,
        weight.name,
        weight.name,
        stored.key,
        stored.name,
        expected=tensor_of(weight),
        found=tensor_of(stored),
    )


def unmatched(status: Status, weight: Variable) -> Entry:
    """The entry of a weight for which the file has nothing."""
    return Entry(status, weight.name, weight.name, expected=tensor_of(weight))


def as_drift(entry: Entry) -> Entry:
    """The entry of a weight whose layer gets what another layer saved."""
    return replace(entry, status="drift") if entry.status == "restored" else entry
