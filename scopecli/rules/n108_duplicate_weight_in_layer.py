"""N108: two weights of one layer have one name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.model.finding import Hit
from scopecli.model.names import scope_of
from scopecli.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from scopecli.rules.context import Context

RULE = Rule(
    code="N108",
    name="duplicate-weight-in-layer",
    severity="error",
    needs="variables",
    summary="Two weights of one layer have the same name.",
    why="`add_weight(name='w')` twice in one layer works until the model is saved to HDF5: Keras"
    " cannot make the second dataset and stops in the middle of the file. Whoever looks a weight up"
    " by its name gets either one.",
    fix="give each weight of the layer a name of its own",
    bad="""
        w: float32[3] object_path=layer/first path=layer/first
        w: float32[3] object_path=layer/second path=layer/second
    """,
    subjects=("layer/second",),
    good="""
        w: float32[3] object_path=layer/first path=layer/first
        v: float32[3] object_path=layer/second path=layer/second
    """,
)

# Lists that hold the weights of many layers.
_OF_ALL_LAYERS = frozenset({"_trainable_variables", "_variables"})


def check(context: Context) -> Iterator[Hit]:
    """Look for a second weight of a name in each layer, or object of an object graph."""
    taken: dict[tuple[str, str], str] = {}
    for variable in context.own:
        if variable.attributes:
            owner = _owner(variable.attributes)
            other = taken.setdefault((owner, variable.name), variable.path) if owner else ""
            if owner and other != variable.path:
                yield Hit(variable.path, f"is called {variable.name}, and so is {other}")


def _owner(attributes: Mapping[str, object]) -> str:
    for key in ("layer", "object_path"):
        value = attributes.get(key)
        if isinstance(value, str):
            owner = value if key == "layer" else scope_of(value, "/")
            return "" if _OF_ALL_LAYERS.intersection(owner.split("/")) else owner
    return ""
