"""Cells around other cells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.nodes import Tensor
from scopecli.dryrun.graph.scopes import device, name_scope
from scopecli.dryrun.nn.activations import dropout
from scopecli.dryrun.nn.rnn_cell.base import RNNCell
from scopecli.dryrun.nn.rnn_cell.lstm import LSTMStateTuple
from scopecli.dryrun.ops.applying import apply, convert_to_tensor
from scopecli.dryrun.ops.arithmetic import divide
from scopecli.dryrun.ops.arrays import concat
from scopecli.dryrun.ops.constant_values import constant_value
from scopecli.dryrun.random import random_uniform
from scopecli.dryrun.values.shapes import TensorShape
from scopecli.dryrun.values.structures import flattened, repacked
from scopecli.dryrun.variables.opening import variable_scope

if TYPE_CHECKING:
    from collections.abc import Iterator


class MultiRNNCell(RNNCell):
    """Several cells, each on top of the one before.

    Raises:
        ValueError: there is no cell.
        TypeError: they are in no list.
    """

    def __init__(self, cells: Any, state_is_tuple: bool = True) -> None:
        super().__init__()
        if not cells:
            raise ValueError("Must specify at least one cell for MultiRNNCell.")
        if not isinstance(cells, (list, tuple)):
            raise TypeError(f"cells must be a list or tuple, but received: {cells}.")
        self.cells = list(cells)
        self.state_is_tuple = state_is_tuple
        sizes = tuple(cell.state_size for cell in self.cells)
        if not state_is_tuple and any(isinstance(size, tuple) for size in sizes):
            raise ValueError(
                "Some cells return tuples of states, but the flag state_is_tuple is not set. State "
                f"sizes are: {list(sizes)}"
            )
        self.state_size = sizes if state_is_tuple else sum(sizes)
        self.output_size = self.cells[-1].output_size

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        with name_scope(type(self).__name__ + "ZeroState"):
            if not self.state_is_tuple:
                return super().zero_state(batch_size, dtype)
            return tuple(cell.zero_state(batch_size, dtype) for cell in self.cells)

    def call(self, inputs: Any, state: Any = None, **_: Any) -> Any:
        states = []
        start = 0
        for number, cell in enumerate(self.cells):
            with variable_scope(f"cell_{number}"):
                if self.state_is_tuple:
                    before = state[number]
                else:
                    before = apply("Slice", state, [0, start], [-1, cell.state_size])
                    start += cell.state_size
                inputs, after = cell(inputs, before)
                states.append(after)
        return inputs, (tuple(states) if self.state_is_tuple else concat(states, 1))


class _Wrapper(RNNCell):
    """A cell around another."""

    def __init__(self, cell: Any) -> None:
        super().__init__()
        self.cell = cell
        self.state_size, self.output_size = cell.state_size, cell.output_size

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        with name_scope(type(self).__name__ + "ZeroState"):
            return self.cell.zero_state(batch_size, dtype)


class DropoutWrapper(_Wrapper):
    """A cell some of whose inputs, states and outputs become zero.

    Raises:
        ValueError: a share is none.
    """

    def __init__(
        self,
        cell: Any,
        input_keep_prob: Any = 1.0,
        output_keep_prob: Any = 1.0,
        state_keep_prob: Any = 1.0,
        variational_recurrent: bool = False,
        input_size: Any = None,
        dtype: Any = None,
        *_: Any,
        **__: Any,
    ) -> None:
        super().__init__(cell)
        shares = {
            "input_keep_prob": input_keep_prob,
            "state_keep_prob": state_keep_prob,
            "output_keep_prob": output_keep_prob,
        }
        self.keep: list[Any] = []
        with name_scope("DropoutWrapperInit"):
            for name, share in shares.items():
                tensor = convert_to_tensor(share)
                value = constant_value(tensor)
                if value is not None and not 0 <= value <= 1:
                    raise ValueError(f"Parameter {name} must be between 0 and 1. Received {value}")
                self.keep.append(tensor if value is None else float(value))
        # What decides in every step, of the input, each part of the state, and the output.
        self.noise: tuple[Any, list[Any], Any] = (None, [], None)
        if variational_recurrent:
            self.noise = self._made_noise(input_size, dtype)

    def _made_noise(self, input_size: Any, dtype: Any) -> tuple[Any, list[Any], Any]:
        if dtype is None:
            raise ValueError("When variational_recurrent=True, dtype must be provided")
        given = None
        if _drops(self.keep[0]):
            if input_size is None:
                raise ValueError(
                    "When variational_recurrent=True and input_keep_prob < 1.0 or is unknown, "
                    "input_size must be provided"
                )
            given = _noise(input_size, dtype)
        parts = [_noise(size, dtype) for size in flattened(self.cell.state_size)]
        return given, parts, _noise(self.cell.output_size, dtype)

    def __call__(self, inputs: Any, state: Any = None, scope: Any = None, **_: Any) -> Any:
        before, between, behind = self.keep
        inputs = _dropped(inputs, before, self.noise[0])
        output, new = self.cell(inputs, state, scope=scope)
        if _drops(between):
            new = _dropped_state(new, between, iter(self.noise[1]))
        return _dropped(output, behind, self.noise[2]), new


def _noise(size: Any, dtype: Any) -> Tensor:
    """Random numbers that are the same for every row of a batch."""
    return random_uniform(concat([[1], TensorShape(size).as_list()], 0), dtype=dtype)


def _drops(keep: Any) -> bool:
    return isinstance(keep, Tensor) or keep < 1


def _dropped(tensor: Any, keep: Any, noise: Any) -> Any:
    if not _drops(keep):
        return tensor
    if noise is None:
        return dropout(tensor, rate=1.0 - keep)
    kept = apply("Floor", keep + noise)
    found: Any = divide(tensor, keep) * kept
    found.set_shape(tensor.shape)
    return found


def _dropped_state(state: Any, keep: Any, noises: Iterator[Any]) -> Any:
    """A state with zeros in it; what a cell remembers is left as it is."""
    if isinstance(state, LSTMStateTuple):
        next(noises, None)
        return LSTMStateTuple(state.c, _dropped(state.h, keep, next(noises, None)))
    if isinstance(state, tuple):
        return tuple(_dropped_state(part, keep, noises) for part in state)
    return _dropped(state, keep, next(noises, None))


class ResidualWrapper(_Wrapper):
    """A cell whose inputs are added to its outputs."""

    def __init__(self, cell: Any, residual_fn: Any = None) -> None:
        super().__init__(cell)
        self.residual_fn = residual_fn

    def __call__(self, inputs: Any, state: Any = None, scope: Any = None, **_: Any) -> Any:
        output, new = self.cell(inputs, state, scope=scope)
        if self.residual_fn is not None:
            return self.residual_fn(inputs, output), new
        pairs = zip(flattened(inputs), flattened(output), strict=True)
        return repacked(output, [a + b for a, b in pairs]), new


class DeviceWrapper(_Wrapper):
    """A cell that runs somewhere else."""

    def __init__(self, cell: Any, device: Any) -> None:
        super().__init__(cell)
        self.device = device

    def __call__(self, inputs: Any, state: Any = None, scope: Any = None, **_: Any) -> Any:
        with device(self.device):
            return self.cell(inputs, state, scope=scope)
