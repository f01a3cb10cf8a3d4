"""A search for renames that is told what it finds."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scopecli.model.variable import Variable


class Pair(NamedTuple):
    """A rename."""

    old: str
    new: str


class Rule(NamedTuple):
    """What explains some renames."""

    old: str
    new: str
    variables: int


class Found(NamedTuple):
    """What a search finds."""

    pairs: list[Pair]
    rules: list[Rule]


def nothing(
    old: Mapping[str, Variable], new: Mapping[str, Variable], separators: tuple[str, str], /
) -> Found:
    """Find no rename."""
    return Found([], [])


class FindBelow:
    """Finds what is looked for below a scope that the checkpoint does not have."""

    def __init__(self, scope: str) -> None:
        self.scope = scope

    def __call__(
        self,
        old: Mapping[str, Variable],
        new: Mapping[str, Variable],
        separators: tuple[str, str],
        /,
    ) -> Found:
        pairs = [Pair(name, f"{self.scope}{name}") for name in old if f"{self.scope}{name}" in new]
        return Found(pairs, [Rule("*", f"{self.scope}*", len(pairs))] if pairs else [])
