"""Several models in one output: which one it is, and what separates it from the one before."""

from __future__ import annotations

from scopecli.model.records import NamedTuple


class Turn(NamedTuple):
    """The position of a model in the output.

    Attributes:
        number: from 0, counting only models that could be read.
        is_only: whether one path was given.
    """

    number: int
    is_only: bool

    @property
    def gap(self) -> str:
        """An empty line before every model but the first."""
        return "\n" if self.number else ""


def turns(paths: int) -> list[Turn]:
    """The turns for a number of paths; if some cannot be read, the last turns are not used."""
    return [Turn(number, paths == 1) for number in range(paths)]
