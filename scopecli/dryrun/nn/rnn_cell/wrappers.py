"""Cells around other cells."""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.graph.nodes import Tensor
from scopecli.dryrun.graph.scopes import name_scope
from scopecli.dryrun.nn.activations import dropout
from scopecli.dryrun.nn.rnn_cell.base import RNNCell
from scopecli.dryrun.nn.rnn_cell.lstm import LSTMStateTuple
from scopecli.dryrun.ops.applying import convert_to_tensor
from scopecli.dryrun.variables.opening import variable_scope


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
    """A cell some of whose inputs, outputs and states become zero."""

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
        self.keep = (input_keep_prob, state_keep_prob, output_keep_prob)
        self.state_size, self.output_size = cell.state_size, cell.output_size
        with name_scope("DropoutWrapperInit"):
            for probability in self.keep:
                convert_to_tensor(probability)  # looks whether it is a constant

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        with name_scope(type(self).__name__ + "ZeroState"):
            return self.cell.zero_state(batch_size, dtype)

    def __call__(self, inputs: Any, state: Any = None, scope: Any = None, **_: Any) -> Any:
        before, between, behind = self.keep
        output, new = self.cell(_dropped(inputs, before), state, scope=scope)
        new = _dropped(new, between)
        return _dropped(output, behind), new


def _dropped(value: Any, keep: Any) -> Any:
    """Dropout; what a long short-term memory remembers is kept."""
    if not isinstance(keep, Tensor) and keep >= 1:
        return value
    if isinstance(value, LSTMStateTuple):
        return LSTMStateTuple(value.c, _dropped(value.h, keep))
    if isinstance(value, tuple):
        return tuple(_dropped(item, keep) for item in value)
    return dropout(value, keep)
