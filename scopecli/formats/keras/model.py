"""What the readers of Keras files share: whose a weight is, and what follows from it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from scopecli.formats.keras import names as keras_names
from scopecli.model.collection import Collection
from scopecli.model.layer import Layer as ModelLayer
from scopecli.model.model import LayerWeights, Reuse
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from scopecli.formats.keras.config import Layer, ModelConfig
    from scopecli.model.variable import Variable


class Weight(NamedTuple):
    """A weight, and whose it is.

    Attributes:
        key: key of the variable.
        name: what Keras calls it: `dense_1/kernel`.
        short: the last part of that, without the layer's name: `kernel`.
        parent: path of the models and wrappers around the layer; empty at the top.
        layer: the layer that made it; None where that is not known.
    """

    key: str
    name: str
    short: str
    parent: str
    layer: Layer | None

    @property
    def trainable(self) -> bool | None:
        """Whether Keras trains it; None where nothing says so."""
        if self.layer is None:
            return None
        return self.layer.trainable and not keras_names.is_never_trained(
            self.short, self.layer.class_name
        )

    @property
    def path(self) -> str:
        """Its name below the models that its layer is in, none of which is said twice."""
        return placed(self.name, self.parent)


def placed(name: str, parent: str) -> str:
    """The name below a parent, whose last parts the name may start with."""
    if not parent or f"/{parent}/" in f"/{name}/":
        return name
    parts = parent.split("/")
    for start in range(len(parts)):
        if name.startswith("/".join(parts[start:]) + "/"):
            return "/".join([*parts[:start], name])
    return f"{parent}/{name}"


def as_variable(variable: Variable, weight: Weight) -> Variable:
    """The dataset's variable, with what Keras says of it."""
    attributes = dict(variable.attributes)
    if weight.path != weight.name:
        attributes["path"] = weight.path
    if weight.layer is not None:
        attributes["layer"] = weight.layer.path
        attributes["layer_class"] = weight.layer.class_name
        attributes["evidence"] = "config"
    return variable._replace(name=weight.name, trainable=weight.trainable, attributes=attributes)


def collections(weights: Sequence[Weight]) -> dict[str, Collection]:
    """The groups that Keras's own properties make of a model's weights, in its order."""

    def members(wanted: Iterable[Weight]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(weight.key for weight in wanted))

    found = {
        "variables": members(weights),
        "trainable_variables": members(w for w in weights if w.trainable),
        "non_trainable_variables": members(w for w in weights if w.trainable is False),
        "regularization_losses": members(w for w in weights if _is_regularized(w)),
        "moving_average_variables": members(
            w for w in weights if w.short in keras_names.MOVING_AVERAGES
        ),
    }
    return {
        key: Collection(key, "variables", keys)
        for key, keys in found.items()
        if keys or key == "trainable_variables"
    }


def reuse(config: ModelConfig) -> list[Reuse]:
    """The layers that are called more than once."""
    return [
        Reuse(
            layer.path,
            tuple(
                f"call {number}: {', '.join(sources) or 'no layer'}"
                for number, sources in enumerate(layer.calls, start=1)
            ),
        )
        for layer in config.layers
        if len(layer.calls) > 1
    ]


def layers(config: ModelConfig | None) -> list[ModelLayer]:
    """The layers, as a model has them."""
    return [
        ModelLayer(layer.path, layer.parent, layer.name, layer.class_name, layer.config)
        for layer in (config.layers if config else ())
    ]


def layer_weights(config: ModelConfig, weights: Sequence[Weight]) -> list[LayerWeights]:
    """The top-level layers with their weights, as Keras's legacy format orders these.

    Trainable weights come first: `keras/src/legacy/saving/legacy_h5_format.py`, `_legacy_weights`.
    """
    inside: dict[str, list[Weight]] = {}
    for weight in weights:
        inside.setdefault(weight.layer.top if weight.layer else "", []).append(weight)
    names = [layer.name for layer in config.layers if not layer.parent]
    return [
        LayerWeights(name, tuple(weight.key for weight in _trainable_first(inside.get(name, []))))
        for name in (*names, *([""] if "" in inside else []))
    ]


def _trainable_first(weights: Iterable[Weight]) -> list[Weight]:
    return sorted(weights, key=lambda weight: weight.trainable is False)


def metadata(config: ModelConfig | None) -> dict[str, object]:
    """What a config says of the model as a whole."""
    if config is None:
        return {"has_config": False}
    names = {"class_name": config.class_name, "model_name": config.name}
    return {
        "has_config": True,
        "layers": len(config.layers),
        **{key: value for key, value in names.items() if value},
    }


def training(compiled: object) -> dict[str, object]:
    """Optimizer and loss of a `training_config` or a `compile_config`, where they are plain."""
    if isinstance(compiled, str):
        try:
            compiled = json.loads(compiled)
        except (ValueError, RecursionError):
            return {}
    if not isinstance(compiled, dict):
        return {}
    optimizer = compiled.get("optimizer_config") or compiled.get("optimizer")
    if isinstance(optimizer, dict):
        optimizer = optimizer.get("class_name")
    found = {"optimizer": optimizer, "loss": compiled.get("loss")}
    return {key: value for key, value in found.items() if isinstance(value, str)}


def optimizer_variables(
    slots: Sequence[tuple[Variable, str]], weights: Sequence[Weight]
) -> list[Variable]:
    """Variables of an optimizer, each given with its name, told apart and led to their weights.

    Keras has written `Adam/dense/kernel/m`, `Adam/m/dense/kernel` and `adam/dense_kernel_momentum`.
    """
    by_name = _unambiguous((weight.name, weight.key) for weight in weights)
    by_flat_name = _unambiguous((w.path.replace("/", "_"), w.key) for w in weights)
    by_flat_name |= _unambiguous((w.name.replace("/", "_"), w.key) for w in weights)
    return [_optimizer_variable(slot, name, by_name, by_flat_name) for slot, name in slots]


def _optimizer_variable(
    variable: Variable, name: str, by_name: Mapping[str, str], by_flat_name: Mapping[str, str]
) -> Variable:
    if variable.shape == () and name.rpartition("/")[2] in keras_names.OPTIMIZER_SCALARS:
        return variable._replace(name=name, kind="bookkeeping")
    owner = _slot_owner(name, by_name) or _flat_slot_owner(name, by_flat_name)
    if owner is None:
        return variable._replace(name=name, kind="slot" if variable.shape else "bookkeeping")
    key, slot_name = owner
    attributes = {
        **variable.attributes,
        "slot_of": key,
        "slot_name": slot_name,
        "evidence": "name pattern",
    }
    return variable._replace(name=name, kind="slot", attributes=attributes)


def _slot_owner(name: str, keys: Mapping[str, str]) -> tuple[str, str] | None:
    """The weight whose whole name stands in a slot's name, and the part beside it."""
    parts = name.split("/")
    for start in range(1, min(len(parts), 5)):
        after = "/".join(parts[start:])
        if after in keys:
            return keys[after], parts[start - 1]
        before = "/".join(parts[start:-1])
        if before in keys:
            return keys[before], parts[-1]
    return None


def _flat_slot_owner(name: str, keys: Mapping[str, str]) -> tuple[str, str] | None:
    """The same where `/` became `_`: the longest weight name that the last part starts with."""
    last = name.rpartition("/")[2]
    end = last.rfind("_")
    while end > 0:
        if last[:end] in keys:
            return keys[last[:end]], last[end + 1 :]
        end = last.rfind("_", 0, end)
    return None


def _unambiguous(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """A mapping without the names that stand for several keys."""
    found: dict[str, str] = {}
    twice = set()
    for name, key in pairs:
        if found.setdefault(name, key) != key:
            twice.add(name)
    return {name: key for name, key in found.items() if name not in twice}


def _is_regularized(weight: Weight) -> bool:
    return weight.layer is not None and keras_names.is_regularized(
        weight.short, weight.layer.config
    )
