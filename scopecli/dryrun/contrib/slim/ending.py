"""What the layers of slim have in common: their defaults, and how each of them ends."""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.contrib.slim.utils import collect_named_outputs
from scopecli.dryrun.contrib.slim.weights import xavier_initializer
from scopecli.dryrun.ops.applying import apply
from scopecli.dryrun.variables.initializers import (
    zeros_initializer,
)


def rectified(x: Any) -> Any:
    """The activation where none is given."""
    return apply("Relu", x)


XAVIER, ZEROS = xavier_initializer(), zeros_initializer()


def finished(
    outputs: Any, normalizer: Any, parameters: Any, activation: Any, collections: Any, alias: str
) -> Any:
    """What a layer gives: normalized, activated, and kept under the layer's name."""
    if normalizer is not None:
        outputs = normalizer(outputs, **(parameters or {}))
    if activation is not None:
        outputs = activation(outputs)
    return collect_named_outputs(collections, alias, outputs)


def check_depth(inputs: Any, axis: int, words: str) -> None:
    """Refuse inputs whose last dimension is not known, as there would be no weights.

    Raises:
        ValueError: with these words.
    """
    if inputs.dims and inputs.dims[axis] is None:
        from scopecli.dryrun.ops.opaque import blame

        blame(inputs, "a layer of slim")
        raise ValueError(words)
