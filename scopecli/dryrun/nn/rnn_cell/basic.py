"""The cells whose state is one tensor."""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.layers.checking import activation_of
from scopecli.dryrun.nn.activations import bias_add
from scopecli.dryrun.nn.rnn_cell.base import LayerCell, depth_of, gate, tanh
from scopecli.dryrun.ops.arrays import concat, split
from scopecli.dryrun.ops.products import matmul
from scopecli.dryrun.variables.initializers import constant_initializer, zeros_initializer


class BasicRNNCell(LayerCell):
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
        self.activation = activation_of(activation) or tanh
        self.kernel: Any = None
        self.bias: Any = None

    def build(self, input_shape: Any) -> None:
        depth = depth_of(input_shape)
        self.kernel = self.add_weight("kernel", [depth + self.units, self.units])
        self.bias = self.add_weight("bias", [self.units], initializer=zeros_initializer())

    def call(self, inputs: Any, state: Any = None, **_: Any) -> Any:
        gate = bias_add(matmul(concat([inputs, state], 1), self.kernel), self.bias)
        output = self.activation(gate)
        return output, output


class GRUCell(LayerCell):
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
        self.activation = activation_of(activation) or tanh
        self.initializers = (kernel_initializer, bias_initializer)
        self.gates: tuple[Any, ...] = ()

    def build(self, input_shape: Any) -> None:
        rows, units = depth_of(input_shape) + self.units, self.units
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
        values = gate(bias_add(matmul(concat([inputs, state], 1), kernel), bias))
        r, u = split(values, 2, 1)
        kept: Any = r * state
        found = bias_add(matmul(concat([inputs, kept], 1), candidate), candidate_bias)
        candidate_state = self.activation(found)
        new: Any = u * state + (1 - u) * candidate_state
        return new, new
