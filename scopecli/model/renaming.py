"""What a rename changes: the names of a file that can change, and the names they get."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Subject(NamedTuple):
    """One name of a file that a rename can change.

    Attributes:
        name: what rules are applied to.
        kind: `variable`, `slot`, `bookkeeping`, `constant`, `node`, `key`, `layer`, `scope`, ...
        follows: name of the subject that it goes with: a slot or an average with its variable
            (`dense/kernel/Adam` with `dense/kernel`), a node with the variable it belongs to
            (`w/read` with `w`), a weight with its layer.
        space: names are unique within a space: nodes, saver keys, layers of one model, ...
    """

    name: str
    kind: str
    follows: str = ""
    space: str = ""


class Renaming(NamedTuple):
    """The outcome of a rename: which names change, and which go away.

    Attributes:
        moves: old name to new name, only those that change; one mapping for all spaces.
        drops: names of subjects that go away.
    """

    moves: Mapping[str, str]
    drops: frozenset[str]

    def of(self, name: str) -> str:
        """The name that a name becomes; itself where it does not change."""
        return self.moves.get(name, name)
