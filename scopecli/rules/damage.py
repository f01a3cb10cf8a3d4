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
CODES: tuple[tuple[str, str], ...] = ()
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


def code_of(error: ScopecliError) -> str:
    """The code of the rule that an error belongs to."""
    for words, code in CODES:
        if words in error.problem:
            return code
    return OTHER
