"""Keras 3's own layout: each object of a model looks for its variables at its place in the file.

A place consists of classes and numbers, `layers/dense_1`, and not of names.
`keras/src/saving/saving_lib.py`: `_load_state`, `_load_container_state`.
"""

from __future__ import annotations

from dataclasses import replace
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
from scopecli.model.names import leaf_of, natural_key, scope_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from scopecli.analysis.restore.prediction import Entry
    from scopecli.model.model import Model
    from scopecli.model.variable import Variable

_VARS = "vars/"
_LAYERS = "layers"


def by_path(model: Model, weights: Model) -> Loaded:
    """Each object gets the variables at its place, by their numbers."""
    own, saved = _objects(model), _objects(weights)
    both = [place for place in own if place in saved]
    moved = drifted([(_owner(own[place][0]), _owner(saved[place][0])) for place in both])
    drifting = {both[number] for number in moved}
    parts = []
    for place, variables in own.items():
        part = _object(variables, saved.get(place, []))
        if place in drifting and _says_names(saved):
            part = part._replace(entries=[as_drift(entry) for entry in part.entries])
        parts.append(part)
    loaded = joined(parts)
    failed = sum(part.error is not None for part in parts)
    if failed:
        message = f"A total of {failed} objects could not be loaded"
        return loaded._replace(error=Complaint(VALUE_ERROR, message))
    return loaded


def _object(variables: Sequence[Variable], stored: Sequence[Variable]) -> Loaded:
    """What becomes of one object's variables: `Layer.load_own_variables`."""
    if len(variables) != len(stored):
        message = (
            f"Layer '{leaf_of(_owner(variables[0]), '/')}' expected {len(variables)} variables, but"
            f" received {len(stored)} variables during loading"
        )
        missed = Complaint(VALUE_ERROR, message)
        left = [replace(unmatched("missing", one), error=missed) for one in variables]
        return Loaded(left, missed)
    entries: list[Entry] = []
    error: Complaint | None = None
    for variable, found in zip(variables, stored, strict=True):
        entry = matched("restored", variable, found)
        if error is not None:
            entry = replace(entry, status="skipped")
        elif variable.shape != found.shape:
            message = (
                "The shape of the target variable and the shape of the target value in"
                f" `variable.assign(value)` must match. variable.shape={variable.shape},"
                f" Received: value.shape={found.shape}"
            )
            error = Complaint(VALUE_ERROR, message)
            entry = replace(entry, status="shape", error=error)
        entries.append(entry)
    return Loaded(entries, error)


def _objects(model: Model) -> dict[str, list[Variable]]:
    """The variables of each object by its place in the file, in the order of their numbers."""
    found: dict[str, list[Variable]] = {}
    for variable in model.variables:
        place, mark, _ = variable.key.rpartition(_VARS)
        if mark and variable.kind == "variable":
            found.setdefault(place, []).append(variable)
    for variables in found.values():
        variables.sort(key=lambda variable: natural_key(variable.key))
    return found


def _owner(variable: Variable) -> str:
    """The path of the layer that a variable is in, by its name."""
    return scope_of(variable.name, "/")


def _says_names(objects: Mapping[str, Sequence[Variable]]) -> bool:
    """Whether a file has the names of its layers; before Keras 3.7 it has only places.

    Parts of a layer have names of their own (`_key_dense` is `key`), whatever the file says.
    """
    return any(
        leaf_of(_owner(variables[0]), "/") != leaf_of(place.rstrip("/"), "/")
        for place, variables in objects.items()
        if leaf_of(scope_of(place.rstrip("/"), "/"), "/") == _LAYERS
    )
