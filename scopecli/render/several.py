"""Several models in one output: what stands between them, and how a program tells them apart."""

from __future__ import annotations

from scopecli.model.records import NamedTuple


class Turn(NamedTuple):
    """Which of the models it is.

    Attributes:
        number: from 0, of those that could be read.
        is_only: whether there is no other.
    """

    number: int
    is_only: bool

    @property
    def gap(self) -> str:
        """An empty line before every model but the first."""
        return "\n" if self.number else ""


def turns(paths: int) -> list[Turn]:
    """The turns of so many paths; the last are left over where some cannot be read."""
    return [Turn(number, paths == 1) for number in range(paths)]
