"""Collections, for people: the keys with their sizes, or the members of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.model.names import printable
from scopecli.render import words
from scopecli.render.output import write_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scopecli.model.collection import Collection
    from scopecli.model.model import Model
    from scopecli.render.output import Output
    from scopecli.render.style import Span

_NOUNS = {"variables": "variable", "nodes": "node", "values": "value", "protos": "message"}


def draw_keys(model: Model, found: Sequence[Collection], output: Output) -> None:
    """Write each key with the number and kind of its members."""
    write_lines(_key_lines(model, found), output)


def draw_members(model: Model, collection: Collection, output: Output) -> None:
    """Write the members of one collection, variables with shape and dtype."""
    write_lines(_member_lines(model, collection), output)


def _key_lines(model: Model, found: Sequence[Collection]) -> Iterator[Sequence[Span]]:
    if not found:
        yield [(f"{printable(model.path)}: no collections", "dim")]
    keys = [printable(collection.key) for collection in found]
    width = max(map(len, keys), default=0)
    for key, collection in zip(keys, found, strict=True):
        size = words.plural(len(collection.members), _NOUNS[collection.kind])
        yield [(f"{key:<{width}}  ", "scope"), (size, "dim")]


def _member_lines(model: Model, collection: Collection) -> Iterator[Sequence[Span]]:
    variables = {variable.key: variable for variable in model.variables}
    names = [
        printable(variables[member].name if member in variables else member)
        for member in collection.members
    ]
    width = max(map(len, names), default=0)
    for name, member in zip(names, collection.members, strict=True):
        variable = variables.get(member)
        if collection.kind != "variables" or variable is None:
            yield [(name, "plain")]
            continue
        yield [
            (f"{name:<{width}}  ", "plain"),
            (f"{words.shape(variable.shape)} ", "shape"),
            (printable(variable.dtype), "dtype"),
        ]
