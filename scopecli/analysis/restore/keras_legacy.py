"""Keras's legacy layout, where layers get their weights by position or by name.

`keras/src/legacy/saving/legacy_h5_format.py`, and `hdf5_format.py` of tf_keras, which does the same
with other messages.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import zip_longest
from typing import TYPE_CHECKING

from scopecli.analysis.restore.drift import drifted
from scopecli.analysis.restore.keras_loaded import (
    VALUE_ERROR,
    Loaded,
    as_drift,
    joined,
    matched,
    unmatched,
)
from scopecli.analysis.restore.prediction import Complaint
from scopecli.errors import UnsupportedError
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scopecli.model.model import Model
    from scopecli.model.variable import Variable


class Layer(NamedTuple):
    """A layer with its weights; the one without a name is the model itself."""

    name: str
    weights: tuple[Variable, ...]


def layers(model: Model) -> list[Layer]:
    """The layers that a file lists.

    Raises:
        UnsupportedError: it lists none.
    """
    if not model.layer_weights:
        raise UnsupportedError(
            "does not list its layers",
            path=model.path,
            hint="it was written by Keras 0 or by something else, or the model is a custom class",
        )
    by_key = {variable.key: variable for variable in model.variables}
    return [
        Layer(layer.name, tuple(by_key[key] for key in layer.weights if key in by_key))
        for layer in model.layer_weights
    ]


def by_position(own: Sequence[Layer], saved: Sequence[Layer]) -> Loaded:
    """The first layer with weights gets those of the first layer in the file, and so on."""
    full = [layer for layer in own if layer.name and layer.weights]
    groups = [group for group in saved if group.name and group.weights]
    if len(full) != len(groups):
        return _other_count(full, groups)
    moved = drifted([(a.name, b.name) for a, b in zip(full, groups, strict=True)])
    parts = []
    for number, (layer, group) in enumerate(zip(full, groups, strict=True)):
        named = f"named {layer.name} in the current model, {group.name} in the save file"
        part = _paired(layer, group, number, named)
        if number in moved:
            part = part._replace(entries=[as_drift(entry) for entry in part.entries])
        parts.append(part)
    return joined([*parts, _top_level(own, saved)])


def _other_count(full: Sequence[Layer], groups: Sequence[Layer]) -> Loaded:
    """Nothing is loaded; weights that the file has are skipped, those that it lacks missing."""
    error = Complaint(
        VALUE_ERROR,
        "Layer count mismatch when loading weights from file."
        f" Model expected {len(full)} layers, found {len(groups)} saved layers.",
    )
    stored = {(group.name, n): one for group in groups for n, one in enumerate(group.weights)}
    entries = [
        matched("skipped", weight, stored[layer.name, number])
        if (layer.name, number) in stored
        else unmatched("missing", weight)
        for layer in full
        for number, weight in enumerate(layer.weights)
    ]
    for number, (layer, group) in enumerate(zip_longest(full, groups)):
        if layer is None or group is None or layer.name != group.name:
            here = [one.name if one else "nothing" for one in (layer, group)]
            note = f"the first difference is layer #{number}: {here[0]} in the model,"
            return Loaded(entries, error, (f"{note} {here[1]} in the file",))
    return Loaded(entries, error)


def by_name(own: Sequence[Layer], saved: Sequence[Layer]) -> Loaded:
    """Each layer gets the weights of the layer with its name, if there is one."""
    groups = {group.name: (number, group) for number, group in enumerate(saved) if group.name}
    parts: list[tuple[int, Loaded]] = []
    for layer in own:
        if layer.name in groups:
            number, group = groups[layer.name]
            parts.append((number, _paired(layer, group, number, f"named {layer.name}")))
        elif layer.name:
            left = [unmatched("skipped", weight) for weight in layer.weights]
            parts.append((len(saved), Loaded(left, None)))
    top = _top_level(own, saved)
    loaded = joined([*(part for _, part in parts), top])
    in_file_order = [part for _, part in sorted(parts, key=lambda pair: pair[0])]
    return loaded._replace(error=joined([*in_file_order, top]).error)


def _top_level(own: Sequence[Layer], saved: Sequence[Layer]) -> Loaded:
    """The weights that belong to the model and to no layer, which older files do not have."""
    model = next((layer for layer in own if not layer.name), Layer("", ()))
    group = next((group for group in saved if not group.name), None)
    if group is None:
        return Loaded([unmatched("skipped", weight) for weight in model.weights], None)
    return _paired(model, group, 0, "")


def _paired(layer: Layer, group: Layer, number: int, named: str) -> Loaded:
    """What becomes of the weights of a layer that is loaded from a group of the file."""
    where = f"layer #{number} ({named})" if layer.name else "top-level weights"
    expected, received = len(layer.weights), len(group.weights)
    if expected != received:
        message = (
            f"Weight count mismatch for {where}. Layer expects {expected} weight(s)."
            f" Received {received} saved weight(s)"
        )
        left = [unmatched("missing", weight) for weight in layer.weights]
        return Loaded(left, Complaint(VALUE_ERROR, message))
    entries = []
    for weight, stored in zip(layer.weights, group.weights, strict=True):
        entry = matched("restored", weight, stored)
        if weight.shape != stored.shape:
            message = (
                f"Shape mismatch in layer #{number} (named {layer.name}) for weight {weight.name}."
                f" Weight expects shape {weight.shape}. Received saved weight with shape"
                f" {stored.shape}"
            )
            error = Complaint(VALUE_ERROR, message)
            entry = replace(entry, status="shape", error=error)
        entries.append(entry)
    return Loaded(entries, next((one.error for one in entries if one.error), None))
