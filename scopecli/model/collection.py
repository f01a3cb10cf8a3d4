"""Collections: the named groups that a graph or a model keeps its variables and nodes in."""

from __future__ import annotations

from typing import Literal

from scopecli.model.records import NamedTuple

CollectionKind = Literal["variables", "nodes", "values", "protos"]


class Collection(NamedTuple):
    """One collection.

    Attributes:
        key: its name: `trainable_variables`, `update_ops`, ...
        kind: what its members are.
        members: in the file's order; for kind `variables`, the keys of the variables, because
            names need not be unique.
    """

    key: str
    kind: CollectionKind
    members: tuple[str, ...]
