"""The variables of a model, and their values."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scopecli.model.model import Model
    from scopecli.model.variable import Variable


def by_key(model: Model) -> dict[str, Variable]:
    found = {variable.key: variable for variable in model.variables}
    assert len(found) == len(model.variables)
    return found


def values(model: Model, key: str) -> bytes:
    variable = by_key(model)[key]
    assert model.tensors is not None
    return model.tensors.read(variable, 0, variable.params)
