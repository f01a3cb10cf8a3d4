"""What a checkpoint's entry is called and what it is for."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from scopecli.model.variable import NO_ATTRIBUTES, Kind

if TYPE_CHECKING:
    from collections.abc import Mapping


class Description(NamedTuple):
    """The part of a `Variable` that is known from names and object graph, not from the entry."""

    name: str
    kind: Kind = "variable"
    attributes: Mapping[str, object] = NO_ATTRIBUTES
