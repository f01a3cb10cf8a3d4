"""What differs between the collections of two models."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.model.model import Model


@dataclass(frozen=True, slots=True)
class CollectionChange:
    """A collection of operations, values or protos whose members are not the same.

    Attributes:
        key: of the collection.
        added: members that only the second model has.
        removed: members that only the first has.
    """

    key: str
    added: tuple[str, ...]
    removed: tuple[str, ...]


def collection_changes(a: Model, b: Model) -> Iterator[CollectionChange]:
    """The changed collections of two models that both have some.

    Those of variables are left out: which ones a variable is in is one of its properties.
    """
    if not a.collections or not b.collections:
        return
    for key in sorted(a.collections.keys() | b.collections.keys()):
        found = [m.collections[key] for m in (a, b) if key in m.collections]
        if any(collection.kind == "variables" for collection in found):
            continue
        old, new = (
            Counter(m.collections[key].members if key in m.collections else ()) for m in (a, b)
        )
        if old != new:
            yield CollectionChange(
                key, tuple((new - old).elements()), tuple((old - new).elements())
            )
