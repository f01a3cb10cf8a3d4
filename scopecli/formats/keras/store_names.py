"""Renaming in Keras 3's weights: the names that objects have beside their numbered variables.

Keras finds an object by class and number (`layers/dense_1/vars/0`), so that neither a path nor a
dataset's name may change. What has a name is the layer: in the attribute `name` of its `vars`, and
in the config where there is one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.errors import UnsupportedError
from scopecli.formats.hdf5 import attributes, links
from scopecli.formats.keras import layers as keras_layers
from scopecli.formats.keras.layers import LayerMoves
from scopecli.formats.keras.store import METRICS, OPTIMIZER, Owners
from scopecli.model.names import leaf_of, scope_of
from scopecli.model.records import NamedTuple
from scopecli.model.renaming import Subject

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from scopecli.formats.hdf5.file import Hdf5File
    from scopecli.formats.keras.config import ModelConfig
    from scopecli.model.model import Model
    from scopecli.model.renaming import Renaming
    from scopecli.model.variable import Variable


class Named(NamedTuple):
    """An object with a name of its own.

    Attributes:
        group: where its variables are: `layers/dense/vars`.
        path: its place in the scope tree.
        name: the name that is written, the end of that.
    """

    group: str
    path: str
    name: str


class Changes(NamedTuple):
    """What a rename changes.

    Attributes:
        layers: for the paths of layers in the config, their new names within their models.
        written: for groups, the new names to be written.
        dropped: groups that go away.
    """

    layers: Mapping[str, str]
    written: Mapping[str, str]
    dropped: Sequence[str]


def subjects(
    model: Model, objects: Sequence[Named], config: ModelConfig | None
) -> Iterator[Subject]:
    """Layers, whose names end with `/`, and all variables, which go with them.

    Those of the optimizer are all of the kind `slot`: Keras loads all of them or none.
    """
    layers = _parents(objects, config)
    yield from keras_layers.subjects(layers)
    seen: dict[str, int] = {}
    for variable in model.variables:
        count = seen[variable.path] = seen.get(variable.path, 0) + 1
        space = str(count) if count > 1 else ""
        home = keras_layers.home(variable.path, layers)
        kind = "slot" if _is_slot(variable) else variable.kind
        yield Subject(variable.path, kind, f"{home}/" if home else "", space)


def named_objects(file: Hdf5File, config: ModelConfig | None) -> list[Named]:
    """The objects of a weights file that have names.

    Raises:
        ScopecliError: the file cannot be read.
    """
    owners = Owners(file, config)
    found = []
    for group in sorted(links.tree(file).groups):
        place = scope_of(group, "/")
        if leaf_of(group, "/") == "vars" and place.split("/")[0] not in {"", OPTIMIZER, METRICS}:
            name = owners.written_name(place)
            path = owners.at(place).path
            if name and f"/{path}".endswith(f"/{name}"):
                found.append(Named(group, path, name))
    return found


def changes(
    model: Model, objects: Sequence[Named], config: ModelConfig | None, renaming: Renaming
) -> Changes:
    """All that a rename changes.

    Raises:
        UnsupportedError: what is asked for is more than a change of layers' names.
    """
    weights = [v.path for v in model.variables if not _is_unnamed(v)]
    moves = LayerMoves(model.path, _parents(objects, config), weights, renaming.moves)
    for variable in model.variables:
        unnamed = _is_unnamed(variable)
        new = renaming.moves.get(variable.path) if unnamed else moves.weight(variable.path)
        old = variable.path if unnamed else moves.scope(variable.path)
        if new not in {None, old}:
            raise UnsupportedError(
                "Keras 3 numbers variables: only layers have names that can change",
                path=model.path,
                where=variable.path,
            )
    names = moves.renamed()
    written = {}
    for group, path, name in objects:
        around = path.removesuffix(name).rstrip("/")
        scope = moves.scope(around) if around else ""
        new_name = moves.new[path].removeprefix(f"{scope}/" if scope else "")
        if new_name != name:
            written[group] = new_name
    if str(model.metadata.get("keras_version", "3.")).startswith("3."):
        keras_layers.check_keras_3(names | written, model.path)
    return Changes(names, written, _dropped(model, renaming))


def edit(file: Hdf5File, changed: Changes) -> None:
    """Write new names into a weights file.

    Raises:
        ScopecliError: it cannot be changed.
    """
    for group, name in changed.written.items():
        attributes.rewrite_text(file, file.group(group), "name", name)
    links.unlink(file, changed.dropped)


def _parents(objects: Sequence[Named], config: ModelConfig | None) -> dict[str, str]:
    layers = config.layers if config else ()
    found = {layer.path: layer.parent for layer in layers}
    others = {named.path: "" for named in objects if named.path not in found}
    known = found | others
    for path in sorted(others, key=len):
        found[path] = keras_layers.home(path, known)
    return found


def _is_slot(variable: Variable) -> bool:
    return variable.key.split("/")[0] == OPTIMIZER


def _is_unnamed(variable: Variable) -> bool:
    """Whether a variable is no layer's."""
    return variable.key.split("/")[0] in {OPTIMIZER, METRICS}


def _dropped(model: Model, renaming: Renaming) -> list[str]:
    """The groups that go away: that of the optimizer, or none.

    Raises:
        UnsupportedError: Keras would not load what is left.
    """
    slots = {variable.path for variable in filter(_is_slot, model.variables)}
    kept = slots - renaming.drops
    if len(kept) not in {0, len(slots)}:
        raise UnsupportedError(
            "Keras loads all of an optimizer's state or none of it",
            path=model.path,
            where=min(kept),
            hint="drop this too",
        )
    others = renaming.drops - slots
    if others:
        raise UnsupportedError(
            "Keras does not load the model without it", path=model.path, where=min(others)
        )
    return [OPTIMIZER] if slots and not kept else []
