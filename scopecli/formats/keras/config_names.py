"""New names for layers in Keras's own description of a model.

A layer is named where it is described, and wherever another takes its output: `inbound_nodes` of
the layers of its model, the model's `input_layers` and `output_layers`, and losses and metrics that
are given by output.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from scopecli.errors import UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from scopecli.formats.keras.config import Layer, ModelConfig

# What `Model.compile` may have been given by the names of outputs.
_BY_OUTPUT = ("loss", "loss_weights", "metrics", "weighted_metrics")


def rename(
    document: dict[str, Any], config: ModelConfig, names: Mapping[str, str], path: str
) -> None:
    """Change a document, and so what `config`, which was read from it, says.

    Args:
        document: the description.
        config: the layers in it.
        names: for the paths of layers, their new names within their models.
        path: the file, for errors.

    Raises:
        UnsupportedError: a name that Keras makes itself would be another.
    """
    inside: dict[str, list[Layer]] = {}
    for layer in config.layers:
        inside.setdefault(layer.parent, []).append(layer)
    models: list[tuple[Any, str]] = [(document, "")]
    models += [(layer.item, layer.path) for layer in config.layers if layer.is_container]
    for item, model in models:
        layers = inside.get(model, [])
        changed = {layer.name: names[layer.path] for layer in layers if layer.path in names}
        if changed:
            _rename_references(item, changed)
    _rename_items(config.layers, names, path)


def rename_outputs(document: Mapping[str, Any], names: Mapping[str, str], compiled: Any) -> None:
    """Change what a model was compiled with, where that is given by the names of its outputs.

    Args:
        document: the model's description.
        names: for the paths of layers, their new names.
        compiled: what is to be changed.
    """
    settings = document.get("config")
    if isinstance(settings, dict) and isinstance(settings.get("output_layers"), dict):
        return  # the outputs have names of their own
    for key in _BY_OUTPUT if isinstance(compiled, dict) else ():
        value = compiled.get(key)
        if isinstance(value, dict):
            compiled[key] = {names.get(name, name): value[name] for name in value}


def as_written(document: object, original: str, path: str) -> str:
    """JSON in the way that the original is written, as far as can be told.

    Raises:
        UnsupportedError: it is nested too deeply.
    """
    separators = (", ", ": ") if '": ' in original else (",", ":")
    try:
        plain = json.dumps(document, separators=separators)
        if original.isascii():
            return plain
        text = json.dumps(document, ensure_ascii=False, separators=separators)
    except RecursionError as error:
        raise UnsupportedError("has a config that is nested too deeply", path=path) from error
    # Half of a pair that stands for one character can only be written escaped.
    return text if text.encode("utf-8", "replace").decode() == text else plain


def _rename_items(layers: Sequence[Layer], names: Mapping[str, str], path: str) -> None:
    wanted: dict[int, str] = {}
    items: dict[int, Any] = {}
    for layer in layers:
        item: Any = layer.item
        settings = item.get("config")
        written = settings.get("name") if isinstance(settings, dict) else None
        written = written if isinstance(written, str) and written else item.get("name")
        # A Bidirectional puts `forward_` and `backward_` before the name that is written.
        prefix = layer.name.removesuffix(str(written))
        new = names.get(layer.path, layer.name)
        if (
            not new.startswith(prefix)
            or wanted.setdefault(id(item), new[len(prefix) :]) != (new[len(prefix) :])
        ):
            raise UnsupportedError(
                f"the two directions of {layer.parent} are called forward_NAME and backward_NAME"
                " by Keras, with one NAME",
                path=path,
                where=layer.path,
            )
        items[id(item)] = item
    for key, item in items.items():
        settings = item.get("config")
        for holder in (item, settings):
            if isinstance(holder, dict) and isinstance(holder.get("name"), str):
                holder["name"] = wanted[key]


def _rename_references(model: dict[str, Any], names: Mapping[str, str]) -> None:
    settings = model.get("config")
    if not isinstance(settings, dict):
        return  # a list of layers, each of which takes what the one before it gives
    pending = [settings.get("input_layers"), settings.get("output_layers")]
    layers = settings.get("layers")
    items = layers if isinstance(layers, list) else []
    pending += [item.get("inbound_nodes") for item in items if isinstance(item, dict)]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            pending += value.values()
        elif isinstance(value, list):
            match value:
                case [str(name), int(), int(), *_] if name in names:
                    value[0] = names[name]
            pending += value
