"""Keras's own description of a model: `model_config` in an .h5, `config.json` in a `.keras`.

What `Model.get_config` and `serialize_keras_object` wrote, from Keras 1 to 3: `keras/engine/
topology.py` (`Container.get_config`), `keras/src/models/functional.py` (`Functional.get_config`),
`keras/src/saving/serialization_lib.py`. The JSON is anybody's: a value of another type than Keras
writes counts as absent, and nothing recurses.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

# No model that Keras made comes near these; they keep a hostile config from filling the memory.
_MAX_DEPTH = 50
_MAX_PATH = 1_000
_MAX_LAYERS = 1_000_000
# Where a layer's config keeps other layers: models, wrappers, recurrent layers.
_CHILD_LISTS = ("layers", "cells")
_CHILDREN = ("layer", "cell")
_BIDIRECTIONAL = "Bidirectional"


class Layer(NamedTuple):
    """A layer of a model, or of a model inside it.

    Attributes:
        path: names from the top-level layer down, joined with `/`; the model's own is not in it.
        parent: path of the model or wrapper that it is in; empty at the top.
        name: its own name, which may hold a `/`.
        top: name of the top-level layer that it is in or is.
        class_name: as registered: `Dense`, `Custom>MyLayer`.
        trainable: whether it is; before Keras 3, and everything around it.
        config: its own settings.
        calls: for each time it was called, the names of the layers whose outputs it was given.
        is_container: whether other layers are inside.
        item: what the document has of it; both directions of a Bidirectional may have the same.
    """

    path: str
    parent: str
    name: str
    top: str
    class_name: str
    trainable: bool
    config: Mapping[str, object]
    calls: tuple[tuple[str, ...], ...]
    is_container: bool
    item: Mapping[str, object]


class ModelConfig(NamedTuple):
    """A model's class and name, and its layers: each before those inside it, in Keras's order."""

    class_name: str
    name: str
    layers: Sequence[Layer]


class _Around(NamedTuple):
    """What a layer takes over from those that it is in."""

    path: str
    top: str
    trainable: bool
    inherited: bool
    depth: int


class _Pending(NamedTuple):
    """A serialized layer that is still to be looked at."""

    item: Mapping[str, object]
    name: str
    around: _Around


def parse(text: str | bytes, keras_version: str = "") -> ModelConfig | None:
    """The model that a JSON document describes; None where it is not one."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return walk(document, keras_version) if isinstance(document, dict) else None


def walk(document: Mapping[str, object], keras_version: str = "") -> ModelConfig:
    """The layers of a serialized model.

    Before Keras 3, a layer that is not trainable freezes those inside it. In Keras 3 each variable
    has a flag of its own: to freeze a layer later on sets that of all inside, and their configs
    say so, and to make one with `trainable=False` does not.
    """
    config = _mapping(document.get("config"))
    layers: list[Layer] = []
    trainable = config.get("trainable") is not False
    inherited = not keras_version.startswith("3.")
    pending = _inside(document, _Around("", "", trainable, inherited, 0))[::-1]
    while pending and len(layers) < _MAX_LAYERS:
        layer, inside = _layer(pending.pop())
        layers.append(layer)
        pending += reversed(inside)
    return ModelConfig(_text(document.get("class_name")), _text(config.get("name")), layers)


def _layer(pending: _Pending) -> tuple[Layer, list[_Pending]]:
    """A layer, and those directly inside it."""
    item, name, around = pending
    config = _mapping(item.get("config"))
    path = f"{around.path}/{name}" if around.path else name
    top = around.top or name
    trainable = around.trainable and config.get("trainable") is not False
    passed_on = trainable if around.inherited else around.trainable
    inside = _inside(item, _Around(path, top, passed_on, around.inherited, around.depth + 1))
    nodes = item.get("inbound_nodes")
    layer = Layer(
        path,
        around.path,
        name,
        top,
        _text(item.get("class_name")),
        trainable,
        config,
        tuple(_inbound(node) for node in nodes) if isinstance(nodes, list) else (),
        bool(inside),
        item,
    )
    return layer, inside


def _inside(item: Mapping[str, object], around: _Around) -> list[_Pending]:
    """The serialized layers directly inside one."""
    if around.depth > _MAX_DEPTH or len(around.path) > _MAX_PATH:
        return []
    found = []
    for child, prefix in _serialized_inside(item):
        config = _mapping(child.get("config"))
        name = prefix + (_text(config.get("name")) or _text(child.get("name")))
        if name:
            found.append(_Pending(child, name, around))
    return found


def _serialized_inside(item: Mapping[str, object]) -> Iterator[tuple[Mapping[str, object], str]]:
    """What `_inside` names, each with what its name starts with."""
    config = item.get("config")
    if isinstance(config, list):  # a Sequential model before Keras 2.2.3
        yield from ((child, "") for child in config if isinstance(child, dict))
        return
    config = _mapping(config)
    for key in _CHILD_LISTS:
        children = config.get(key)
        if isinstance(children, list):
            yield from ((child, "") for child in children if isinstance(child, dict))
    for key in _CHILDREN:
        child = config.get(key)
        if not isinstance(child, dict) or "class_name" not in child:
            continue
        if item.get("class_name") == _BIDIRECTIONAL:
            backward = config.get("backward_layer")
            yield child, _unless_there(child, "forward_")
            yield (
                (backward, _unless_there(backward, "backward_"))
                if isinstance(backward, dict)
                else (child, "backward_")
            )
        else:
            yield child, ""


def _unless_there(child: Mapping[str, object], prefix: str) -> str:
    """The prefix that `Bidirectional.__init__` gives to the name of a direction's layer."""
    return "" if _text(_mapping(child.get("config")).get("name")).startswith(prefix) else prefix


def _inbound(node: object) -> tuple[str, ...]:
    """Names of the layers that one call took its tensors from.

    A tensor is `[layer, node index, tensor index, ...]` wherever it stands: directly in a node of
    Keras 1 and 2, as the `keras_history` of an argument in Keras 3.
    """
    names: list[str] = []
    pending: list[object] = [node]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            pending += reversed(value.values())
        elif isinstance(value, list):
            match value:
                case [str(name), int(), int(), *rest]:
                    names.append(name)
                    pending += reversed(rest)
                case _:
                    pending += reversed(value)
    return tuple(dict.fromkeys(names))


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
