"""Format `keras-h5`: what `model.save("x.h5")` and `model.save_weights("x.h5")` write.

Keras 1 and 2, tf.keras, and Keras 3's legacy format: a group a layer, named in the attribute
`layer_names`, whose attribute `weight_names` names its datasets (`keras/src/legacy/saving/
legacy_h5_format.py`). Keras 0: groups `layer_0`, ... with `param_0`, ... and no name anywhere.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

from scopecli.formats.hdf5 import listing as hdf5_listing
from scopecli.formats.hdf5 import structure as hdf5_structure
from scopecli.formats.hdf5.names import joined
from scopecli.formats.hdf5.structure import attribute, strings
from scopecli.formats.hdf5.tensors import Hdf5Tensors
from scopecli.formats.keras import config as keras_config
from scopecli.formats.keras import model as keras_model
from scopecli.formats.keras.model import Weight
from scopecli.model.model import File, LayerWeights, Model, Note
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scopecli.formats.hdf5.listing import Listing
    from scopecli.formats.hdf5.protocol import Structure
    from scopecli.formats.keras.config import Layer, ModelConfig
    from scopecli.model.variable import Variable

FORMAT = "keras-h5"

MODEL_WEIGHTS = "model_weights"
TOP_LEVEL_WEIGHTS = "top_level_model_weights"
OPTIMIZER_WEIGHTS = "optimizer_weights"
OUTPUT_NUMBER = re.compile(r":\d+$")
# What Keras and TensorFlow append to a name that is taken.
_UNIQUE_SUFFIX = r"(_\d+)+$"


class Group(NamedTuple):
    """A layer's group: the layer's name, and its datasets as key and name."""

    layer: str
    weights: Sequence[tuple[str, str]]


class Contents(NamedTuple):
    """What the attributes of a file say."""

    groups: Sequence[Group]
    optimizer: Sequence[tuple[str, str]]
    config: ModelConfig | None
    metadata: dict[str, object]
    notes: Sequence[Note]


def read(path: str) -> Model:
    """Read the structure of a Keras HDF5 file, whole model or weights only.

    Raises:
        ScopecliError: whatever is wrong with the file.
    """
    listing, contents, size = hdf5_structure.read(path, _read)
    config = contents.config
    named = list(weights_of(contents))
    keys = {dataset.key for dataset in listing.variables}
    weights = [weight for weight in named if weight.key in keys]
    twice = [
        Note("duplicate-weight", f"is the name of {count} weights of its layer", key)
        for key, count in Counter(weight.key for weight in named).items()
        if count > 1
    ]
    missing = [
        Note("missing-weight", "is named by its layer, and is not in the file", weight.key)
        for weight in named
        if weight.key not in keys
    ]
    return Model(
        path=path,
        format=FORMAT,
        variables=_variables(listing.variables, contents, weights),
        metadata=contents.metadata,
        collections=keras_model.collections(weights) if config and config.layers else {},
        reuse=keras_model.reuse(config) if config else (),
        layers=keras_model.layers(config),
        layer_weights=[
            LayerWeights(group.layer, tuple(key for key, _ in group.weights))
            for group in contents.groups
        ],
        notes=[*listing.notes, *contents.notes, *twice, *missing],
        files=(File(path, size, "model"),),
        tensors=Hdf5Tensors(partial(hdf5_structure.opened_path, path)),
    )


def _read(file: Structure) -> tuple[Listing, Contents, int]:
    return hdf5_listing.datasets(file), read_contents(file), file.size


def read_contents(file: Structure) -> Contents:
    """What the attributes say of groups, optimizer and config.

    Raises:
        DamagedFileError: an attribute cannot be read.
    """
    root = file.group("")
    whole = file.group(MODEL_WEIGHTS)
    prefix, holder = ("", root) if whole is None else (f"{MODEL_WEIGHTS}/", whole)
    groups = [
        Group(name, _named_in(file, holder, prefix, name))
        for name in strings(file, holder, "layer_names")
    ]
    if file.group(TOP_LEVEL_WEIGHTS, holder) is not None:
        groups.append(Group("", _named_in(file, holder, prefix, TOP_LEVEL_WEIGHTS)))
    metadata: dict[str, object] = {}
    for key in ("keras_version", "backend"):
        value = attribute(file, root, key) or attribute(file, holder, key)
        if isinstance(value, str):
            metadata[key] = value
    config, notes = _config(
        attribute(file, root, "model_config"), str(metadata.get("keras_version", ""))
    )
    metadata |= keras_model.metadata(config)
    metadata |= keras_model.training(attribute(file, root, "training_config"))
    optimizer = _named_in(file, root, "", OPTIMIZER_WEIGHTS)
    return Contents(groups, optimizer, config, metadata, notes)


def _config(value: object, keras_version: str) -> tuple[ModelConfig | None, list[Note]]:
    if not isinstance(value, str):
        return None, []
    config = keras_config.parse(value, keras_version)
    if config is None:
        return None, [Note("bad-config", "is not readable JSON", "model_config")]
    return config, []


def _named_in(file: Structure, holder: object, prefix: str, name: str) -> list[tuple[str, str]]:
    """Keys and names of the datasets that a group's `weight_names` has, in its order."""
    group = file.group(name, holder)
    if group is None:
        return []
    return [
        (joined(prefix, name, weight), OUTPUT_NUMBER.sub("", weight))
        for weight in strings(file, group, "weight_names")
    ]


def _variables(
    datasets: Sequence[Variable], contents: Contents, weights: Sequence[Weight]
) -> list[Variable]:
    """Each dataset with what is known of it, in the file's order."""
    by_key = {weight.key: weight for weight in weights}
    optimizer_names = dict(contents.optimizer)
    slots = [
        (dataset, optimizer_names.get(dataset.key) or _below_optimizer(dataset.key))
        for dataset in datasets
        if dataset.key.startswith(f"{OPTIMIZER_WEIGHTS}/") and dataset.key not in by_key
    ]
    known = {slot.key: slot for slot in keras_model.optimizer_variables(slots, weights)}
    for dataset in datasets:
        if dataset.key in by_key:
            known[dataset.key] = keras_model.as_variable(dataset, by_key[dataset.key])
    return [known.get(dataset.key, dataset) for dataset in datasets]


def _below_optimizer(key: str) -> str:
    return OUTPUT_NUMBER.sub("", key.removeprefix(f"{OPTIMIZER_WEIGHTS}/"))


def weights_of(contents: Contents) -> Iterator[Weight]:
    """The weights of all layers, in the order of Keras's `model.weights`."""
    inside: dict[str, list[Layer]] = {}
    for layer in contents.config.layers if contents.config else ():
        inside.setdefault(layer.top, []).append(layer)
    for group in contents.groups:
        owners = Owners(inside.get(group.layer, []), _model_parent(group))
        found = [_weight(group, key, name, owners) for key, name in group.weights]
        # Keras saves a model's trainable weights before its others; in `weights`, layer by layer.
        yield from sorted(found, key=lambda weight: owners.position(weight.layer))


class Owners:
    """The layers in and below one group, looked up by the names of its weights."""

    def __init__(self, layers: Sequence[Layer], model_parent: str) -> None:
        self.model_parent = "" if layers else model_parent
        self._positions = {layer.path: number for number, layer in reversed([*enumerate(layers)])}
        leaves = [layer for layer in layers if not layer.is_container]
        self._only = leaves[0] if len(leaves) == 1 else None
        self._by_name: dict[str, Layer] = {}
        for layer in leaves:
            self._by_name.setdefault(layer.name, layer)
        self._most_parts = max((name.count("/") for name in self._by_name), default=0) + 1
        self._longest = max(map(len, self._by_name), default=0)
        self._top = layers[0] if layers else None

    def position(self, layer: Layer | None) -> int:
        """Where a layer stands among them."""
        return self._positions.get(layer.path, 0) if layer else 0

    def of(self, name: str) -> Layer | None:
        """The layer that made a weight."""
        return self._only or self._named(name) or self._top

    def _named(self, name: str) -> Layer | None:
        """The layer whose name is the most parts of the weight's, as they are or made unique."""
        parts = name.split("/")
        for count in range(min(len(parts), self._most_parts), 0, -1):
            for start in range(len(parts) - count, -1, -1):
                words = "/".join(parts[start : start + count])
                for candidate in _spellings(words, self._longest):
                    if candidate in self._by_name:
                        return self._by_name[candidate]
        return None


def _spellings(words: str, longest: int) -> Iterator[str]:
    """A name, then without its last `_...` parts, from `lstm_1_W_i` and `bn_1_1` to `lstm`.

    Only the part behind the last slash is shortened: `dense_1/kernel` is of no layer `dense`.
    Spellings of more than `longest` characters are left out.
    """
    end, last = len(words), max(words.rfind("/"), 0)
    if end > longest:
        end = words.rfind("_", 0, longest + 1)
    while end > last:
        yield words[:end]
        end = words.rfind("_", 0, end)


def _weight(group: Group, key: str, name: str, owners: Owners) -> Weight:
    layer = owners.of(name)
    full = name if "/" in name or not group.layer else f"{group.layer}/{name}"
    parent = layer.parent if layer else owners.model_parent
    return Weight(key, full, _short(name, layer, group.layer), parent, layer)


def _model_parent(group: Group) -> str:
    """The group's name where its weights are clearly other layers': it is a model then.

    A guess for files without a config. Names that Keras made unique (`bn_1/bn_1_1/beta`) are the
    group's own.
    """
    owners = {name.split("/")[0] for _, name in group.weights if "/" in name}
    stem = re.sub(_UNIQUE_SUFFIX, "", group.layer)
    if not owners or any(re.sub(_UNIQUE_SUFFIX, "", owner) == stem for owner in owners):
        return ""
    if any(f"/{group.layer}/" in f"/{name}" for _, name in group.weights):
        return ""
    return group.layer


def _short(name: str, layer: Layer | None, group: str) -> str:
    """`kernel` of `dense_1/kernel`, and `W` of Keras 1's `dense_1_W`."""
    last = name.rpartition("/")[2]
    for owner in (layer.name if layer else group, group):
        if last.startswith(f"{owner}_"):
            return last.removeprefix(f"{owner}_")
    return last
