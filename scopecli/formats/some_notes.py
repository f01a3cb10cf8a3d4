"""Notes in a number that can be read: a damaged file has as many oddities as entries."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from scopecli.model.model import Note

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST = 100


def some(notes: Iterable[Note]) -> list[Note]:
    """The first hundred, and one that says how many more there are."""
    remaining = iter(notes)
    found = list(islice(remaining, MOST))
    rest = sum(1 for _ in remaining)
    if rest:
        found.append(Note(found[-1].code, f"{rest} more entries have notes like these"))
    return found
