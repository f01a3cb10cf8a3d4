"""What a name on the command line means: variables by name, key or path, or a scope."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from scopecli.errors import UnknownNameError
from scopecli.model.names import nearest
from scopecli.model.scope import ScopeTree

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scopecli.model.model import Model
    from scopecli.model.scope import Scope
    from scopecli.model.variable import Variable


class Found(NamedTuple):
    """What has a name: variables, a scope, or both."""

    name: str
    variables: Sequence[Variable]
    scope: Scope | None


def look_up(model: Model, names: Sequence[str]) -> list[Found]:
    """Find each name.

    A key is the most exact, so it wins; then names and paths, which several variables may share.

    Raises:
        UnknownNameError: one of them is nowhere; the message has the nearest.
    """
    tree = ScopeTree(model.variables, model.separator)
    by_key = {variable.key: variable for variable in model.variables}
    return [_find(model, tree, by_key, name) for name in names]


def _find(model: Model, tree: ScopeTree, by_key: dict[str, Variable], name: str) -> Found:
    wanted = name.removesuffix(":0")
    scope = tree.find(wanted)
    if name in by_key:
        return Found(name, (by_key[name],), scope)
    variables = [v for v in model.variables if wanted in {v.name, v.path}]
    if not variables and scope is None:
        known = dict.fromkeys(v.path for v in model.variables)
        near = nearest(wanted, [*known, *_scopes(known, model.separator)])
        hint = f"did you mean {' or '.join(near)}?" if near else None
        raise UnknownNameError(f"has no variable or scope {name!r}", hint=hint)
    return Found(name, variables, scope)


def _scopes(paths: dict[str, None], separator: str) -> dict[str, None]:
    """The scopes directly around these paths."""
    return dict.fromkeys(path.rpartition(separator)[0] for path in paths if separator in path)
