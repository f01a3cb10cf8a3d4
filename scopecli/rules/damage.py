"""Which rule reports a file that is too damaged to be opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.errors import (
    ChecksumError,
    DamagedIndexError,
    DuplicateNameError,
    TruncatedError,
)
from scopecli.model.finding import Hit
from scopecli.model.model import Model
from scopecli.rules.context import Context

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.errors import ScopecliError

# The rule that reports each kind of damage.
CODES: dict[type[ScopecliError], str] = {
    ChecksumError: "F701",
    DamagedIndexError: "F702",
    TruncatedError: "F703",
    DuplicateNameError: "F707",
}
OTHER = "F700"


def context(path: str, error: ScopecliError) -> Context:
    """The context of a file that cannot be opened."""
    error.path = error.path or path
    return Context(Model(path, "", ()), damage=error)


def hits(damaged: Context, code: str) -> Iterator[Hit]:
    """The damage, if this rule reports it."""
    error = damaged.damage
    if error is not None and code_of(error) == code:
        hint = f"; {error.hint}" if error.hint else ""
        yield Hit(error.where or "", f"{error.problem}{hint}")


def noted(sound: Context, *codes: str) -> Iterator[Hit]:
    """What the reader noted under these codes."""
    for note in sound.notes(*codes):
        yield Hit(note.subject, note.message)


def code_of(error: ScopecliError) -> str:
    """The code of the rule that reports an error."""
    return next((code for kind, code in CODES.items() if isinstance(error, kind)), OTHER)
