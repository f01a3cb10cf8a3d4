"""`tf.nn.rnn_cell`: cells that are layers of two inputs.

https://github.com/tensorflow/tensorflow/blob/v1.15.5/tensorflow/python/ops/rnn_cell_impl.py
"""

from __future__ import annotations

from typing import Any, NamedTuple

from scopecli.dryrun.graph.nodes import Tensor
from scopecli.dryrun.graph.scopes import name_scope
from scopecli.dryrun.initializers import constant_initializer, zeros_initializer
from scopecli.dryrun.layers.base import Layer
from scopecli.dryrun.namespaces import attributes
from scopecli.dryrun.nn.activations import bias_add, dropout
from scopecli.dryrun.ops.applying import apply, constant, convert_to_tensor
from scopecli.dryrun.ops.arithmetic import add
from scopecli.dryrun.ops.arrays import concat, expand_dims, split
from scopecli.dryrun.ops.filled import zeros
from scopecli.dryrun.ops.products import matmul
from scopecli.dryrun.values.structures import flattened, repacked
from scopecli.dryrun.variables.opening import variable_scope
from scopecli.dryrun.variables.scope import get_variable_scope

__getattr__: Any = attributes(__name__, {})


class LSTMStateTuple(NamedTuple):
    """The state of a long short-term memory.

    Attributes:
        c: what it remembers.
        h: what it gave last.
    """

    c: Any
    h: Any


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


def _zeros(batch_size: Any, units: int, dtype: Any) -> Tensor:
    """A state, with the constants that its shape is put together from."""
    fed = isinstance(batch_size, Tensor)
    rows = expand_dims(batch_size, 0) if fed else constant([int(batch_size)], "int32")
    found = zeros(concat([rows, constant([units], "int32")], 0), dtype)
    if fed:
        expand_dims(batch_size, 0)  # the static shape is asked for in the same way
    else:
        constant([int(batch_size)], "int32")
    constant([units], "int32")
    found.set_shape([None if fed else int(batch_size), units])
    return found


class _LayerCell(RNNCell):
    """A cell whose variables are those of a layer."""

    def __call__(self, inputs: Any, state: Any = None, scope: Any = None, **options: Any) -> Any:
        return Layer.__call__(self, inputs, state, scope=scope, **options)


def _depth(input_shape: Any) -> int:
    depth = input_shape[-1].value
    if depth is None:
        raise ValueError(f"Expected inputs.shape[-1] to be known, received shape: {input_shape}")
    return int(depth)


def _tanh(x: Any) -> Tensor:
    return apply("Tanh", x)


def _gate(x: Any) -> Tensor:
    return apply("Sigmoid", convert_to_tensor(x, name="x"))


class BasicRNNCell(_LayerCell):
    """The plainest cell."""

    def __init__(
        self,
        num_units: int,
        activation: Any = None,
        reuse: Any = None,
        name: Any = None,
        dtype: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(_reuse=reuse, name=name, dtype=dtype, **options)
        self.units = self.state_size = self.output_size = num_units
        self.activation = activation or _tanh
        self.kernel: Any = None
        self.bias: Any = None

    def build(self, input_shape: Any) -> None:
        depth = _depth(input_shape)
        self.kernel = self.add_weight("kernel", [depth + self.units, self.units])
        self.bias = self.add_weight("bias", [self.units], initializer=zeros_initializer())

    def call(self, inputs: Any, state: Any = None, **_: Any) -> Any:
        gate = bias_add(matmul(concat([inputs, state], 1), self.kernel), self.bias)
        output = self.activation(gate)
        return output, output


class BasicLSTMCell(_LayerCell):
    """A long short-term memory."""

    def __init__(
        self,
        num_units: int,
        forget_bias: float = 1.0,
        state_is_tuple: bool = True,
        activation: Any = None,
        reuse: Any = None,
        name: Any = None,
        dtype: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(_reuse=reuse, name=name, dtype=dtype, **options)
        self.units = self.output_size = num_units
        self.forget_bias = forget_bias
        self.state_is_tuple = state_is_tuple
        pair = LSTMStateTuple(num_units, num_units)
        self.state_size = pair if state_is_tuple else 2 * num_units
        self.activation = activation or _tanh
        self.initializer: Any = None
        self.kernel: Any = None
        self.bias: Any = None

    def build(self, input_shape: Any) -> None:
        depth, units = _depth(input_shape), self.units
        sizes = [depth + units, 4 * units]
        self.kernel = self.add_weight("kernel", sizes, initializer=self.initializer)
        self.bias = self.add_weight("bias", [4 * units], initializer=zeros_initializer())

    def call(self, inputs: Any, state: Any = None, **_: Any) -> Any:
        one = constant(1, "int32")
        c, h = state if self.state_is_tuple else split(state, 2, one)
        gates = bias_add(matmul(concat([inputs, h], 1), self.kernel), self.bias)
        i, j, f, o = split(gates, 4, one)
        forget = constant(self.forget_bias, f.dtype)
        kept = apply("Mul", c, _gate(add(f, forget)))
        new_c = add(kept, apply("Mul", _gate(i), self.activation(j)))
        new_h = apply("Mul", self.activation(new_c), _gate(o))
        if self.state_is_tuple:
            return new_h, LSTMStateTuple(new_c, new_h)
        return new_h, concat([new_c, new_h], 1)


class LSTMCell(BasicLSTMCell):
    """A long short-term memory with an initializer of its own."""

    def __init__(
        self,
        num_units: int,
        use_peepholes: bool = False,
        cell_clip: Any = None,
        initializer: Any = None,
        num_proj: Any = None,
        forget_bias: float = 1.0,
        state_is_tuple: bool = True,
        activation: Any = None,
        reuse: Any = None,
        name: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(num_units, forget_bias, state_is_tuple, activation, reuse, name, **options)
        self.initializer = initializer


class GRUCell(_LayerCell):
    """A gated recurrent unit."""

    def __init__(
        self,
        num_units: int,
        activation: Any = None,
        reuse: Any = None,
        kernel_initializer: Any = None,
        bias_initializer: Any = None,
        name: Any = None,
        dtype: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(_reuse=reuse, name=name, dtype=dtype, **options)
        self.units = self.state_size = self.output_size = num_units
        self.activation = activation or _tanh
        self.initializers = (kernel_initializer, bias_initializer)
        self.gates: tuple[Any, ...] = ()

    def build(self, input_shape: Any) -> None:
        rows, units = _depth(input_shape) + self.units, self.units
        kernel, bias = self.initializers
        ones, none = bias or constant_initializer(1.0), bias or zeros_initializer()
        self.gates = (
            self.add_weight("gates/kernel", [rows, 2 * units], initializer=kernel),
            self.add_weight("gates/bias", [2 * units], initializer=ones),
            self.add_weight("candidate/kernel", [rows, units], initializer=kernel),
            self.add_weight("candidate/bias", [units], initializer=none),
        )

    def call(self, inputs: Any, state: Any = None, **_: Any) -> Any:
        kernel, bias, candidate, candidate_bias = self.gates
        values = _gate(bias_add(matmul(concat([inputs, state], 1), kernel), bias))
        r, u = split(values, 2, 1)
        kept: Any = r * state
        found = bias_add(matmul(concat([inputs, kept], 1), candidate), candidate_bias)
        candidate_state = self.activation(found)
        new: Any = u * state + (1 - u) * candidate_state
        return new, new


class MultiRNNCell(RNNCell):
    """Several cells, each on top of the one before."""

    def __init__(self, cells: Any, state_is_tuple: bool = True) -> None:
        super().__init__()
        self.cells = list(cells)
        self.state_size = tuple(cell.state_size for cell in self.cells)
        self.output_size = self.cells[-1].output_size

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        with name_scope(type(self).__name__ + "ZeroState"):
            return tuple(cell.zero_state(batch_size, dtype) for cell in self.cells)

    def call(self, inputs: Any, state: Any = None, **_: Any) -> Any:
        states = []
        for number, (cell, before) in enumerate(zip(self.cells, state, strict=True)):
            with variable_scope(f"cell_{number}"):
                inputs, after = cell(inputs, before)
                states.append(after)
        return inputs, tuple(states)


class DropoutWrapper(RNNCell):
    """A cell some of whose inputs and outputs become zero."""

    def __init__(
        self,
        cell: Any,
        input_keep_prob: Any = 1.0,
        output_keep_prob: Any = 1.0,
        state_keep_prob: Any = 1.0,
        **_: Any,
    ) -> None:
        super().__init__()
        self.cell = cell
        self.keep = (input_keep_prob, output_keep_prob)
        self.state_size, self.output_size = cell.state_size, cell.output_size

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        with name_scope(type(self).__name__ + "ZeroState"):
            return self.cell.zero_state(batch_size, dtype)

    def __call__(self, inputs: Any, state: Any = None, scope: Any = None, **_: Any) -> Any:
        before, behind = self.keep
        if isinstance(before, Tensor) or before < 1:
            inputs = dropout(inputs, before)
        output, new = self.cell(inputs, state, scope=scope)
        if isinstance(behind, Tensor) or behind < 1:
            output = dropout(output, behind)
        return output, new
