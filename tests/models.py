"""What tests ask of a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.analysis.values import preview

if TYPE_CHECKING:
    from scopecli.model.model import Model
    from scopecli.model.variable import Variable


def by_key(model: Model) -> dict[str, Variable]:
    """The variables by their keys, which are unique."""
    found = {variable.key: variable for variable in model.variables}
    assert len(found) == len(model.variables)
    return found


def get(model: Model, key: str) -> Variable:
    """The variable of a key."""
    return next(variable for variable in model.variables if variable.key == key)


def only(model: Model) -> Variable:
    """The variable, where there is one."""
    (variable,) = model.variables
    return variable


def data_of(model: Model, key: str) -> bytes:
    """All values of a variable, as they are."""
    variable = get(model, key)
    assert model.tensors is not None
    return model.tensors.read(variable, 0, variable.params)


def numbers(model: Model, key: str) -> list[object]:
    """The first values of a variable, nested as its shape is."""
    found: list[object] = preview(model, get(model, key)).tolist()
    return found


def codes(model: Model) -> list[tuple[str, str]]:
    """What is noted, and of what."""
    return [(note.code, note.subject) for note in model.notes]
