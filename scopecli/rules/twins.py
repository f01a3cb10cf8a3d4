"""Twins, scopes that were probably meant to be one; shared by the rules about them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.analysis.dataflow import VARIABLE_OPS, without_number
from scopecli.model.names import leaf_of
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.rules.context import Context


# The default names of layers in `tf.layers`, slim and Keras. Every call creates a new layer, so
# nothing of such a name could have been reused.
_UNNAMED = {
    *("dense", "fully_connected", "embedding", "batch_normalization", "layer_normalization"),
    *("conv1d", "conv2d", "conv3d", "conv2d_transpose", "conv3d_transpose", "depthwise_conv2d"),
    *("separable_conv1d", "separable_conv2d", "Conv", "Conv2d_transpose", "SeparableConv2d"),
    *("BatchNorm", "LayerNorm", "lstm", "gru", "simple_rnn", "conv_lstm2d", "bidirectional"),
}


class Twin(NamedTuple):
    """A scope that holds the same variables as the one with its name without a number.

    Attributes:
        scope: the scope with a number, which TensorFlow appended.
        first: the scope without.
        variables: names of the variables, relative to each scope.
    """

    scope: str
    first: str
    variables: tuple[str, ...]


def twins_of(context: Context) -> Iterator[Twin]:
    """The twins of a graph: `net_1` of `net`, on other inputs.

    No twins are `branch_0` and `branch_1`, whose numbers were chosen, scopes with the same input,
    which cannot have been meant to be one, layers without a name of their own, and anything that
    TensorFlow 2 finds by its object and not by a scope.
    """
    if context.finds_by_object:
        return
    for twins in context.reuse.twins:
        first, *others = twins.scopes
        if first == without_number(first) and leaf_of(first, "/") not in _UNNAMED:
            inputs = _inputs(context, first, twins.variables)
            for scope in others:
                if inputs.isdisjoint(_inputs(context, scope, twins.variables)):
                    yield Twin(scope, first, twins.variables)


def _inputs(context: Context, scope: str, variables: tuple[str, ...]) -> set[int]:
    """The nodes that feed what reads the variables of a scope, other than variables."""
    wiring = context.wiring
    found: set[int] = set()
    for name in variables:
        for reader in context.readers.of(f"{scope}/{name}"):
            origins = (wiring.origin(source) for source in wiring.inputs[wiring.find(reader)])
            found.update(node for node in origins if wiring.ops[node] not in VARIABLE_OPS)
    return found
