"""Static shapes of the outputs, from the inputs and attributes of a node.

A function gets the inputs as the table lists them and gives one shape for every output, or a list
with a shape for each. Messages are those of TensorFlow's own shape functions. The table names a
function with its module, `nn.pool`, which is imported when the first such node is made.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/framework/common_shape_fns.cc
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    Inputs = Sequence[Any]
    Attributes = dict[str, Any]


def shape_function(name: str) -> Any:
    """The function that a row of the table names."""
    module, _, function = name.rpartition(".")
    return getattr(import_module(f"{__name__}.{module or 'common'}"), function)
