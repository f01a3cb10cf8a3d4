"""What a rename changes in a `keras-h5` file: worked out before anything is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.errors import UnsupportedError
from scopecli.formats.hdf5.names import joined
from scopecli.formats.hdf5.structure import attribute
from scopecli.formats.keras import h5 as keras_h5
from scopecli.formats.keras import layers as keras_layers
from scopecli.formats.keras.h5 import (
    MODEL_WEIGHTS,
    OPTIMIZER_WEIGHTS,
    OUTPUT_NUMBER,
    TOP_LEVEL_WEIGHTS,
)
from scopecli.formats.keras.layers import LayerMoves
from scopecli.model.names import leaf_of, scope_of
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from scopecli.formats.hdf5.file import Hdf5File
    from scopecli.formats.keras.h5 import Contents, Group
    from scopecli.formats.keras.model import Weight
    from scopecli.model.model import Model
    from scopecli.model.renaming import Renaming
    from scopecli.model.variable import Variable


class Changes(NamedTuple):
    """What is to be done to a file.

    Attributes:
        layers: for the paths of layers, their new names within their models.
        links: old and new paths of groups and datasets.
        dropped: paths of groups that go away.
        top: path of the group of all layers; empty where that is the root.
        groups: old and new names of the layers that have groups, without those dropped.
        weights: for the old path of a group, its new list of weight names where that differs.
    """

    layers: Mapping[str, str]
    links: Mapping[str, str]
    dropped: Sequence[str]
    top: str
    groups: Mapping[str, str]
    weights: Mapping[str, Sequence[str]]


def parents(file: Hdf5File, contents: Contents) -> dict[str, str]:
    """For each layer, of the config or with a group, the path of what it is in.

    Raises:
        UnsupportedError: the file has no names.
    """
    if attribute(file, file.group(""), "nb_layers") is not None:
        raise UnsupportedError(
            "Keras 0 has no names for layers and weights, only numbers", path=file.name
        )
    layers = contents.config.layers if contents.config else ()
    found = {layer.path: layer.parent for layer in layers}
    for group in contents.groups:
        if group.layer:
            found.setdefault(group.layer, "")
    return found


def is_slot(variable: Variable) -> bool:
    """Whether a dataset is the optimizer's: Keras loads all of those or none."""
    return variable.key.startswith(f"{OPTIMIZER_WEIGHTS}/")


def changes(file: Hdf5File, model: Model, renaming: Renaming) -> Changes:
    """All that a rename changes.

    Raises:
        UnsupportedError: what is asked for is more than a change of names.
        DamagedFileError: an attribute cannot be read.
    """
    contents = keras_h5.read_contents(file)
    weights = {weight.key: weight for weight in keras_h5.weights_of(contents)}
    paths = [weight.path for weight in weights.values()]
    moves = LayerMoves(model.path, parents(file, contents), paths, renaming.moves)
    names = moves.renamed()
    if str(contents.metadata.get("keras_version", "")).startswith("3."):
        keras_layers.check_keras_3(names, model.path)
    top = MODEL_WEIGHTS if file.group(MODEL_WEIGHTS) is not None else ""
    dropped = _dropped(model, contents, weights, renaming.drops, top)
    staying = [group for group in contents.groups if _path(top, group) not in dropped]
    groups = {group.layer: moves.new[group.layer] for group in staying if group.layer}
    links: dict[str, str] = {}
    lists: dict[str, list[str]] = {}
    renamed: dict[str, str] = {}
    for group in staying:
        path, target = _path(top, group), joined(top, groups.get(group.layer, TOP_LEVEL_WEIGHTS))
        links[path] = target
        names_in_group = []
        for key, name in group.weights:
            new = _in_group(group.layer, name, weights[key], moves)
            renamed[key] = new if "/" in new else joined(groups.get(group.layer, ""), new)
            names_in_group.append(new + _number(key))
            links[key] = joined(target, names_in_group[-1])
        if names_in_group != [name + _number(key) for key, name in group.weights]:
            lists[path] = names_in_group
    optimizer = _optimizer_names(model, weights, renamed, moves, renaming.moves)
    if OPTIMIZER_WEIGHTS not in dropped:
        links |= {
            key: joined(OPTIMIZER_WEIGHTS, name + _number(key)) for key, name in optimizer.items()
        }
        lists[OPTIMIZER_WEIGHTS] = [
            optimizer.get(key, name) + _number(key) for key, name in contents.optimizer
        ]
    for variable in model.variables:
        if variable.key not in weights and not is_slot(variable):
            links[variable.key] = renaming.moves.get(variable.path, variable.key)
    links = {old: new for old, new in links.items() if old != new}
    return Changes(names, links, dropped, top, groups, lists)


def _path(top: str, group: Group) -> str:
    return joined(top, group.layer or TOP_LEVEL_WEIGHTS)


def _number(key: str) -> str:
    """The number of an output at the end of a name: `:0`."""
    found = OUTPUT_NUMBER.search(key)
    return found[0] if found else ""


def _in_group(layer: str, name: str, weight: Weight, moves: LayerMoves) -> str:
    """What the group of a layer shall call a weight.

    Raises:
        UnsupportedError: that would not be in the group.
    """
    new = moves.weight(weight.path)
    around = weight.path.removesuffix(name).rstrip("/")
    scope = moves.scope(around) if around else ""
    if scope and not new.startswith(f"{scope}/"):
        raise UnsupportedError(
            f"the weight is in {around}, and cannot become {new}",
            path=moves.path,
            where=weight.path,
        )
    short = new[len(scope) + 1 :] if scope else new
    if short == name and "/" not in name and name.startswith(f"{layer}_"):
        return moves.new[layer] + name.removeprefix(layer)  # Keras 1: `dense_1_W`
    return short


def _optimizer_names(
    model: Model,
    weights: Mapping[str, Weight],
    renamed: Mapping[str, str],
    moves: LayerMoves,
    told: Mapping[str, str],
) -> dict[str, str]:
    """The new names of the optimizer's variables by their keys: as told, or with their weights."""
    found = {}
    for variable in filter(is_slot, model.variables):
        new = told.get(variable.name)
        weight = weights.get(str(variable.attributes.get("slot_of")))
        if new is None and weight is not None and weight.key in renamed:
            pairs = (
                (weight.name, renamed[weight.key]),
                (weight.path, moves.weight(weight.path)),
            )
            new = slot_name(variable.name, pairs)
        found[variable.key] = new or variable.name
    return found


def slot_name(name: str, pairs: Sequence[tuple[str, str]]) -> str:
    """A slot's name with that of its weight changed, in which Keras 3 writes `_` for `/`.

    Args:
        name: the slot's name.
        pairs: names that the weight may have in it, each with the new one.
    """
    for old, new in pairs:
        before, found, after = f"/{name}/".partition(f"/{old}/")
        if found:
            return f"{before}/{new}/{after}".strip("/")
    scope, last = scope_of(name, "/"), leaf_of(name, "/")
    for old, new in pairs:
        flat = old.replace("/", "_")
        if last.startswith(f"{flat}_"):
            return joined(scope, new.replace("/", "_") + last.removeprefix(flat))
    return name


def _dropped(
    model: Model,
    contents: Contents,
    weights: Mapping[str, Weight],
    drops: AbstractSet[str],
    top: str,
) -> list[str]:
    """Paths of the groups that go away.

    Raises:
        UnsupportedError: Keras would not load what is left.
    """
    slots = {variable.name for variable in filter(is_slot, model.variables)}
    if drops & slots and slots - drops:
        raise UnsupportedError(
            "Keras loads all of an optimizer's state or none of it",
            path=model.path,
            where=min(slots - drops),
            hint="drop this too",
        )
    found = [OPTIMIZER_WEIGHTS] if drops & slots else []
    rest = set(drops - slots)
    if rest and contents.config is not None:
        raise UnsupportedError(
            "Keras does not load the model without it", path=model.path, where=min(rest)
        )
    for group in contents.groups if rest else ():
        inside = {weights[key].path for key, _ in group.weights}
        if inside <= rest and (inside or f"{group.layer}/" in rest):
            found.append(_path(top, group))
            rest -= inside | {f"{group.layer}/"}
    if rest:
        raise UnsupportedError(
            "Keras loads all weights of a layer or none", path=model.path, where=min(rest)
        )
    return found
