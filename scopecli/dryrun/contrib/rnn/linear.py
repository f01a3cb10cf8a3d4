"""Products with variables that are called `kernel` and `bias`, made in the scope that is open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.nn.activations import bias_add
from scopecli.dryrun.nn.rnn_cell.base import depth_of
from scopecli.dryrun.ops.arrays import concat
from scopecli.dryrun.ops.products import matmul
from scopecli.dryrun.variables.getting import get_variable
from scopecli.dryrun.variables.initializers import constant_initializer

if TYPE_CHECKING:
    from scopecli.dryrun.graph.nodes import Tensor


class Linear:
    """A product whose variables are made when the first inputs are seen."""

    def __init__(self) -> None:
        self._made: tuple[Any, Any] | None = None

    def __call__(self, inputs: list[Any], units: int, bias: Any = 0.0) -> Tensor:
        if self._made is None:
            rows = sum(depth_of(tensor.shape) for tensor in inputs)
            kind = inputs[0].dtype
            kernel = get_variable("kernel", [rows, units], kind)
            start = constant_initializer(bias)
            self._made = kernel, get_variable("bias", [units], kind, start)
        kernel, offset = self._made
        together = inputs[0] if len(inputs) == 1 else concat(inputs, 1)
        return bias_add(matmul(together, kernel), offset)
