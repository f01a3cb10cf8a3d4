"""Which variables a command works on, and in which order."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any

from scopecli.errors import UnknownNameError
from scopecli.model.names import natural_key, nearest
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from scopecli.model.model import Model
    from scopecli.model.variable import Variable


class Selection(NamedTuple):
    """What the options of commands select.

    Attributes:
        scope: only this scope and what is below; empty for everything.
        include: globs of which one must match the key, the name or the path; `*` crosses scopes.
        exclude: globs of which none may match.
        bookkeeping: whether entries that the framework keeps for itself are included.
        collection: only the members of the collection with this key.
    """

    scope: str = ""
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    bookkeeping: bool = True
    collection: str | None = None


def select(model: Model, selection: Selection) -> list[Variable]:
    """The selected variables, in the model's order.

    Raises:
        UnknownNameError: the model has no such scope or collection.
    """
    chosen = list(model.variables)
    if selection.collection is not None:
        from scopecli.analysis.lookup import look_up_collections

        members = set(look_up_collections(model, selection.collection)[0].members)
        chosen = [variable for variable in chosen if variable.key in members]
    if selection.scope:
        chosen = _in_scope(chosen, selection.scope, model.separator)
    if selection.include:
        wanted = _matcher(selection.include)
        chosen = [variable for variable in chosen if wanted(variable)]
    if selection.exclude:
        unwanted = _matcher(selection.exclude)
        chosen = [variable for variable in chosen if not unwanted(variable)]
    if not selection.bookkeeping:
        chosen = [variable for variable in chosen if variable.kind != "bookkeeping"]
    return chosen


def _in_scope(variables: list[Variable], scope: str, separator: str) -> list[Variable]:
    scope = scope.removesuffix(separator)
    prefix = scope + separator
    chosen = [v for v in variables if v.path.startswith(prefix) or v.path == scope]
    if not chosen:
        near = nearest(scope, _scopes(variables, separator))
        hint = f"did you mean {' or '.join(near)}?" if near else None
        raise UnknownNameError(f"has no scope {scope!r}", hint=hint)
    return chosen


def _scopes(variables: list[Variable], separator: str) -> list[str]:
    scopes: dict[str, None] = {}
    for variable in variables:
        scope = variable.path.rpartition(separator)[0]
        while scope and scope not in scopes:
            scopes[scope] = None
            scope = scope.rpartition(separator)[0]
    return list(scopes)


def _matcher(globs: Sequence[str]) -> Callable[[Variable], bool]:
    import re
    from fnmatch import translate

    match = re.compile("|".join(translate(glob) for glob in globs)).match

    def matches(variable: Variable) -> bool:
        return any(match(text) for text in {variable.path, variable.name, variable.key})

    return matches


def _by_place(variable: Variable) -> tuple[str, int]:
    """Shard and offset; variables without them keep their order."""
    storage = variable.storage
    return (storage.shard, storage.offset or 0) if storage else ("", 0)


# Sort keys by the name of the order; sizes are sorted largest first.
ORDERS: dict[str, Callable[[Variable], Any]] = {
    "key": itemgetter(0),  # the first field: a thing to do a hundred thousand times
    "name": lambda variable: natural_key(variable.name),
    "params": lambda variable: -variable.params,
    "bytes": lambda variable: -(variable.nbytes or 0),
    "file": _by_place,
}


def ordered(variables: Sequence[Variable], order: str) -> list[Variable]:
    """The variables in one of the `ORDERS`; equal ones keep their place."""
    return sorted(variables, key=ORDERS[order])
