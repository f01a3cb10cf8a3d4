"""Keras 3's way of keeping weights in HDF5: what a `.weights.h5` and a `.keras` have inside.

An object's variables are datasets `0`, `1`, ... in a group `vars` at the object's place in the
model; layers in a list are called by class and number (`layers/dense_1/vars/0`). The layer's own
name is the attribute `name` of `vars` since Keras 3.7; before that, only the config has it.
`keras/src/saving/saving_lib.py`: `_save_state`, `_save_container_state`, `H5IOStore`.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from scopecli.formats.hdf5 import structure as hdf5_structure
from scopecli.formats.keras import model as keras_model
from scopecli.formats.keras import names as keras_names
from scopecli.formats.keras.model import Weight
from scopecli.model.dtypes import nbytes
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from scopecli.formats.hdf5.protocol import Described
    from scopecli.formats.keras.config import Layer, ModelConfig
    from scopecli.model.variable import Variable

_VARS = re.compile(r"(?:(?P<owner>.*)/)?vars/(?P<entry>[^/]+)", re.DOTALL)
OPTIMIZER = "optimizer"
METRICS = "metrics"  # Keras 2's `.keras` has their totals and counts
# The first two variables of `keras/src/optimizers/base_optimizer.py`.
_OPTIMIZER_SCALARS = ("iteration", "learning_rate")
# `H5Entry` in `keras/src/saving/saving_lib.py`.
_DTYPE, _BFLOAT16 = "dtype", "bfloat16"
_NO_CONFIG: Mapping[str, object] = {}


class Owner(NamedTuple):
    """An object that has variables, and where it is.

    Attributes:
        name: its name below the innermost list of layers: `bidirectional/forward_lstm`.
        parent: path of the models around that list.
        layer: the layer in the config that it is or is a part of; None where there is none.
        class_name: its own class; empty where that is not known.
        config: its own config; empty where that is not known.
        order: where it stands among all, as Keras orders weights.
    """

    name: str
    parent: str
    layer: Layer | None
    class_name: str
    config: Mapping[str, object]
    order: tuple[int, ...]

    @property
    def path(self) -> str:
        """Its place in the scope tree."""
        return "/".join(filter(None, (self.parent, self.name)))


class Store(NamedTuple):
    """What the datasets of a weights file are."""

    variables: list[Variable]
    weights: list[Weight]


def describe(file: Described, datasets: Sequence[Variable], config: ModelConfig | None) -> Store:
    """Name the datasets and find their layers.

    Raises:
        DamagedFileError: an attribute cannot be read.
    """
    datasets = [_as_keras_reads(file, dataset) for dataset in datasets]
    owners = Owners(file, config)
    weights: list[tuple[tuple[int, ...], Weight]] = []
    slots: list[tuple[Variable, str]] = []
    known: dict[str, Variable] = {}
    for path, entries in _by_owner(datasets).items():
        if path.split("/")[0] == OPTIMIZER:
            slots += _slots(owners.written_name(path) or path, entries)
            continue
        if path.split("/")[0] == METRICS:
            for entry, dataset in entries:
                known[dataset.key] = dataset._replace(name=f"{path}/{entry}", kind="bookkeeping")
            continue
        owner = owners.at(path)
        names = _names(owner, entries)
        for number, (entry, dataset) in enumerate(entries):
            short = names[number] if names else entry
            name = f"{owner.name}/{short}" if owner.name else short
            weight = Weight(dataset.key, name, short, owner.parent, owner.layer)
            weights.append(((*owner.order, number), weight))
    ordered = [weight for _, weight in sorted(weights, key=lambda pair: pair[0])]
    known |= {slot.key: slot for slot in keras_model.optimizer_variables(slots, ordered)}
    by_key = {weight.key: weight for weight in ordered}
    for dataset in datasets:
        if dataset.key in by_key:
            known[dataset.key] = keras_model.as_variable(dataset, by_key[dataset.key])
    return Store([known.get(dataset.key, dataset) for dataset in datasets], ordered)


def _as_keras_reads(file: Described, dataset: Variable) -> Variable:
    """The dataset, of bfloat16 where an attribute says so: HDF5 has two opaque bytes for it."""
    if dataset.dtype != "opaque" or not _VARS.fullmatch(dataset.key):
        return dataset
    if dataset.nbytes is None or dataset.nbytes != nbytes(_BFLOAT16, dataset.params):
        return dataset
    owner = file.dataset(dataset.key)
    said = owner is not None and hdf5_structure.attribute(file, owner, _DTYPE)
    return dataset._replace(dtype=_BFLOAT16) if said == _BFLOAT16 else dataset


def _by_owner(datasets: Sequence[Variable]) -> dict[str, list[tuple[str, Variable]]]:
    """The variables of each object, by its path in the file, in the order of their numbers."""
    found: dict[str, list[tuple[str, Variable]]] = {}
    for dataset in datasets:
        match = _VARS.fullmatch(dataset.key)
        if match:
            found.setdefault(match["owner"] or "", []).append((match["entry"], dataset))
    for entries in found.values():
        entries.sort(key=lambda pair: (len(pair[0]), pair[0]))
    return found


def _names(owner: Owner, entries: Sequence[tuple[str, Variable]]) -> Sequence[str] | None:
    """Names by the table; None where the entries are not numbered or the table does not fit."""
    if [entry for entry, _ in entries] != [str(number) for number in range(len(entries))]:
        return None
    if entries[0][1].dtype == "int8":  # quantized: `Dense.variable_serialization_spec`
        names = keras_names.variable_names(owner.class_name, owner.config, len(entries) - 1)
        return (*names, f"{names[0]}_scale") if names else None
    return keras_names.variable_names(owner.class_name, owner.config, len(entries))


def _slots(name: str, entries: Sequence[tuple[str, Variable]]) -> Iterator[tuple[Variable, str]]:
    """An optimizer's variables are numbers too; two scalars before all others are known."""
    for number, (entry, dataset) in enumerate(entries):
        scalar = number < len(_OPTIMIZER_SCALARS) and dataset.shape == ()
        yield dataset, f"{name}/{_OPTIMIZER_SCALARS[number] if scalar else entry}"


class Owners:
    """Objects by their paths in the file, resolved one step at a time and remembered."""

    def __init__(self, file: Described, config: ModelConfig | None) -> None:
        self._file = file
        layers = config.layers if config else ()
        self._inside: dict[str, list[Layer]] = {}
        for layer in layers:
            self._inside.setdefault(layer.parent, []).append(layer)
        self._by_name: dict[str, dict[str, Layer]] = {}
        self._by_number: dict[str, dict[str, Layer]] = {}
        self._position = {layer.path: number for number, layer in enumerate(layers)}
        root = Owner("", "", None, "", _NO_CONFIG, ())
        self._known: dict[str, Owner] = {"": root}
        self._lists: dict[str, str] = {}  # a list of layers, and the path of what has it

    def at(self, path: str) -> Owner:
        """The object at a path."""
        owner, done = self._known[""], ""
        for part in path.replace("\\", "/").split("/") if path else ():
            before, done = done, f"{done}/{part}" if done else part
            if done not in self._known:
                self._known[done] = self._step(before, part, done)
            owner = self._known[done]
        return owner

    def written_name(self, path: str) -> str:
        """An object's name as `vars` has it; empty where it does not."""
        group = self._file.group(f"{path}/vars")
        name = hdf5_structure.attribute(self._file, group, "name") if group is not None else None
        return name if isinstance(name, str) else ""

    def _step(self, before: str, part: str, path: str) -> Owner:
        outer = self._known[before]
        if self._is_list(path):
            self._lists[path] = before
            return outer
        name = self.written_name(path)
        if before in self._lists:
            return self._in_list(outer, part, name)
        return self._attribute(outer, part, name)

    def _is_list(self, path: str) -> bool:
        """Only objects have `vars`, even where that is empty."""
        return self._file.group(f"{path}/vars") is None

    def _in_list(self, model: Owner, part: str, name: str) -> Owner:
        """A layer of a model: by its name, else by the number of its class."""
        layer = self._named(model, name) if name else self._numbered(model, part)
        class_name = layer.class_name if layer else keras_names.class_of(part)
        name = name or (layer.name if layer else part)
        order = self._order(layer) if layer else (*model.order, len(self._known))
        config = layer.config if layer else _NO_CONFIG
        return Owner(name, model.path, layer or model.layer, class_name, config, order)

    def _attribute(self, outer: Owner, part: str, name: str) -> Owner:
        """A layer that another has as an attribute: a wrapper's, a cell, a part."""
        layer = self._wrapped(outer, part, name)
        known = keras_names.PARTS.get(part, keras_names.Part("", ""))
        class_name = layer.class_name if layer else known.class_name
        if part == "cell" and not class_name:  # `lstm_cell`: the outer layer names it
            class_name = keras_names.CELLS.get(outer.class_name) or keras_names.class_of(name)
            name = name or keras_names.snake_case(class_name)
        name = name or (layer.name if layer else known.name) or part
        ranks = [*keras_names.PARTS]
        rank = ranks.index(part) if part in ranks else len(ranks) + len(self._known)
        return Owner(
            f"{outer.name}/{name}" if outer.name else name,
            outer.parent,
            layer or outer.layer,
            class_name,
            layer.config if layer else _NO_CONFIG,
            self._order(layer) if layer else (*outer.order, rank),
        )

    def _wrapped(self, outer: Owner, part: str, name: str) -> Layer | None:
        inside = self._inside.get(outer.path, [])
        if part == "layer" and len(inside) == 1:
            return inside[0]
        if part in {"forward_layer", "backward_layer"}:
            prefix = part.removesuffix("layer")
            return next((layer for layer in inside if layer.name.startswith(prefix)), None)
        return self._named(outer, name) if name else None

    def _named(self, outer: Owner, name: str) -> Layer | None:
        if outer.path not in self._by_name:
            inside = self._inside.get(outer.path, [])
            self._by_name[outer.path] = {layer.name: layer for layer in reversed(inside)}
        return self._by_name[outer.path].get(name)

    def _numbered(self, outer: Owner, group: str) -> Layer | None:
        if outer.path not in self._by_number:
            self._by_number[outer.path] = _by_number(self._inside.get(outer.path, []))
        return self._by_number[outer.path].get(group)

    def _order(self, layer: Layer) -> tuple[int, ...]:
        return (self._position[layer.path],)


def _by_number(layers: Sequence[Layer]) -> dict[str, Layer]:
    """Layers by the names that `_save_container_state` makes of class and number."""
    counts: Counter[str] = Counter()
    found: dict[str, Layer] = {}
    for layer in layers:
        name = keras_names.snake_case(layer.class_name)
        number = counts[name]
        counts[name] += 1
        found.setdefault(f"{name}_{number}" if number else name, layer)
    return found
