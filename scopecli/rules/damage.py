"""A file that is too damaged to be opened: which rule says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.model.finding import Hit
from scopecli.model.model import Model
from scopecli.rules.context import Context

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.errors import ScopecliError

# What an error says, and the rule that it belongs to; the first row that fits counts.
CODES: tuple[tuple[str, str], ...] = (
    ("that its checksum is of", "F701"),
    ("checksum mismatch", "F702"),
    ("blocks overlap", "F702"),
    ("out of order", "F702"),
    ("runs out of its block", "F702"),
    ("a block ", "F702"),
    ("snappy", "F702"),
    ("cannot unpack to", "F702"),
    ("unknown compression", "F702"),
    ("needs bytes", "F703"),
    ("became shorter", "F703"),
    ("does not end", "F703"),
    ("cut short", "F703"),
    ("are left", "F703"),
    (", and the file has", "F703"),
    (" bytes of ", "F703"),
    (", and has ", "F703"),
    ("without its directory", "F703"),
    ("shape needs", "F703"),
    ("has two members called", "F707"),
)
OTHER = "F700"


def context(path: str, error: ScopecliError) -> Context:
    """The context of a file that cannot be opened."""
    error.path = error.path or path
    return Context(Model(path, "", ()), damage=error)


def hits(damaged: Context, code: str) -> Iterator[Hit]:
    """The damage, where it is this rule's."""
    error = damaged.damage
    if error is not None and code_of(error) == code:
        hint = f"; {error.hint}" if error.hint else ""
        yield Hit(error.where or "", f"{error.problem}{hint}")


def noted(sound: Context, *codes: str) -> Iterator[Hit]:
    """What the reader noticed under these codes."""
    for note in sound.notes(*codes):
        yield Hit(note.subject, note.message)


def code_of(error: ScopecliError) -> str:
    """The code of the rule that an error belongs to."""
    for words, code in CODES:
        if words in error.problem:
            return code
    return OTHER
