"""What every cell of a recurrent network is."""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.graph.nodes import Tensor
from scopecli.dryrun.graph.scopes import name_scope
from scopecli.dryrun.layers.base import Layer
from scopecli.dryrun.ops.applying import apply, convert_to_tensor
from scopecli.dryrun.ops.arrays import concat, expand_dims
from scopecli.dryrun.ops.constants import constant
from scopecli.dryrun.ops.filled import zeros
from scopecli.dryrun.values.shapes import TensorShape
from scopecli.dryrun.values.structures import flattened, repacked
from scopecli.dryrun.variables.opening import variable_scope
from scopecli.dryrun.variables.scope import get_variable_scope


class RNNCell(Layer):
    """One step of a recurrent network.

    Attributes:
        state_size: number of units of the state, or several.
        output_size: number of units that it gives.
    """

    state_size: Any = 0
    output_size: Any = 0

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        """A state of zeros."""
        with name_scope(type(self).__name__ + "ZeroState"):
            sizes = flattened(self.state_size)
            return repacked(self.state_size, [_zeros(batch_size, n, dtype) for n in sizes])

    def __call__(self, inputs: Any, state: Any = None, scope: Any = None, **options: Any) -> Any:
        if scope is not None:
            with variable_scope(scope) as opened:
                return super().__call__(inputs, state, scope=opened, **options)
        with variable_scope(get_variable_scope()):
            return super().__call__(inputs, state, **options)


def sizes_of(batch_size: Any, units: Any) -> Tensor:
    """Batch size and number of units as one tensor; of pictures, their sizes."""
    fed = isinstance(batch_size, Tensor)
    rows = expand_dims(batch_size, 0) if fed else constant([int(batch_size)], "int32")
    return concat([rows, constant(inner_sizes(units), "int32")], 0)


def inner_sizes(units: Any) -> list[Any]:
    """The sizes of what is there for each example."""
    return [*units.as_list()] if isinstance(units, TensorShape) else [int(units)]


def _zeros(batch_size: Any, units: int, dtype: Any) -> Tensor:
    """A state, with the constants that its shape is put together from."""
    fed = isinstance(batch_size, Tensor)
    found = zeros(sizes_of(batch_size, units), dtype)
    if fed:
        expand_dims(batch_size, 0)  # the static shape is asked for in the same way
    else:
        constant([int(batch_size)], "int32")
    constant([units], "int32")
    found.set_shape([None if fed else int(batch_size), units])
    return found


class LayerCell(RNNCell):
    """A cell whose variables are those of a layer."""

    def __call__(self, inputs: Any, state: Any = None, scope: Any = None, **options: Any) -> Any:
        return Layer.__call__(self, inputs, state, scope=scope, **options)


def depth_of(input_shape: Any) -> int:
    """Size of the last axis.

    Raises:
        ValueError: it is not known.
    """
    depth = input_shape[-1].value
    if depth is None:
        raise ValueError(f"Expected inputs.shape[-1] to be known, received shape: {input_shape}")
    return int(depth)


def tanh(x: Any) -> Tensor:
    """The activation where none is given."""
    return apply("Tanh", x)


def gate(x: Any) -> Tensor:
    """How much comes through."""
    return apply("Sigmoid", convert_to_tensor(x, name="x"))
