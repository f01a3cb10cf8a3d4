"""Cells that are one operation a step.

https://github.com/tensorflow/tensorflow/blob/v1.15.5/tensorflow/contrib/rnn/python/ops/lstm_ops.py
"""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.layers.base import Layer
from scopecli.dryrun.nn.rnn_cell.base import LayerCell, depth_of
from scopecli.dryrun.nn.rnn_cell.lstm import LSTMStateTuple
from scopecli.dryrun.ops.applying import apply_op
from scopecli.dryrun.ops.arrays import shape, stack, unstack
from scopecli.dryrun.ops.filled import zeros
from scopecli.dryrun.values.dtypes import int64
from scopecli.dryrun.variables.initializers import constant_initializer, zeros_initializer


class LSTMBlockCell(LayerCell):
    """A long short-term memory as one operation."""

    def __init__(
        self,
        num_units: int,
        forget_bias: float = 1.0,
        cell_clip: Any = None,
        use_peephole: bool = False,
        dtype: Any = None,
        reuse: Any = None,
        name: str = "lstm_cell",
    ) -> None:
        super().__init__(_reuse=reuse, dtype=dtype, name=name)
        self.units = self.output_size = num_units
        self.state_size = LSTMStateTuple(num_units, num_units)
        self.peeps = use_peephole
        self.weights_of: tuple[Any, ...] = ()

    def build(self, input_shape: Any) -> None:
        self.weights_of = _lstm_weights(self, depth_of(input_shape), self.units, self.peeps)

    def call(self, inputs: Any, state: Any = None, **_: Any) -> Any:
        c, h = state
        kernel, bias, *peeps = self.weights_of
        op = apply_op("LSTMBlockCell", inputs, c, h, kernel, *peeps, bias)
        return op.outputs[6], LSTMStateTuple(op.outputs[1], op.outputs[6])


def _lstm_weights(layer: Any, depth: int, units: int, peeps: bool) -> tuple[Any, ...]:
    """Kernel and bias, and what looks at the state."""
    kernel = layer.add_weight("kernel", [depth + units, 4 * units])
    zero = constant_initializer(0.0)
    bias = layer.add_weight("bias", [4 * units], initializer=zero)
    if peeps:
        names = ("w_i_diag", "w_f_diag", "w_o_diag")
        return kernel, bias, *(layer.add_weight(name, [units]) for name in names)
    return kernel, bias, *([zeros([units], layer.dtype)] * 3)


class LSTMBlockFusedCell(Layer):
    """A long short-term memory of all steps as one operation."""

    def __init__(
        self,
        num_units: int,
        forget_bias: float = 1.0,
        cell_clip: Any = None,
        use_peephole: bool = False,
        reuse: Any = None,
        dtype: Any = None,
        name: str = "lstm_fused_cell",
    ) -> None:
        super().__init__(_reuse=reuse, dtype=dtype, name=name)
        self.units, self.peeps = num_units, use_peephole
        self.num_units = num_units
        self.weights_of: tuple[Any, ...] = ()

    def build(self, input_shape: Any) -> None:
        self.weights_of = _lstm_weights(self, depth_of(input_shape), self.units, self.peeps)

    def call(
        self,
        inputs: Any,
        initial_state: Any = None,
        dtype: Any = None,
        sequence_length: Any = None,
        **_: Any,
    ) -> Any:
        sizes: Any = shape(inputs)
        if initial_state is None:
            empty = zeros(stack([sizes[1], self.units]), inputs.dtype)
            initial_state = (empty, empty)
        steps: Any = sizes[0] if sequence_length is None else sequence_length
        kernel, bias, *peeps = self.weights_of
        steps = apply_op("Cast", steps, DstT=int64).outputs[0]
        given = (steps, inputs, *initial_state, kernel, *peeps, bias)
        op = apply_op("BlockLSTM", *given)
        outputs, states = op.outputs[6], op.outputs[1]
        last = [
            unstack(values)[-1] if values.dims and values.dims[0] else values[-1]
            for values in (states, outputs)
        ]
        return outputs, LSTMStateTuple(*last)


class GRUBlockCell(LayerCell):
    """A gated recurrent unit as one operation."""

    names = ("w_ru", "b_ru", "w_c", "b_c")

    def __init__(
        self,
        num_units: Any = None,
        cell_size: Any = None,
        reuse: Any = None,
        name: str = "gru_cell",
    ) -> None:
        super().__init__(_reuse=reuse, name=name)
        self.units = self.state_size = self.output_size = num_units or cell_size
        self.weights_of: tuple[Any, ...] = ()

    def build(self, input_shape: Any) -> None:
        rows, units = depth_of(input_shape) + self.units, self.units
        gates, gate_bias, candidate, bias = self.names
        one, zero = constant_initializer(1.0), zeros_initializer()
        self.weights_of = (
            self.add_weight(gates, [rows, 2 * units]),
            self.add_weight(gate_bias, [2 * units], initializer=one),
            self.add_weight(candidate, [rows, units]),
            self.add_weight(bias, [units], initializer=zero),
        )

    def call(self, inputs: Any, state: Any = None, **_: Any) -> Any:
        gates, gate_bias, candidate, bias = self.weights_of
        op = apply_op("GRUBlockCell", inputs, state, gates, candidate, gate_bias, bias)
        return op.outputs[3], op.outputs[3]


class GRUBlockCellV2(GRUBlockCell):
    """The same, with the variables of a gated recurrent unit."""

    names = ("gates/kernel", "gates/bias", "candidate/kernel", "candidate/bias")
