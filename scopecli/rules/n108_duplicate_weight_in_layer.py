"""N108: two weights of one layer have one name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.model.finding import Hit
from scopecli.model.names import leaf_of, scope_of
from scopecli.rules import damage
from scopecli.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.model.variable import Variable
    from scopecli.rules.context import Context

RULE = Rule(
    code="N108",
    name="duplicate-weight-in-layer",
    severity="error",
    needs="variables",
    summary="Two weights of one layer have the same name.",
    why="`add_weight(name='w')` twice in one layer works until the model is saved to HDF5: Keras"
    " cannot create the second dataset and stops in the middle of the file. Code that looks up a"
    " weight by its name gets either one.",
    fix="give each weight of the layer a name of its own",
    false_alarms="In an object graph a layer is told by what Keras does in one: it keeps each"
    " weight a second time, under the weight's name. Other modules of TensorFlow 2 need no names.",
    bad="""
        w: float32[3] object_path=layer/first path=layer/first
        w: float32[3] object_path=layer/w path=layer/w
    """,
    subjects=("layer/w",),
    good="""
        w: float32[3] object_path=layer/first path=layer/first
        v: float32[3] object_path=layer/v path=layer/v
        Variable: float32[3] object_path=module/w path=module/w
        Variable: float32[3] object_path=module/b path=module/b
    """,
)


def check(context: Context) -> Iterator[Hit]:
    """Look for a second weight of a name in each layer, or object of an object graph."""
    yield from damage.noted(context, "duplicate-weight")
    taken: dict[tuple[str, str], tuple[str, bool]] = {}
    for variable in context.own:
        owner, is_kept_by_name = _owner(variable)
        if owner:
            case = owner, variable.name
            other, is_layer = taken.setdefault(case, (variable.path, is_kept_by_name))
            if other != variable.path and (is_layer or is_kept_by_name):
                yield Hit(variable.path, f"is called {variable.name}, and so is {other}")


def _owner(variable: Variable) -> tuple[str, bool]:
    """The layer or object that has a weight, and whether it is a layer that keeps it by name."""
    layer, path = (variable.attributes.get(key) for key in ("layer", "object_path"))
    if isinstance(layer, str):
        return layer, True
    if isinstance(path, str):
        return scope_of(path, "/"), leaf_of(path, "/") == leaf_of(variable.name, "/")
    return "", False
