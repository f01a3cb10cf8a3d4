"""K603: a Keras file's weights do not fit the layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.model.finding import Hit
from scopecli.model.names import leaf_of
from scopecli.model.records import NamedTuple
from scopecli.rules import damage, restores
from scopecli.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.rules.context import Context

RULE = Rule(
    code="K603",
    name="config-weights-mismatch",
    severity="error",
    needs="variables",
    summary="A layer's weights are missing, or have another size than its configuration says.",
    why="Keras builds the layers from the configuration and then cannot load their weights: it ends"
    " with an error. Editing a file's configuration or weights by hand can lead to this.",
    fix="save the model again from the code that made it",
    false_alarms="With `--against`, the reference is the model that the weights are for.",
    bad="""
        format := keras-h5
        layer := dense Dense units=5
        dense/kernel: float32[4,3] layer=dense
    """,
    subjects=("dense/kernel",),
    good="""
        format := keras-h5
        layer := dense Dense units=3
        dense/kernel: float32[4,3] layer=dense
    """,
)

_WAYS = ("positional", "by_path")


class _Size(NamedTuple):
    """The setting that says how many columns a weight has, and how many for each unit of it."""

    weight: str
    setting: str
    times: int = 1


_SIZES = {
    "Conv1D": _Size("kernel", "filters"),
    "Conv2D": _Size("kernel", "filters"),
    "Conv3D": _Size("kernel", "filters"),
    "Dense": _Size("kernel", "units"),
    "Embedding": _Size("embeddings", "output_dim"),
    "GRU": _Size("kernel", "units", 3),
    "LSTM": _Size("kernel", "units", 4),
    "SimpleRNN": _Size("kernel", "units"),
}


def check(context: Context) -> Iterator[Hit]:
    """Compare weights with the configuration, and with a model that they are for."""
    yield from damage.noted(context, "missing-weight")
    layers = {layer.path: layer for layer in context.model.layers}
    for variable in context.own if layers else ():
        layer = layers.get(str(variable.attributes.get("layer", "")))
        row = _SIZES.get(layer.class_name) if layer is not None else None
        if layer is None or row is None or not variable.shape:
            continue
        leaf = leaf_of(variable.name, context.model.separator)
        setting = layer.config.get(row.setting)
        if leaf != row.weight or type(setting) is not int:
            continue
        if variable.shape[-1] != setting * row.times:
            size = f"{variable.shape[-1]} columns"
            yield Hit(variable.name, f"has {size}, where {row.setting}={setting} in the layer")
    for attempt in restores.attempts(context)[:1]:
        if attempt.way in _WAYS and attempt.error is not None:
            yield Hit("", f"{attempt.call} would fail: {attempt.error.message}")
