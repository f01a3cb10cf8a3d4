"""What a name on the command line means: variables by name, key or path, or a scope."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.errors import UnknownNameError
from scopecli.model.names import nearest
from scopecli.model.records import NamedTuple
from scopecli.model.scope import ScopeTree

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scopecli.model.collection import Collection
    from scopecli.model.graph import Node
    from scopecli.model.model import Model
    from scopecli.model.scope import Scope
    from scopecli.model.variable import Variable


# The members of tf.GraphKeys whose value is not just their name in small letters.
_KEY_CONSTANTS = {"GLOBAL_VARIABLES": "variables", "TABLE_INITIALIZERS": "table_initializer"}


class Found(NamedTuple):
    """What has a name: variables, a scope, a node of the graph, or several of these."""

    name: str
    variables: Sequence[Variable]
    scope: Scope | None
    node: Node | None


def look_up(model: Model, names: Sequence[str]) -> list[Found]:
    """Find each name.

    A key is the most exact, so it wins; then names and paths, which several variables may share.

    Raises:
        UnknownNameError: one of them does not exist; the hint names the nearest.
    """
    tree = ScopeTree(model.variables, model.separator)
    by_key = {variable.key: variable for variable in model.variables}
    return [_find(model, tree, by_key, name) for name in names]


def look_up_collections(model: Model, key: str | None) -> list[Collection]:
    """The collection with a key, or all.

    TensorFlow's constants for the keys will do too: `GLOBAL_VARIABLES` is the key `variables`.

    Raises:
        UnknownNameError: the model has no such collection; the hint names the nearest.
    """
    if key is None:
        return list(model.collections.values())
    for candidate in (key, _KEY_CONSTANTS.get(key, key.lower())):
        if candidate in model.collections:
            return [model.collections[candidate]]
    near = nearest(key, model.collections)
    hint = f"did you mean {' or '.join(near)}?" if near else None
    if not model.collections:
        hint = "it has none; they are in the .meta file of a TensorFlow checkpoint"
    raise UnknownNameError(f"has no collection {key!r}", hint=hint)


def _find(model: Model, tree: ScopeTree, by_key: dict[str, Variable], name: str) -> Found:
    wanted = name.removesuffix(":0")
    scope = tree.find(wanted)
    node = model.graph.node(name) if model.graph else None
    if name in by_key:
        return Found(name, (by_key[name],), scope, node)
    variables = [v for v in model.variables if wanted in {v.name, v.path}]
    if not variables and scope is None and node is None:
        known = dict.fromkeys(v.path for v in model.variables)
        nodes = model.graph.nodes.names if model.graph else ()
        near = nearest(wanted, [*known, *_scopes(known, model.separator), *nodes])
        hint = f"did you mean {' or '.join(near)}?" if near else None
        what = "variable, scope or node" if model.graph else "variable or scope"
        raise UnknownNameError(f"has no {what} {name!r}", hint=hint)
    return Found(name, variables, scope, node)


def _scopes(paths: dict[str, None], separator: str) -> dict[str, None]:
    """The scopes directly around these paths."""
    return dict.fromkeys(path.rpartition(separator)[0] for path in paths if separator in path)
