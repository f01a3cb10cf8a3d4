"""Cells that are long short-term memories."""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.layers.checking import activation_of
from scopecli.dryrun.nn.activations import bias_add
from scopecli.dryrun.nn.rnn_cell.base import LayerCell, depth_of, gate, tanh
from scopecli.dryrun.ops.applying import apply
from scopecli.dryrun.ops.arithmetic import add, clip_by_value
from scopecli.dryrun.ops.arrays import concat, split
from scopecli.dryrun.ops.constants import constant
from scopecli.dryrun.ops.indexing import slice
from scopecli.dryrun.ops.products import matmul
from scopecli.dryrun.variables.initializers import zeros_initializer
from scopecli.dryrun.variables.partition import fixed_size_partitioner
from scopecli.dryrun.variables.scope import get_variable_scope
from scopecli.model.records import NamedTuple


class LSTMStateTuple(NamedTuple):
    """The state of a long short-term memory.

    Attributes:
        c: what it remembers.
        h: what it gave last.
    """

    c: Any
    h: Any


class BasicLSTMCell(LayerCell):
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
        self.activation = activation_of(activation) or tanh
        self.kernel: Any = None
        self.bias: Any = None

    def build(self, input_shape: Any) -> None:
        depth, units = depth_of(input_shape), self.units
        sizes = [depth + units, 4 * units]
        self.kernel = self.add_weight("kernel", sizes)
        self.bias = self.add_weight("bias", [4 * units], initializer=zeros_initializer())

    def call(self, inputs: Any, state: Any = None, **_: Any) -> Any:
        one = constant(1, "int32")
        c, h = state if self.state_is_tuple else split(state, 2, one)
        gates = bias_add(matmul(concat([inputs, h], 1), self.kernel), self.bias)
        i, j, f, o = split(gates, 4, one)
        forget = constant(self.forget_bias, f.dtype)
        kept = apply("Mul", c, gate(add(f, forget)))
        new_c = add(kept, apply("Mul", gate(i), self.activation(j)))
        new_h = apply("Mul", self.activation(new_c), gate(o))
        if self.state_is_tuple:
            return new_h, LSTMStateTuple(new_c, new_h)
        return new_h, concat([new_c, new_h], 1)


class LSTMCell(LayerCell):
    """A long short-term memory with peepholes, clipping and a projection, where they are wanted."""

    def __init__(
        self,
        num_units: int,
        use_peepholes: bool = False,
        cell_clip: Any = None,
        initializer: Any = None,
        num_proj: Any = None,
        proj_clip: Any = None,
        num_unit_shards: Any = None,
        num_proj_shards: Any = None,
        forget_bias: float = 1.0,
        state_is_tuple: bool = True,
        activation: Any = None,
        reuse: Any = None,
        name: Any = None,
        dtype: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(_reuse=reuse, name=name, dtype=dtype, **options)
        self.units = num_units
        self.output_size = num_proj or num_units
        self.state_is_tuple = state_is_tuple
        both = LSTMStateTuple(num_units, self.output_size)
        self.state_size = both if state_is_tuple else sum(both)
        self.forget_bias = forget_bias
        self.clips = (cell_clip, proj_clip)
        self.projects = num_proj is not None
        self.peeps = use_peepholes
        self.initializer = initializer
        self.shards = num_unit_shards, num_proj_shards
        self.activation = activation_of(activation) or tanh
        self.kernel: Any = None
        self.bias: Any = None
        self.projection: Any = None
        self.peepholes: dict[str, Any] = {}

    def build(self, input_shape: Any) -> None:
        rows, units, initializer = depth_of(input_shape), self.units, self.initializer
        sizes = [rows + self.output_size, 4 * units]
        self.kernel = self._in_parts("kernel", sizes, self.shards[0])
        self.bias = self.add_weight("bias", [4 * units], initializer=zeros_initializer())
        for letter in "fio" if self.peeps else "":
            self.peepholes[letter] = self.add_weight(
                f"w_{letter}_diag", [units], initializer=initializer
            )
        if self.projects:
            sizes = [units, self.output_size]
            self.projection = self._in_parts("projection/kernel", sizes, self.shards[1])

    def _in_parts(self, name: str, sizes: list[int], shards: Any) -> Any:
        """A matrix that may be cut into parts."""
        scope = get_variable_scope()
        before = scope.partitioner
        if shards is not None:
            scope.partitioner = fixed_size_partitioner(shards)
        try:
            return self.add_weight(name, sizes, initializer=self.initializer)
        finally:
            scope.partitioner = before

    def call(self, inputs: Any, state: Any = None, **_: Any) -> Any:
        if self.state_is_tuple:
            c, h = state
        else:
            c = slice(state, [0, 0], [-1, self.units])
            h = slice(state, [0, self.units], [-1, self.output_size])
        gates = bias_add(matmul(concat([inputs, h], 1), self.kernel), self.bias)
        i, j, f, o = split(gates, 4, axis=1)
        forget = self._peeped("f", f + self.forget_bias, c)
        kept = gate(forget) * c
        new_c: Any = kept + gate(self._peeped("i", i, c)) * self.activation(j)
        new_c = _clipped(new_c, self.clips[0])
        new_h: Any = gate(self._peeped("o", o, new_c)) * self.activation(new_c)
        if self.projects:
            new_h = _clipped(matmul(new_h, self.projection), self.clips[1])
        if self.state_is_tuple:
            return new_h, LSTMStateTuple(new_c, new_h)
        return new_h, concat([new_c, new_h], 1)

    def _peeped(self, letter: str, value: Any, memory: Any) -> Any:
        """A gate that sees the memory, too."""
        return value + self.peepholes[letter] * memory if self.peeps else value


def _clipped(value: Any, bound: Any) -> Any:
    return value if bound is None else clip_by_value(value, -bound, bound)
