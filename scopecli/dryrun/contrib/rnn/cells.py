"""Cells that are long short-term memories of another kind, or none.

https://github.com/tensorflow/tensorflow/blob/v1.15.5/tensorflow/contrib/rnn/python/ops/rnn_cell.py
"""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.contrib.rnn.linear import Linear
from scopecli.dryrun.contrib.slim.layers import layer_norm
from scopecli.dryrun.layers.checking import activation_of
from scopecli.dryrun.nn.activations import bias_add, dropout
from scopecli.dryrun.nn.convolutions import convolution
from scopecli.dryrun.nn.rnn_cell.base import RNNCell, depth_of, gate, tanh
from scopecli.dryrun.nn.rnn_cell.lstm import LSTMStateTuple
from scopecli.dryrun.ops.applying import apply
from scopecli.dryrun.ops.arrays import concat, split
from scopecli.dryrun.ops.products import matmul
from scopecli.dryrun.values.shapes import TensorShape
from scopecli.dryrun.variables.getting import get_variable
from scopecli.dryrun.variables.initializers import constant_initializer, zeros_initializer
from scopecli.dryrun.variables.opening import variable_scope


class LayerNormBasicLSTMCell(RNNCell):
    """A long short-term memory whose gates are normalized."""

    def __init__(
        self,
        num_units: int,
        forget_bias: float = 1.0,
        input_size: Any = None,
        activation: Any = None,
        layer_norm: bool = True,
        norm_gain: float = 1.0,
        norm_shift: float = 0.0,
        dropout_keep_prob: Any = 1.0,
        dropout_prob_seed: Any = None,
        reuse: Any = None,
    ) -> None:
        super().__init__(_reuse=reuse)
        self.units = self.output_size = num_units
        self.state_size = LSTMStateTuple(num_units, num_units)
        self.forget_bias = forget_bias
        self.activation = activation_of(activation) or tanh
        self.normalizes = layer_norm
        self.norm = norm_gain, norm_shift
        self.keep = dropout_keep_prob

    def _normalized(self, value: Any, scope: str) -> Any:
        if not self.normalizes:
            return value
        gain, shift = self.norm
        with variable_scope(scope):
            sizes = value.shape[-1:]
            get_variable("gamma", sizes, value.dtype, constant_initializer(gain))
            get_variable("beta", sizes, value.dtype, constant_initializer(shift))
        return layer_norm(value, reuse=True, scope=scope)

    def call(self, inputs: Any, state: Any = None, **_: Any) -> Any:
        c, h = state
        together = concat([inputs, h], 1)
        rows, kind = depth_of(together.shape), together.dtype
        kernel = get_variable("kernel", [rows, 4 * self.units], kind)
        gates = matmul(together, kernel)
        if not self.normalizes:
            gates = bias_add(gates, get_variable("bias", [4 * self.units], kind))
        i, j, f, o = (
            self._normalized(value, scope)
            for value, scope in zip(
                split(gates, 4, 1), ("input", "transform", "forget", "output"), strict=True
            )
        )
        new = self.activation(j)
        if not isinstance(self.keep, float) or self.keep < 1:
            new = dropout(new, self.keep)
        new_c: Any = c * gate(f + self.forget_bias) + gate(i) * new
        new_c = self._normalized(new_c, "state")
        new_h = self.activation(new_c) * gate(o)
        return new_h, LSTMStateTuple(new_c, new_h)


class UGRNNCell(RNNCell):
    """A cell with one gate."""

    def __init__(
        self,
        num_units: int,
        initializer: Any = None,
        forget_bias: float = 1.0,
        activation: Any = tanh,
        reuse: Any = None,
    ) -> None:
        super().__init__(_reuse=reuse)
        self.units = self.state_size = self.output_size = num_units
        self.initializer = initializer
        self.forget_bias = forget_bias
        self.activation = activation
        self._linear = Linear()

    def call(self, inputs: Any, state: Any = None, **_: Any) -> Any:
        gates = self._linear([inputs, state], 2 * self.units)
        gate_of, candidate = split(gates, 2, 1)
        found = self.activation(candidate)
        kept: Any = gate(gate_of + self.forget_bias)
        new = kept * state + (1.0 - kept) * found
        return new, new


class CoupledInputForgetGateLSTMCell(RNNCell):
    """A long short-term memory that takes in as much as it forgets."""

    def __init__(
        self,
        num_units: int,
        use_peepholes: bool = False,
        initializer: Any = None,
        num_proj: Any = None,
        proj_clip: Any = None,
        num_unit_shards: int = 1,
        num_proj_shards: int = 1,
        forget_bias: float = 1.0,
        state_is_tuple: bool = True,
        activation: Any = tanh,
        reuse: Any = None,
        **_: Any,
    ) -> None:
        super().__init__(_reuse=reuse)
        self.units = num_units
        self.output_size = num_proj or num_units
        self.state_size = LSTMStateTuple(num_units, self.output_size)
        self.peeps, self.initializer = use_peepholes, initializer
        self.projects, self.forget_bias, self.activation = num_proj, forget_bias, activation

    def call(self, inputs: Any, state: Any = None, **_: Any) -> Any:
        c, h = state
        kind, start = inputs.dtype, self.initializer
        rows = depth_of(inputs.shape) + self.output_size
        kernel = get_variable("kernel", [rows, 3 * self.units], kind, start)
        bias = get_variable("bias", [3 * self.units], kind, zeros_initializer())
        gates = bias_add(matmul(concat([inputs, h], 1), kernel), bias)
        j, f, o = split(gates, 3, 1)
        if self.peeps:
            f = f + get_variable("w_f_diag", [self.units], kind, start) * c
        kept: Any = gate(f + self.forget_bias)
        new_c = kept * c + (1 - kept) * self.activation(j)
        if self.peeps:
            o = o + get_variable("w_o_diag", [self.units], kind, start) * new_c
        new_h: Any = gate(o) * self.activation(new_c)
        if self.projects:
            sizes = [self.units, self.projects]
            new_h = matmul(new_h, get_variable("projection/kernel", sizes, kind, start))
        return new_h, LSTMStateTuple(new_c, new_h)


class NASCell(RNNCell):
    """The cell that a search for cells found."""

    def __init__(
        self,
        num_units: int,
        num_proj: Any = None,
        use_bias: bool = False,
        reuse: Any = None,
        **_: Any,
    ) -> None:
        super().__init__(_reuse=reuse)
        self.units, self.projects, self.uses_bias = num_units, num_proj, use_bias
        self.output_size = num_proj or num_units
        self.state_size = LSTMStateTuple(num_units, self.output_size)

    def call(self, inputs: Any, state: Any = None, **_: Any) -> Any:
        c, m = state
        kind, width = inputs.dtype, 8 * self.units
        recurrent = get_variable("recurrent_kernel", [self.output_size, width], kind)
        given = get_variable("kernel", [depth_of(inputs.shape), width], kind)
        of_state, of_inputs = matmul(m, recurrent), matmul(inputs, given)
        if self.uses_bias:
            of_state = bias_add(of_state, get_variable("bias", [width], kind, zeros_initializer()))
        pairs = list(zip(split(of_inputs, 8, 1), split(of_state, 8, 1), strict=True))

        def sum_of(place: int) -> Any:
            one, other = pairs[place]
            return one + other

        def product_of(place: int) -> Any:
            one, other = pairs[place]
            return one * other

        relu = apply
        first = [
            gate(sum_of(0)),
            relu("Relu", sum_of(1)),
            gate(sum_of(2)),
            relu("Relu", product_of(3)),
            tanh(sum_of(4)),
            gate(sum_of(5)),
            tanh(sum_of(6)),
            gate(sum_of(7)),
        ]
        second: list[Any] = [
            tanh(first[0] * first[1]),
            tanh(first[2] + first[3]),
            tanh(first[4] * first[5]),
            gate(first[6] + first[7]),
        ]
        second[0] = tanh(second[0] + c)
        new_c = second[0] * second[1]
        new_m: Any = tanh(new_c * tanh(second[2] + second[3]))
        if self.projects:
            weights = get_variable("projection_weights", [self.units, self.projects], kind)
            new_m = matmul(new_m, weights)
        return new_m, LSTMStateTuple(new_c, new_m)


class ConvLSTMCell(RNNCell):
    """A long short-term memory of pictures."""

    def __init__(
        self,
        conv_ndims: int,
        input_shape: Any,
        output_channels: int,
        kernel_shape: Any,
        use_bias: bool = True,
        skip_connection: bool = False,
        forget_bias: float = 1.0,
        initializers: Any = None,
        name: str = "conv_lstm_cell",
    ) -> None:
        super().__init__(name=name)
        self.channels, self.kernel_shape = output_channels, list(kernel_shape)
        self.uses_bias, self.skips = use_bias, skip_connection
        self.forget_bias = forget_bias
        sizes = list(input_shape)[:-1]
        of_state = TensorShape([*sizes, output_channels])
        total = output_channels + (input_shape[-1] if skip_connection else 0)
        self.output_size = TensorShape([*sizes, total])
        self.state_size = LSTMStateTuple(of_state, of_state)

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        from scopecli.dryrun.ops.filled import zeros

        sizes = [batch_size, *self.state_size.c.as_list()]
        return LSTMStateTuple(zeros(sizes, dtype), zeros(sizes, dtype))

    def call(self, inputs: Any, state: Any = None, **_: Any) -> Any:
        c, h = state
        together = concat([inputs, h], len(inputs.dims) - 1)
        depth, width = depth_of(together.shape), 4 * self.channels
        kernel = get_variable("kernel", [*self.kernel_shape, depth, width], inputs.dtype)
        gates: Any = convolution(together, kernel, "SAME")
        if self.uses_bias:
            zero = constant_initializer(0.0)
            gates = gates + get_variable("biases", [width], inputs.dtype, zero)
        i, j, f, o = split(gates, 4, len(inputs.dims) - 1)
        new_c: Any = gate(f + self.forget_bias) * c
        new_c = new_c + gate(i) * tanh(j)
        output: Any = tanh(new_c) * gate(o)
        new = LSTMStateTuple(new_c, output)
        if self.skips:
            output = concat([output, inputs], len(inputs.dims) - 1)
        return output, new


def _of_axes(count: int) -> Any:
    def make(name: str = f"conv_{count}d_lstm_cell", **options: Any) -> ConvLSTMCell:
        return ConvLSTMCell(count, name=name, **options)

    return make


Conv1DLSTMCell, Conv2DLSTMCell, Conv3DLSTMCell = _of_axes(1), _of_axes(2), _of_axes(3)
